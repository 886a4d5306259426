"""Classes that no image has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding, Repair
from labelprep.manifest import classes
from labelprep.model.issues import Severity
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator


def _unused(context: CheckContext) -> list[str]:
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
    return [row[0] for row in rows]


def _find(context: CheckContext) -> Iterator[Finding]:
    for name in _unused(context):
        yield Finding(name, "no image and no shape is of this class", fix=_command(name))


def _command(name: str) -> str:
    return typed("labelprep classes retire", name)


def _repairs(context: CheckContext) -> Iterator[Repair]:
    for name in _unused(context):
        yield Repair(f"{name!r} is retired", _command(name), _retiring(name))


def _retiring(name: str) -> Callable[[sqlite3.Connection, int], tuple[int, ...]]:
    def apply(connection: sqlite3.Connection, command: int) -> tuple[int, ...]:
        classes.retire(connection, command, name)
        return ()

    return apply


CHECK = Check(
    code="LP306",
    name="unused-class",
    severity=Severity.NOTE,
    title="classes that nothing is of",
    why="It stands in every export and every list, and nothing can be learned of it.",
    fix="labelprep classes retire CLASS, if nothing will come, or labelprep check --fix",
    example="wolf: no image and no shape is of this class",
    find=_find,
    repairs=_repairs,
)
