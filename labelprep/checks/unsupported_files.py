"""Files in a form that is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path, problem FROM image WHERE status = 'unsupported' ORDER BY path"
    )
    for identifier, path, problem in rows:
        yield Finding(path, problem or "unsupported", image_id=identifier)


CHECK = Check(
    code="LP103",
    name="unsupported-file",
    severity=Severity.ERROR,
    title="files of a kind that is not read",
    why="The picture may be fine, but labelprep does not read its form, so nothing can be trained on it.",
    fix="save it as JPEG or PNG; it is left out until then",
    example="cat/0001.psd: PSD is not read",
    find=_find,
)
