"""Each shape as a picture of its own, in a folder for its class: to train a network on what the shapes show.

::

    cat/photo_1.jpg    train/cat/photo_1.jpg     [<split>/]<class>/<stem of the image>_<number>
    dog/photo_2.jpg    train/dog/photo_2.jpg     the shapes of one image are numbered in their order
    classes.json       classes.json              which folder stands for what, see `folder_names`

Cut from the upright original at full resolution: the upright box around a shape, with ``margin`` (a share of
its longer side) on every side, as far as the picture goes. A rotated box is turned upright: its first corner
becomes the top left one, its second the top right. Crops of a JPEG are JPEG, all others PNG.

Nothing reads crops back: where they were in the image is not in them.
"""

from __future__ import annotations

import math
import posixpath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from PIL import Image

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.base import Keeps, Written, not_kept
from labelprep.formats.folder_names import Tree
from labelprep.formats.placing import Files
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.geometry import THINNEST_PX, polygon_area
from labelprep.model.overlaps import around
from labelprep.pixels.decoding import decode

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing

LARGEST_MARGIN: Final = 10.0
QUALITY: Final = 95
NO_AREA: Final = "shapes without an area in the picture"
EMPTY: Final = "images said to show nothing"

Size = tuple[int, int]
Point = tuple[float, float]
PixelBox = tuple[int, int, int, int]


