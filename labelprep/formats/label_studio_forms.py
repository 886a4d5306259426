"""Shapes as Label Studio draws them: per cent of the picture's width and height, brushes as a stream of bits.

A turned box is drawn as such where its corners make one; else, and where it lies straight, as a polygon.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from labelprep.formats import framed_masks
from labelprep.formats.label_studio_brush import LARGEST_MASK_PX, stream_of
from labelprep.formats.label_studio_shapes import (
    ELLIPSE,
    POINT_WIDTH,
    SAME_RADII_PX,
    corners_of,
    ellipse_points,
)
from labelprep.model import geometry
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NEAR_PX: Final = 1e-6
_ELLIPSE_NUMBERS: Final = 5

Size = tuple[int, int]
Form = tuple[str, dict[str, Any], dict[str, Any]]
"""Form (rectangle …), value, and what it cannot say."""


def is_lost(item: Annotation, size_wh: Size | None) -> str:
    """Return the kind under which an annotation counts as lost although Label Studio has its kind."""
    if item.kind is Kind.CLASS:
        return ""
    if size_wh is None:
        return "shapes on pictures of unknown size"
    if item.kind is Kind.MASK:
        whole = _whole(item.geometry, size_wh)
        is_there = whole is not None and any(whole[1::2])
        return "" if is_there else "masks that reach out of their picture or show nothing"
    return "" if _encloses(item) else "shapes that enclose nothing"


def _encloses(item: Annotation) -> bool:
    form = item.geometry
    if item.kind is Kind.BOX:
        return bool(form[2] > form[0] and form[3] > form[1])
    if item.kind is Kind.CIRCLE:
        return bool(form[2] > 0)
    if item.kind is Kind.POLYGON:
        return len(form) >= geometry.TRIANGLE and not geometry.is_flat(form)
    return len(form) > (item.kind is Kind.POLYLINE)


def form_of(item: Annotation, size_wh: Size, point: Sequence[float] | None) -> Form:
    """Return how a shape is drawn; one point of several points."""
    form = item.geometry
    if item.kind is Kind.MASK:
        return "brush", *_brush(form, size_wh)
    if item.kind is Kind.BOX:
        return "rectangle", _rectangle(form, size_wh), {}
    if point is not None:
        x, y = _per_cent([point], size_wh)[0]
        return "keypoint", {"x": x, "y": y, "width": POINT_WIDTH}, {}
    ellipse = [*form, form[2], 0.0] if item.kind is Kind.CIRCLE else stated_ellipse(item)
    if ellipse is not None:
        return "ellipse", _ellipse(ellipse, size_wh), {}
    turned = _turned(form, size_wh) if item.kind is Kind.ROTATED_BOX else None
    if turned is not None:
        return "rectangle", turned, {}
    own = {"kind": str(item.kind)} if item.kind is Kind.ROTATED_BOX else {}
    value = {"points": _per_cent(form, size_wh), "closed": item.kind is not Kind.POLYLINE}
    return "polygon", value, own


def share(start: float, pixels: float, side: int) -> float:
    """Return how many per cent of a side lead from one place to another; reading gives the same place.

    Where no number does that exactly, it is the nearest.
    """
    best = (pixels - start) * 100 / side
    for one in (best, math.nextafter(best, math.inf), math.nextafter(best, -math.inf)):
        if start + one * side / 100 == pixels:
            return one
    return best


def _per_cent(points: Iterable[Sequence[float]], size_wh: Size) -> list[list[float]]:
    width, height = size_wh
    return [[share(0.0, x, width), share(0.0, y, height)] for x, y in points]


def _rectangle(box: Sequence[float], size_wh: Size) -> dict[str, Any]:
    width, height = size_wh
    left, top, right, bottom = box
    x, y = share(0.0, left, width), share(0.0, top, height)
    wide, high = share(x * width / 100, right, width), share(y * height / 100, bottom, height)
    return {"x": x, "y": y, "width": wide, "height": high, "rotation": 0}


def _turned(corners: Sequence[Sequence[float]], size_wh: Size) -> dict[str, Any] | None:
    """Return a turned box as it is drawn; None where corners make none, or one that lies straight."""
    (left, top), (bx, by), _, (dx, dy) = corners
    wide, high = math.hypot(bx - left, by - top), math.hypot(dx - left, dy - top)
    degrees = math.degrees(math.atan2(by - top, bx - left))
    made = corners_of(left, top, wide, high, degrees)
    apart = max(math.dist(one, other) for one, other in zip(made, corners, strict=True))
    if not apart <= NEAR_PX / 2 or wide <= 0 or high <= 0 or degrees == 0:
        return None
    width, height = size_wh
    x, y = share(0.0, left, width), share(0.0, top, height)
    sides = {"width": wide * 100 / width, "height": high * 100 / height}
    return {"x": x, "y": y, **sides, "rotation": degrees}


def _ellipse(stated: Sequence[float], size_wh: Size) -> dict[str, Any]:
    x, y, across, down, degrees = stated
    width, height = size_wh
    centre = {"x": share(0.0, x, width), "y": share(0.0, y, height)}
    radii = {"radiusX": share(0.0, across, width), "radiusY": share(0.0, down, height)}
    return {**centre, **radii, "rotation": degrees}


def stated_ellipse(item: Annotation) -> list[float] | None:
    """Return the ellipse that a polygon was read from, where it still is that; else None."""
    stated, points = item.attributes.get(ELLIPSE), item.geometry
    if item.kind is not Kind.POLYGON or not isinstance(stated, list) or len(stated) != _ELLIPSE_NUMBERS:
        return None
    if not all(type(one) in {int, float} for one in stated) or min(stated[2:4]) <= 0:
        return None
    made = ellipse_points(stated)
    is_round = abs(stated[2] - stated[3]) <= 2 * SAME_RADII_PX
    if is_round or len(made) != len(points):
        return None
    is_same = all(math.dist(one, other) <= NEAR_PX for one, other in zip(made, points, strict=True))
    return stated if is_same else None


def _whole(mask: Mapping[str, Any], size_wh: Size) -> list[int] | None:
    """Return the run lengths of a mask in the frame of its picture; None where it does not fit in."""
    own = (mask["size_wh"][0], mask["size_wh"][1])
    left, top = mask["offset"]
    if size_wh[0] * size_wh[1] > LARGEST_MASK_PX or left != int(left) or top != int(top):
        return None
    if (left, top, *own) == (0, 0, *size_wh):
        return list(mask["counts"])
    return framed_masks.moved(mask["counts"], own, size_wh, (int(left), int(top)))


def _brush(mask: Mapping[str, Any], size_wh: Size) -> tuple[dict[str, Any], dict[str, Any]]:
    counts = _whole(mask, size_wh)
    assert counts is not None  # noqa: S101 - `is_lost` has told of the others
    frame = [*map(int, mask["offset"]), *mask["size_wh"]]
    own = {} if frame == [0, 0, *size_wh] else {"frame": frame}
    return {"format": "rle", "rle": stream_of(counts, size_wh)}, own
