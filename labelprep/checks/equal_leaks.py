"""Equal files in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT min(id), min(path || ' (' || split || ')'), max(path || ' (' || split || ')'), count(*), sha256
        FROM image WHERE split IS NOT NULL AND status IN ('ok', 'damaged') AND sha256 IS NOT NULL
        GROUP BY sha256 HAVING count(DISTINCT split) > 1 ORDER BY 2
        """
    )
    for identifier, first, last, number, _ in rows:
        path = context.connection.execute("SELECT path FROM image WHERE id = ?", (identifier,)).fetchone()[0]
        yield Finding(
            path, f"{number:,} equal files lie in different splits: {first}, {last}", image_id=identifier
        )


CHECK = Check(
    code="LP401",
    name="equal-leak",
    severity=Severity.ERROR,
    title="equal files in two splits",
    why="The network is tested on what it was trained on, so the score is too good.",
    fix="move or remove one copy, then scan; or: labelprep duplicates --exclude",
    example="train/a.jpg: 2 equal files lie in different splits: test/b.jpg (test), train/a.jpg (train)",
    find=_find,
)
