"""Shapes that enclose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING_PX = 1e-6


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = shapes(context.connection, "wide, tall", "figure.area < ?", NOTHING_PX)
    for image, place, kind, _, wide, tall in rows:
        yield Finding(
            place, f"the {kind} encloses nothing ({abs(wide):.4g} × {abs(tall):.4g} px)", image_id=image
        )


CHECK = Check(
    code="LP502",
    name="zero-area",
    severity=Severity.WARNING,
    title="shapes without an area",
    why="A click without a drag leaves such a shape; losses of boxes divide by its area.",
    fix="delete it where it was drawn, then import again",
    example="a.jpg: shapes[2]: the box encloses nothing (12 × 0 px)",
    find=_find,
)
