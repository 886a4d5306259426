"""Shapes that one source states twice, as different classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = """(
    SELECT said.name FROM temp.figure AS earlier JOIN class AS said ON said.id = earlier.class_id
    WHERE earlier.image_id = figure.image_id AND earlier.form = figure.form
        AND earlier.source_id = figure.source_id AND earlier.class_id IS NOT figure.class_id
        AND earlier.annotation_id < figure.annotation_id LIMIT 1
)"""


def _find(context: CheckContext) -> Iterator[Finding]:
    for image, place, kind, name, other in shapes(context.connection, f"{OTHER} AS other", "other NOTNULL"):
        yield Finding(
            place, f"the same {kind} is {other} before, and {name or 'nothing'} here", image_id=image
        )


CHECK = Check(
    code="LP504",
    name="one-shape-two-classes",
    severity=Severity.WARNING,
    title="one shape with two classes",
    why="The same outline is said to be two things: one of them is wrong, unless both are meant.",
    fix="correct one where it was drawn, then import again",
    example="a.jpg: shapes[2]: the same box is cat before, and dog here",
    find=_find,
)
