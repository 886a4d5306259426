"""Names that are not UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path FROM image WHERE path_bytes IS NOT NULL AND status <> 'missing' "
        "AND added_by >= ? ORDER BY +path",
        (context.since,),
    )
    for identifier, path in rows:
        yield Finding(path, "the name is not UTF-8", image_id=identifier)


CHECK = Check(
    code="LP601",
    name="name-not-utf8",
    severity=Severity.WARNING,
    title="names that are not UTF-8",
    why="Most programs cannot open such a file, and no sheet can name it.",
    fix="rename it; labelprep keeps its exact bytes",
    example="caf\\xe9.jpg: the name is not UTF-8",
    find=_find,
)
