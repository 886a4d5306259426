"""Shapes of too few points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for image, place, kind, _ in shapes(context.connection, "", "figure.lacking"):
        yield Finding(place, f"too few points for a {kind}", image_id=image)


CHECK = Check(
    code="LP510",
    name="too-few-points",
    severity=Severity.WARNING,
    title="shapes with too few points",
    why="Two points are no polygon and one is no line: most programs fail on it or leave it out.",
    fix="correct it in the tool it was drawn with, then import again",
    example="a.jpg: shapes[2]: too few points for a polygon",
    find=_find,
)
