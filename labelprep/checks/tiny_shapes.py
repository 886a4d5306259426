"""Shapes of a few pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

TINY = (
    "figure.area >= 1e-6 AND (figure.area < 9 OR "
    "(figure.area < 64 AND figure.area < 0.0001 * image.width_px * image.height_px))"
)


def _find(context: CheckContext) -> Iterator[Finding]:
    for image, place, kind, _, area in shapes(context.connection, "figure.area", TINY):
        yield Finding(place, f"the {kind} covers {area:.2g} square pixels", image_id=image)


CHECK = Check(
    code="LP507",
    name="tiny-shape",
    severity=Severity.WARNING,
    title="shapes of a few pixels",
    why="Nothing can be told in so few pixels: most often a click that was meant to be a drag.",
    fix="look at it; delete it where it was drawn",
    example="a.jpg: shapes[2]: the box covers 2.3 square pixels",
    find=_find,
)
