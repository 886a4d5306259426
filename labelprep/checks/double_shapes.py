"""Shapes that one source states twice on a picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding, Repair
from labelprep.checks.figures import measured, shapes
from labelprep.manifest import statements
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

TWICE = """EXISTS (
    SELECT 1 FROM temp.figure AS earlier
    WHERE earlier.image_id = figure.image_id AND earlier.form = figure.form
        AND earlier.source_id = figure.source_id AND earlier.class_id IS figure.class_id
        AND earlier.annotation_id < figure.annotation_id
)"""

EXACTLY = """
    SELECT image.path, statement.id, json_group_array(annotation.id) FROM temp.figure
    JOIN annotation ON annotation.id = figure.annotation_id
    JOIN statement ON statement.id = annotation.statement_id JOIN image ON image.id = figure.image_id
    WHERE EXISTS (
        SELECT 1 FROM temp.figure AS earlier JOIN annotation AS one ON one.id = earlier.annotation_id
        WHERE earlier.image_id = figure.image_id AND earlier.form = figure.form
            AND earlier.source_id = figure.source_id AND earlier.class_id IS figure.class_id
            AND earlier.annotation_id < figure.annotation_id AND one.geometry = annotation.geometry
            AND one.kind = annotation.kind AND one.attributes IS annotation.attributes
    ) GROUP BY statement.id ORDER BY image.path, statement.id
"""


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = shapes(context.connection, "", TWICE)
    for image, place, kind, _ in rows:
        yield Finding(place, f"the same {kind} is there before, with the same class", image_id=image)


def _repairs(context: CheckContext) -> list[Repair]:
    """Leave out what is there twice with the same attributes too: then nothing is lost."""
    rows = measured(context.connection).execute(EXACTLY).fetchall()
    return [_leaving_out(path, statement, json.loads(doubled)) for path, statement, doubled in rows]


def _leaving_out(path: str, statement: int, annotations: list[int]) -> Repair:
    def apply(connection: sqlite3.Connection, command: int) -> tuple[int]:
        return (statements.without(connection, command, statement, annotations),)

    shapes_ = "1 shape that is" if len(annotations) == 1 else f"{len(annotations):,} shapes that are"
    return Repair(f"{path}: {shapes_} there twice left out", "labelprep check --select LP503 --fix", apply)


CHECK = Check(
    code="LP503",
    name="duplicate-shape",
    severity=Severity.WARNING,
    title="shapes that are there twice",
    why="One thing is counted twice, and a detector that finds it once is told that it missed one.",
    fix="delete one where it was drawn, then import again; or: labelprep check --select LP503 --fix",
    example="a.jpg: shapes[2]: the same box is there before, with the same class",
    find=_find,
    repairs=_repairs,
)
