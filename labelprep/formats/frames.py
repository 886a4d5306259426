"""From the frame that a source drew its shapes in to the upright picture.

::

    EXIF orientation   1      2      3      4      5      6      7      8
    stored row 0 is    top    top    bottom bottom left   right  right  left
    stored column 0 is left   right  right  left   top    top    bottom bottom

A tool that ignores EXIF draws on the stored picture (the frame ``raw``), others on the upright one.

Source: CIPA DC-008 (EXIF), tag 0x0112.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.model.annotation import Annotation, Kind
from labelprep.model.geometry import box_of, mask_counts, mask_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

FRAMES: Final = ("raw", "upright")
ON_ITS_SIDE: Final = frozenset({5, 6, 7, 8})
ROUNDING_PX: Final = 1.0
"""So far out of the picture a shape may be by rounding, or by counting pixels from 1."""

Size = tuple[int, int]


def stored_size(upright_wh: Size, orientation: int) -> Size:
    """Return the (width, height) of the stored picture."""
    width, height = upright_wh
    return (height, width) if orientation in ON_ITS_SIDE else (width, height)


def upright_point(point: Sequence[float], orientation: int, stored_wh: Size) -> list[float]:
    """Return where a point (x, y) of the stored picture lies in the upright one."""
    x, y = point
    width, height = stored_wh
    if orientation in {2, 3, 7, 8}:
        x = width - x
    if orientation in {3, 4, 6, 7}:
        y = height - y
    return [y, x] if orientation in ON_ITS_SIDE else [x, y]


def upright(item: Annotation, orientation: int, stored_wh: Size) -> Annotation:
    """Return a shape drawn on the stored picture as one on the upright picture."""
    if item.geometry is None or orientation == 1:
        return item
    return replace(item, geometry=_turned(item.kind, item.geometry, orientation, stored_wh))


def _turned(kind: Kind, geometry: Any, orientation: int, stored_wh: Size) -> Any:  # noqa: ANN401 - by kind
    if kind is Kind.MASK:
        return _turned_mask(geometry, orientation, stored_wh)
    if kind is Kind.CIRCLE:
        return [*upright_point(geometry[:2], orientation, stored_wh), geometry[2]]
    if kind is Kind.BOX:
        ends = (geometry[:2], geometry[2:])
        return box_of([upright_point(end, orientation, stored_wh) for end in ends])
    return [upright_point(point, orientation, stored_wh) for point in geometry]


def _turned_mask(mask: dict[str, Any], orientation: int, stored_wh: Size) -> dict[str, Any]:
    width, height = mask["size_wh"]
    left, top = mask["offset"]
    pixels = np.frombuffer(mask_rows(mask["counts"], (width, height)), np.uint8).reshape(height, width)
    if orientation in {2, 3, 7, 8}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 6, 7}:
        pixels = pixels[::-1]
    if orientation in ON_ITS_SIDE:
        pixels = pixels.T
    corners = ((left, top), (left + width, top + height))
    start = box_of([upright_point(corner, orientation, stored_wh) for corner in corners])[:2]
    size = (pixels.shape[1], pixels.shape[0])
    offset = [int(value) if float(value).is_integer() else value for value in start]
    return {"size_wh": list(size), "offset": offset, "counts": mask_counts(pixels.tobytes(), size)}


@dataclass(frozen=True, slots=True)
class Bounded:
    """A shape held against the picture: ``over_px`` is how far it reached out of it before."""

    item: Annotation
    over_px: float


def bounded(item: Annotation, size_wh: Size) -> Bounded:
    """Return a shape, cut to the picture where it reaches out by no more than rounding.

    Rotated boxes, circles and masks stay as they are: cutting would make something else of them.
    """
    if item.geometry is None:
        return Bounded(item, 0.0)
    over = _over_px(item.kind, item.geometry, size_wh)
    if not 0 < over <= ROUNDING_PX or item.kind in {Kind.ROTATED_BOX, Kind.CIRCLE, Kind.MASK}:
        return Bounded(item, over)
    width, height = size_wh
    if item.kind is Kind.BOX:
        left, top, right, bottom = item.geometry
        cut: list[Any] = [max(left, 0), max(top, 0), min(right, width), min(bottom, height)]
    else:
        cut = [[min(max(x, 0), width), min(max(y, 0), height)] for x, y in item.geometry]
    return Bounded(replace(item, geometry=cut), over)


def _over_px(kind: Kind, geometry: Any, size_wh: Size) -> float:  # noqa: ANN401 - by kind
    """Return by how many pixels a shape reaches out of a picture, 0 where it does not."""
    if kind is Kind.BOX:
        left, top, right, bottom = geometry
    elif kind is Kind.CIRCLE:
        # The rim may lie outside, as with a coin at the edge; the centre says where it is.
        left, top = right, bottom = geometry[:2]
    elif kind is Kind.MASK:
        left, top = geometry["offset"]
        right, bottom = left + geometry["size_wh"][0], top + geometry["size_wh"][1]
    elif kind is Kind.ROTATED_BOX:
        left = right = sum(point[0] for point in geometry) / len(geometry)
        top = bottom = sum(point[1] for point in geometry) / len(geometry)
    else:
        left, top, right, bottom = box_of(geometry)
    return float(max(-left, -top, right - size_wh[0], bottom - size_wh[1], 0))
