"""Images whose sources disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.prompts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path FROM image WHERE conflict AND status <> 'missing' ORDER BY path"
    )
    for identifier, path in rows:
        yield Finding(
            path,
            "its sources disagree, so it has no label",
            fix=f"labelprep explain {quoted(path)}",
            image_id=identifier,
        )


CHECK = Check(
    code="LP203",
    name="conflict",
    severity=Severity.ERROR,
    title="images whose sources disagree",
    why="Two sources of the same rank name different classes. Nobody can say which is right but you, so the "
    "image has no label and is left out of training.",
    fix="labelprep resolve --prefer SOURCE, or majority; labelprep resolve IMAGE --label CLASS for one",
    example="cat/0001.jpg: its sources disagree, so it has no label",
    find=_find,
)
