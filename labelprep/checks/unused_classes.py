"""Classes that no image has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT name FROM class WHERE NOT retired AND merged_into IS NULL AND removed_by IS NULL
            AND NOT EXISTS (SELECT 1 FROM class AS other WHERE other.merged_into = class.id)
            AND NOT EXISTS (
                SELECT 1 FROM annotation JOIN statement ON statement.id = statement_id
                WHERE class_id = class.id AND statement.removed_by IS NULL
            ) ORDER BY id
        """
    )
    for (name,) in rows:
        yield Finding(
            name, "no image and no shape is of this class", fix=f'labelprep classes retire "{name}"'
        )


CHECK = Check(
    code="LP306",
    name="unused-class",
    severity=Severity.NOTE,
    title="classes that nothing is of",
    why="It stands in every export and every list, and nothing can be learned of it.",
    fix="labelprep classes retire CLASS, if nothing will come",
    example="wolf: no image and no shape is of this class",
    find=_find,
)