class Crops:
    """Write each shape as a picture in class folders."""

    name: ClassVar[str] = "crops"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset(
        {Keeps.SPLIT, *(Keeps(kind) for kind in Kind if kind is not Kind.CLASS)}
    )

    def write(self, export: Export, target: Path) -> Written:
        """Write a picture a shape, and the list of what the folders stand for.

        Raises: UsageError for a margin that is none, and for links; SourceError where an original can no
        longer be read, or is another picture by now.
        """
        margin = _checked_margin(export.options.get("margin", 0.0))
        if export.files is not Files.COPY:
            raise UsageError(
                "crops are pictures of their own: nothing can be linked", where="--files", fix="leave it out"
            )
        splits = (item.record.split for item in export.items() if _shapes_of(item))
        tree = Tree(export.classes, has_splits=any(splits))
        target.mkdir(parents=True)
        images = crops = 0
        for item in export.items():
            shapes = _shapes_of(item)
            images += bool(shapes)
            crops += _write_shapes(item, shapes, margin, tree, target)
        tree.save(target)
        return Written(images, crops, crops + 1)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what crops cannot show of one image."""
        lost = not_kept(outgoing.record, self.keeps)
        named = sum(item.kind is not Kind.CLASS and item.label is not None for item in _all(outgoing))
        lost[NO_AREA] += named - len(_shapes_of(outgoing))
        if outgoing.is_stated and not _all(outgoing):
            lost[EMPTY] += 1
        return +lost


def _all(outgoing: Outgoing) -> Sequence[Annotation]:
    return outgoing.record.annotations


def _checked_margin(margin: object) -> float:
    if isinstance(margin, int | float) and not isinstance(margin, bool) and 0 <= margin <= LARGEST_MARGIN:
        return float(margin)
    raise UsageError(
        f"{shown(margin)} is no share between 0 and {LARGEST_MARGIN:g}",
        where="--margin",
        fix="0.1 is a tenth of the longer side",
    )


def _shapes_of(outgoing: Outgoing) -> list[Annotation]:
    """Return the shapes that have a class, and an area in the picture where its size is known."""
    size_wh = outgoing.record.size_wh
    return [
        item
        for item in _all(outgoing)
        if item.kind is not Kind.CLASS
        and item.label is not None
        and (size_wh is None or _has_area(item, size_wh))
    ]


def _has_area(item: Annotation, size_wh: Size) -> bool:
    if item.kind is not Kind.ROTATED_BOX:
        return _pixel_box(_box_of(item), size_wh) is not None
    first, second, last = _corners(item.geometry)
    if min(math.dist(first, second), math.dist(first, last)) <= THINNEST_PX:
        return False
    inside = _clipped([(x, y) for x, y in item.geometry], size_wh)
    return polygon_area(inside) > THINNEST_PX


def _write_shapes(
    outgoing: Outgoing, shapes: Sequence[Annotation], margin: float, tree: Tree, target: Path
) -> int:
    """Cut the shapes out of one original; return how many pictures that makes."""
    if not shapes:
        return 0
    record = outgoing.record
    picture, ending = _picture_of(outgoing)
    stem = posixpath.splitext(posixpath.basename(record.image))[0]
    for number, item in enumerate(shapes, start=1):
        crop = cut(picture, item, margin)
        if crop is None or item.label is None:
            raise _changed(outgoing)
        file = target / tree.place(item.label, record.split, f"{stem}_{number}{ending}")
        file.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".jpg":
            crop.save(file, "JPEG", quality=QUALITY, subsampling=0)
        else:
            crop.save(file, "PNG")
    return len(shapes)


def _picture_of(outgoing: Outgoing) -> tuple[Image.Image, str]:
    """Return the upright original and the ending that its crops get.

    Raises: SourceError where it cannot be read, or has another size than the scan saw.
    """
    try:
        found = decode(outgoing.file.read_bytes())
    except OSError as error:
        raise SourceError(
            f"it cannot be read: {error.strerror or error}", where=outgoing.record.image, fix="scan again"
        ) from error
    size_wh = (found.width_px, found.height_px)
    if found.picture is None or outgoing.record.size_wh not in {None, size_wh}:
        raise _changed(outgoing)
    return found.picture, ".jpg" if found.format == "jpeg" else ".png"


def _changed(outgoing: Outgoing) -> SourceError:
    return SourceError(
        "the file is not the one that was scanned",
        where=outgoing.record.image,
        fix="scan the folder again, then export",
    )


def cut(picture: Image.Image, item: Annotation, margin: float) -> Image.Image | None:
    """Return what a shape shows of an upright picture; None where it has no area in it."""
    if not _has_area(item, picture.size):
        return None
    if item.kind is Kind.ROTATED_BOX:
        return _straightened(picture, _corners(item.geometry), margin)
    left, top, right, bottom = _box_of(item)
    more = margin * max(right - left, bottom - top)
    return picture.crop(_pixel_box((left - more, top - more, right + more, bottom + more), picture.size))


def _box_of(item: Annotation) -> Sequence[float]:
    return _around_mask(item.geometry) if item.kind is Kind.MASK else around(item.kind, item.geometry)


def _around_mask(mask: dict[str, Any]) -> Sequence[float]:
    """Return the box around the pixels of a mask; a box without area where it has none."""
    (_, height), (left, top) = mask["size_wh"], mask["offset"]
    columns: list[int] = []
    rows: list[int] = []
    start = 0
    for number, run in enumerate(mask["counts"]):
        end = start + run
        if number % 2 and run:
            first, last = start // height, (end - 1) // height
            columns += (first, last + 1)
            # A run that goes on in the next column touches the lower edge and the upper one.
            rows += (start % height, (end - 1) % height + 1) if first == last else (0, height)
        start = end
    if not columns:
        return (left, top, left, top)
    return (left + min(columns), top + min(rows), left + max(columns), top + max(rows))


def _pixel_box(box: Sequence[float], size_wh: Size) -> PixelBox | None:
    """Return the pixels that a box touches inside a picture, None where it has no area there."""
    if min(box[2] - box[0], box[3] - box[1]) <= THINNEST_PX:
        return None
    left, top = (max(0, math.floor(value + THINNEST_PX)) for value in box[:2])
    right, bottom = (
        min(side, math.ceil(value - THINNEST_PX)) for value, side in zip(box[2:], size_wh, strict=True)
    )
    return (left, top, right, bottom) if left < right and top < bottom else None


def _corners(points: Sequence[Sequence[float]]) -> tuple[Point, Point, Point]:
    """Return the corners that become top left, top right and bottom left: never as in a mirror."""
    first, second, third, last = ((point[0], point[1]) for point in points)
    turn = (second[0] - first[0]) * (third[1] - second[1]) - (second[1] - first[1]) * (third[0] - second[0])
    return (first, second, last) if turn >= 0 else (first, last, second)


def _straightened(picture: Image.Image, corners: tuple[Point, Point, Point], margin: float) -> Image.Image:
    """Return a rotated box turned upright; what of its rectangle lies outside the picture is black."""
    (x, y), second, last = corners
    width, height = math.dist((x, y), second), math.dist((x, y), last)
    along = ((second[0] - x) / width, (second[1] - y) / width)
    down = ((last[0] - x) / height, (last[1] - y) / height)

    def point(right: float, below: float) -> Point:
        return x + right * along[0] + below * down[0], y + right * along[1] + below * down[1]

    more = margin * max(width, height)
    wide, high = width + more, height + more
    outline = [point(-more, -more), point(wide, -more), point(wide, high), point(-more, high)]
    inside = _clipped(outline, picture.size)
    left, wide = _span((px - x) * along[0] + (py - y) * along[1] for px, py in inside)
    top, high = _span((px - x) * down[0] + (py - y) * down[1] for px, py in inside)
    size = (max(1, round(wide)), max(1, round(high)))
    across, under = wide / size[0], high / size[1]
    start = point(left, top)
    matrix = (
        *(along[0] * across, down[0] * under, start[0]),
        *(along[1] * across, down[1] * under, start[1]),
    )
    return picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def _span(values: Iterable[float]) -> tuple[float, float]:
    """Return where values begin, and how far they reach."""
    ordered = sorted(values)
    return ordered[0], ordered[-1] - ordered[0]


def _clipped(points: list[Point], size_wh: Size) -> list[Point]:
    """Return the part of a convex polygon that lies in a picture; empty where none does."""
    for axis in (0, 1):
        for edge, sign in ((0, 1), (size_wh[axis], -1)):
            kept: list[Point] = []
            for before, after in zip([points[-1], *points[:-1]], points, strict=True):
                one, other = (before[axis] - edge) * sign, (after[axis] - edge) * sign
                if one * other < 0:
                    share = one / (one - other)
                    kept.append(
                        (
                            before[0] + share * (after[0] - before[0]),
                            before[1] + share * (after[1] - before[1]),
                        )
                    )
                if other >= 0:
                    kept.append(after)
            if not kept:
                return []
            points = kept
    return points
