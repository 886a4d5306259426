"""Files that hold no picture that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path, problem FROM image WHERE status = 'corrupt' ORDER BY path"
    )
    for identifier, path, problem in rows:
        yield Finding(path, problem or "corrupt", image_id=identifier)


CHECK = Check(
    code="LP101",
    name="unreadable-file",
    severity=Severity.ERROR,
    title="files that cannot be read",
    why="The file is empty, cut off, or something else under the name of a picture, such as a web page "
    "that a download saved. It cannot be trained on.",
    fix="replace the file; it is left out until then",
    example="cat/0001.jpg: empty file",
    find=_find,
)
