"""Groups that lie in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT min(id), min(path || ' (' || split || ')'), max(path || ' (' || split || ')'), group_key
        FROM image WHERE split IS NOT NULL AND status IN ('ok', 'damaged') AND group_key IS NOT NULL
        GROUP BY group_key HAVING count(DISTINCT split) > 1 ORDER BY 2
        """
    )
    for identifier, first, last, group in rows:
        path = context.connection.execute("SELECT path FROM image WHERE id = ?", (identifier,)).fetchone()[0]
        yield Finding(
            path, f"the group {group!r} lies in different splits: {first}, {last}", image_id=identifier
        )


CHECK = Check(
    code="LP403",
    name="group-leak",
    severity=Severity.ERROR,
    title="groups in two splits",
    why="Images of one group (a patient, a camera, a burst) are alike: testing on some says nothing of new "
    "groups.",
    fix="name splits that keep groups whole, or let `labelprep split` make them",
    example="p7_1.jpg: the group 'p7' lies in different splits: p7_1.jpg (train), p7_2.jpg (test)",
    find=_find,
)
