"""Images whose files are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute("SELECT id, path FROM image WHERE status = 'missing' ORDER BY +path")
    for identifier, path in rows:
        yield Finding(path, "the file is gone; its labels are kept", image_id=identifier)


CHECK = Check(
    code="LP106",
    name="missing-file",
    severity=Severity.WARNING,
    title="files that are gone",
    why="The manifest knows the image and its labels, but nothing can be trained on or shown.",
    fix="put it back, or leave it: it is not trained on",
    example="cat/0001.jpg: the file is gone; its labels are kept",
    find=_find,
)
