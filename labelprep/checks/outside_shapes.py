"""Shapes that reach out of their picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.bounds import ROUNDING_PX
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = shapes(context.connection, "over_px, width_px, height_px", "figure.over_px > ?", ROUNDING_PX)
    for image, place, kind, _, over, width, height in rows:
        yield Finding(
            place,
            f"the {kind} reaches {over:,.0f} px out of the picture of {width} × {height}",
            image_id=image,
        )


CHECK = Check(
    code="LP501",
    name="outside-picture",
    severity=Severity.WARNING,
    title="shapes that reach out of the picture",
    why="Most often the shapes were drawn on another size of the picture, or on one that EXIF turns: then"
    " all of them lie wrong. Trainers crop such a shape or fail on it.",
    fix="look whether the picture was resized or turned since; correct the shape and import again",
    example="a.jpg: shapes[2]: the box reaches 40 px out of the picture of 640 × 480",
    find=_find,
)
