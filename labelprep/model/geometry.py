"""Shapes as plain numbers: corners, circles, polygons and masks, in pixels, x to the right and y down.

Points are ``(x, y)``; the first pixel reaches from 0 to 1. A mask is run lengths, column by column, beginning
with background, as COCO counts them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FARTHEST_PX = 1e9
"""No coordinate of a picture is farther out: beyond it areas lose their meaning."""
THINNEST_PX = 1e-6
MOST_COMPARED = 200_000
TRIANGLE = 3
QUADRILATERAL = 4
_NUMBERS = frozenset({int, float})
RUN = re.compile(rb"\x00+|[^\x00]+")

Point = Sequence[float]
Edge = tuple[float, float, float, float, Point, Point]


def points_of(value: object) -> list[list[float]] | None:
    """Return ``[[x, y], …]`` as floats, or None where a value from a file is no list of finite numbers."""
    if type(value) is not list:
        return None
    points = []
    for point in value:
        if type(point) is not list or len(point) != 2:  # noqa: PLR2004 - x and y
            return None
        x, y = point
        if type(x) not in _NUMBERS or type(y) not in _NUMBERS:
            return None
        if not (-FARTHEST_PX <= x <= FARTHEST_PX and -FARTHEST_PX <= y <= FARTHEST_PX):
            return None
        points.append([float(x), float(y)])
    return points


def box_of(points: Iterable[Point]) -> list[float]:
    """Return ``[left, top, right, bottom]`` around points, in whatever order they come."""
    xs, ys = zip(*points, strict=True)
    return [min(xs), min(ys), max(xs), max(ys)]


def box_of_circle(x: float, y: float, radius: float) -> list[float]:
    """Return ``[left, top, right, bottom]`` around a circle."""
    return [x - radius, y - radius, x + radius, y + radius]


def are_box_corners(points: Sequence[Point]) -> bool:
    """Tell whether four points are the corners of an upright box, going round it either way."""
    if len(points) != QUADRILATERAL:
        return False
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    return (ax == bx and by == cy and cx == dx and dy == ay) or (
        ay == by and bx == cx and cy == dy and dx == ax
    )


def polygon_area(points: Sequence[Point]) -> float:
    """Return the area inside a polygon, in square pixels; parts that turn the other way count negative."""
    if len(points) < TRIANGLE:
        return 0.0
    # Relative to the first point: far from the origin the products would swallow the area.
    x0, y0 = points[0]
    doubled = 0.0
    for one, other in pairwise(points):
        doubled += (one[0] - x0) * (other[1] - y0) - (other[0] - x0) * (one[1] - y0)
    return abs(doubled) / 2


def is_flat(points: Sequence[Point]) -> bool:
    """Tell whether all points lie on one line, so that they enclose nothing."""
    x0, y0 = points[0]
    dx = dy = longest = 0.0
    for x, y in points:
        length = abs(x - x0) + abs(y - y0)
        if length > longest:
            dx, dy, longest = x - x0, y - y0, length
    thinnest = THINNEST_PX * longest
    return all(abs(dx * (y - y0) - dy * (x - x0)) <= thinnest for x, y in points)


def crosses_itself(points: Sequence[Point]) -> bool | None:
    """Tell whether two edges of a polygon cross (not merely touch).

    None where that would take too long to find out: edges are swept from left to right, which is slow for
    polygons with thousands of edges as wide as themselves.
    """
    if len(points) <= TRIANGLE:
        return False
    compared = 0
    active: list[Edge] = []
    for edge in sorted(_edges(points), key=_left):
        active = [other for other in active if other[1] > edge[0]]
        compared += len(active)
        if compared > MOST_COMPARED:
            return None
        _, _, top, bottom, one, other_end = edge
        for other in active:
            if other[2] < bottom and other[3] > top and _cross(one, other_end, other[4], other[5]):
                return True
        active.append(edge)
    return False


def _edges(points: Sequence[Point]) -> Iterator[Edge]:
    """Yield each edge as its left, right, top and bottom, and its two ends."""
    before = points[-1]
    for point in points:
        (ax, ay), (bx, by) = before, point
        left, right = (ax, bx) if ax < bx else (bx, ax)
        top, bottom = (ay, by) if ay < by else (by, ay)
        yield left, right, top, bottom, before, point
        before = point


def _left(edge: Edge) -> float:
    return edge[0]


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> int:
    """Return 1 or -1 for the side of the line a-b that c lies on, 0 where it lies on it."""
    product = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (product > 0) - (product < 0)


def radius_of(center: Point, rim: Point) -> float:
    """Return the radius of a circle given by its centre and a point on it."""
    return math.hypot(rim[0] - center[0], rim[1] - center[1])


def mask_counts(rows: bytes, size_wh: tuple[int, int]) -> list[int]:
    """Encode a mask, one byte a pixel row by row (0 is background), as run lengths column by column.

    Raises: ValueError where the bytes are not width × height.
    """
    width, height = size_wh
    if len(rows) != width * height or width < 1 or height < 1:
        raise ValueError(f"{len(rows)} bytes are not {width} × {height} pixels")
    columns = b"".join([rows[x::width] for x in range(width)])
    counts = [run.end() - run.start() for run in RUN.finditer(columns)]
    return counts if columns[0] == 0 else [0, *counts]


def mask_rows(counts: Sequence[int], size_wh: tuple[int, int]) -> bytes:
    """Decode run lengths to one byte a pixel, row by row: 0 is background, 1 is the shape.

    Raises: ValueError where the runs are not width × height pixels.
    """
    width, height = size_wh
    if width < 1 or height < 1 or sum(counts) != width * height or any(count < 0 for count in counts):
        raise ValueError(f"{len(counts)} runs do not make {width} × {height} pixels")
    columns = b"".join([bytes((at % 2,)) * count for at, count in enumerate(counts)])
    rows = bytearray(width * height)
    for x in range(width):
        rows[x::width] = columns[x * height : (x + 1) * height]
    return bytes(rows)


def mask_area(counts: Sequence[int]) -> int:
    """Return how many pixels of a mask belong to the shape."""
    return sum(counts[1::2])
