"""Files that decode, with data that is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path, problem FROM image WHERE status = 'damaged' ORDER BY path"
    )
    for identifier, path, problem in rows:
        yield Finding(path, problem or "damaged", image_id=identifier)


CHECK = Check(
    code="LP102",
    name="damaged-file",
    severity=Severity.WARNING,
    title="files with damaged data",
    why="Most programs show such a picture without a word, though a part of it may be grey, shifted or "
    "another picture.",
    fix="look at it: it is trained on; replace it where the damage shows",
    example="cat/0001.jpg: decodes, but its JPEG data is damaged",
    find=_find,
)
