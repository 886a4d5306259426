"""Files beyond the limits of size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path, problem FROM image WHERE status = 'too_large' ORDER BY +path"
    )
    for identifier, path, problem in rows:
        yield Finding(path, problem or "too large", image_id=identifier)


CHECK = Check(
    code="LP104",
    name="too-large-file",
    severity=Severity.ERROR,
    title="files that are too large",
    why="A header can claim more pixels than a machine has memory for: such files are refused before "
    "anything is read.",
    fix="make it smaller, or raise the limit with `scan DIR --max-pixels N` or `--max-bytes N`; "
    "it is left out until then",
    example="cat/0001.png: 50,000 × 50,000 pixels are more than the limit",
    find=_find,
)
