"""Images that have changed since a person labelled them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT id, path FROM image WHERE changed_by IS NOT NULL AND status <> 'missing' AND EXISTS (
            SELECT 1 FROM statement JOIN source ON source.id = source_id
            WHERE image_id = image.id AND removed_by IS NULL AND source.rank = ?
                AND statement.added_by < image.changed_by
        ) ORDER BY +path
        """,
        (int(Rank.PERSON),),
    )
    for identifier, path in rows:
        yield Finding(path, "the file has changed since a person labelled it", image_id=identifier)


CHECK = Check(
    code="LP257",
    name="label-predates-file",
    severity=Severity.WARNING,
    title="labels older than their file",
    why="A person looked at other pixels than those that are there now.",
    fix="look at it again: labelprep resolve IMAGE --label CLASS says it anew",
    example="cat/0001.jpg: the file has changed since a person labelled it",
    find=_find,
)
