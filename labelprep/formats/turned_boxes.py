"""Turned boxes as centre, width, height and angle, and as corners.

Angles are in radians, clockwise as seen (y points down); the first side of the corners is the width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.model.geometry import Point

Turned = tuple[float, float, float, float, float]
"""Centre x and y, width, height, angle."""


def corners_of(turned: Turned) -> list[list[float]]:
    """Return the corners of a turned box, beginning with what was top left, clockwise."""
    cx, cy, width, height, angle = turned
    cosine, sine = math.cos(angle), math.sin(angle)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        [cx + (x * width * cosine - y * height * sine) / 2, cy + (x * width * sine + y * height * cosine) / 2]
        for x, y in signs
    ]


def turned_of(corners: Sequence[Point]) -> Turned:
    """Return the turned box of four corners; where they make no right angles, one that is like it."""
    (ax, ay), (bx, by), _, (dx, dy) = corners
    cx = math.fsum(point[0] for point in corners) / len(corners)
    cy = math.fsum(point[1] for point in corners) / len(corners)
    angle = math.atan2(by - ay, bx - ax)
    return cx, cy, math.hypot(bx - ax, by - ay), math.hypot(dx - ax, dy - ay), angle
