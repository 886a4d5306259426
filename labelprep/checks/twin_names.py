"""Names that differ only in case or spelling."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    """Group in SQLite, which uses the disk where there are many names."""
    context.connection.create_function("folded_path", 1, _folded, deterministic=True)
    rows = context.connection.execute(
        """
        SELECT id, min(path), json_group_array(path) FROM image
        WHERE path_bytes IS NULL AND status <> 'missing' AND added_by >= ?
        GROUP BY folded_path(path) HAVING count(*) > 1 ORDER BY 2
        """,
        (context.since,),
    )
    for identifier, _, paths in rows:
        names = sorted(json.loads(paths))
        said = f"differs only in case or spelling from {', '.join(_spelled(names)[1:])}"
        yield Finding(names[0], said, image_id=identifier)


def _spelled(paths: list[str]) -> list[str]:
    """Return paths; those that only their bytes tell apart, with escapes."""
    seen = {unicodedata.normalize("NFC", path) for path in paths}
    return paths if len(seen) == len(paths) else [ascii(path)[1:-1] for path in paths]


def _folded(path: str) -> str:
    return path if path.isascii() and path.islower() else unicodedata.normalize("NFC", path).casefold()


CHECK = Check(
    code="LP603",
    name="twin-names",
    severity=Severity.WARNING,
    title="names that differ only in case or spelling",
    why="Windows and macOS see one file, so one of them is lost when the folder is copied there.",
    fix="rename one: Windows and macOS see one file",
    example="A.jpg: differs only in case or spelling from a.jpg",
    find=_find,
)
