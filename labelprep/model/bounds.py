"""Shapes held against the picture they lie on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.model.annotation import Annotation, Kind
from labelprep.model.boxes import Boxes
from labelprep.model.geometry import box_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDING_PX: Final = 1.0
"""So far out of the picture a shape may be by rounding, or by counting pixels from 1."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bounded:
    """A shape held against the picture: ``over_px`` is how far it reached out of it before."""

    item: Annotation
    over_px: float


def are_inside(items: Iterable[Annotation], size_wh: Size) -> bool:
    """Tell whether none of some annotations reaches out of a picture by however little: nearly all do not."""
    width, height = size_wh
    if isinstance(items, Boxes):
        left, top, right, bottom = items.reach
        return left >= 0 and top >= 0 and right <= width and bottom <= height
    for item in items:
        geometry = item.geometry
        if geometry is None:
            continue
        if item.kind is Kind.BOX:
            left, top, right, bottom = geometry
            if left < 0 or top < 0 or right > width or bottom > height:
                return False
        elif over_px(item.kind, geometry, size_wh) > 0:
            return False
    return True


def bounded(item: Annotation, size_wh: Size) -> Bounded:
    """Return a shape, cut to the picture where it reaches out by no more than rounding.

    Rotated boxes, circles and masks stay as they are: cutting would make something else of them.
    """
    if item.geometry is None:
        return Bounded(item, 0.0)
    over = over_px(item.kind, item.geometry, size_wh)
    if not 0 < over <= ROUNDING_PX or item.kind in {Kind.ROTATED_BOX, Kind.CIRCLE, Kind.MASK}:
        return Bounded(item, over)
    width, height = size_wh
    if item.kind is Kind.BOX:
        left, top, right, bottom = item.geometry
        cut: list[Any] = [max(left, 0), max(top, 0), min(right, width), min(bottom, height)]
    else:
        cut = [[min(max(x, 0), width), min(max(y, 0), height)] for x, y in item.geometry]
    return Bounded(replace(item, geometry=cut), over)


def over_px(kind: Kind, geometry: Any, size_wh: Size) -> float:  # noqa: ANN401 - by kind
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
