"""Shapes that one source states twice on a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.figures import shapes
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

TWICE = """EXISTS (
    SELECT 1 FROM temp.figure AS earlier
    WHERE earlier.image_id = figure.image_id AND earlier.form = figure.form
        AND earlier.source_id = figure.source_id AND earlier.class_id IS figure.class_id
        AND earlier.annotation_id < figure.annotation_id
)"""


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = shapes(context.connection, "", TWICE)
    for image, place, kind, _ in rows:
        yield Finding(place, f"the same {kind} is there before, with the same class", image_id=image)


CHECK = Check(
    code="LP503",
    name="duplicate-shape",
    severity=Severity.WARNING,
    title="shapes that are there twice",
    why="One thing is counted twice, and a detector that finds it once is told that it missed one.",
    fix="delete one where it was drawn, then import again",
    example="a.jpg: shapes[2]: the same box is there before, with the same class",
    find=_find,
)
