"""How much two shapes cover of each other: the share that both have of what either has (IoU, 0-1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from labelprep.model.annotation import Kind
from labelprep.model.geometry import box_of, box_of_circle

if TYPE_CHECKING:
    from collections.abc import Iterator

AROUND_A_CIRCLE = 64
NEAR_PX = 1.0
MOST_CORNERS = 500
TALLEST_PX = 1 << 40

Point = Sequence[float]


def same_place(kind: Kind, one: Any, other: Any, least: float) -> bool:  # noqa: ANN401 - geometry by kind
    """Tell whether two shapes of one kind overlap by at least a share.

    Boxes, circles, rotated boxes and polygons by their areas (polygons of more than 500 corners by the boxes
    around them); masks by their pixels; lines and points where each lies within a pixel of its like.
    """
    if kind in {Kind.POINTS, Kind.POLYLINE}:
        return len(one) == len(other) and all(
            math.dist(a, b) <= NEAR_PX for a, b in zip(one, other, strict=True)
        )
    if kind is Kind.MASK:
        return mask_overlap(one, other) >= least
    if box_overlap(around(kind, one), around(kind, other)) < least / 2:
        return False
    mine, others = outline(kind, one), outline(kind, other)
    if kind is Kind.BOX or len(mine) + len(others) > MOST_CORNERS:
        return box_overlap(around(kind, one), around(kind, other)) >= least
    return polygon_overlap(mine, others) >= least


def around(kind: Kind, geometry: Any) -> list[float]:  # noqa: ANN401 - by kind
    """Return the upright box ``[left, top, right, bottom]`` around a shape that is no mask."""
    if kind is Kind.BOX:
        return list(geometry)
    return box_of_circle(*geometry) if kind is Kind.CIRCLE else box_of(geometry)


def outline(kind: Kind, geometry: Any) -> list[Point]:  # noqa: ANN401 - by kind
    """Return the corners of a shape; a circle as a polygon of 64."""
    if kind is Kind.BOX:
        left, top, right, bottom = geometry
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    if kind is not Kind.CIRCLE:
        return list(geometry)
    x, y, radius = geometry
    turns = (2 * math.pi * at / AROUND_A_CIRCLE for at in range(AROUND_A_CIRCLE))
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def box_overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the overlap of two upright boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 1.0 if list(one) == list(other) else 0.0
    shared = width * height
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (both - shared)


def polygon_overlap(one: Sequence[Point], other: Sequence[Point]) -> float:
    """Return the overlap of two polygons of any form, by the even-odd rule.

    Between two heights at which anything bends or crosses, every edge is straight and in the same order: the
    covered lengths at the middle, times the height of the strip, are the areas exactly.
    """
    heights = sorted({float(point[1]) for point in (*one, *other)} | set(_crossings(one, other)))
    shared = either = 0.0
    for top, bottom in pairwise(heights):
        middle = (top + bottom) / 2
        mine, others = _spans(one, middle), _spans(other, middle)
        own = sum(right - left for left, right in (*mine, *others))
        common = sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in mine for b in others)
        shared += common * (bottom - top)
        either += (own - common) * (bottom - top)
    return shared / either if either > 0 else float(list(map(tuple, one)) == list(map(tuple, other)))


def _edges(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(points, [*points[1:], points[0]], strict=True))


def _crossings(one: Sequence[Point], other: Sequence[Point]) -> list[float]:
    """Return the heights at which two edges cross, of the same polygon or of both."""
    edges = [*_edges(one), *_edges(other)]
    found = []
    for at, (a, b) in enumerate(edges):
        for c, d in edges[at + 1 :]:
            dx, dy, ex, ey = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
            turned = dx * ey - dy * ex
            if turned == 0:
                continue
            share = ((c[0] - a[0]) * ey - (c[1] - a[1]) * ex) / turned
            along = ((c[0] - a[0]) * dy - (c[1] - a[1]) * dx) / turned
            if 0 < share < 1 and 0 < along < 1:
                found.append(a[1] + share * dy)
    return found


def _spans(points: Sequence[Point], height: float) -> list[tuple[float, float]]:
    """Return the parts (left, right) of a line at a height that lie inside, left to right."""
    cuts = sorted(
        a[0] + (height - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
        for a, b in _edges(points)
        if min(a[1], b[1]) < height < max(a[1], b[1])
    )
    return list(zip(cuts[::2], cuts[1::2], strict=False))


def mask_overlap(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the overlap of two masks, by their pixels."""
    mine, others = list(_columns(one)), list(_columns(other))
    total = sum(end - start for start, end in (*mine, *others))
    shared = at = 0
    for start, end in mine:
        while at < len(others) and others[at][1] <= start:
            at += 1
        ahead = at
        while ahead < len(others) and others[ahead][0] < end:
            shared += min(end, others[ahead][1]) - max(start, others[ahead][0])
            ahead += 1
    return shared / (total - shared) if total > shared else float(one == other)


def _columns(mask: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield the parts (start, end) of the picture's columns that a mask covers, the columns end to end."""
    _, height = mask["size_wh"]
    left, top = mask["offset"]
    at = 0
    for number, run in enumerate(mask["counts"]):
        end = at + run
        while number % 2 and at < end:
            column, row = divmod(at, height)
            length = min(end - at, height - row)
            start = (left + column) * TALLEST_PX + top + row
            yield start, start + length
            at += length
        at = end
