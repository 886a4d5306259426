"""Names that are too long for other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


PATH_CHARACTERS = 240
"""Windows takes 260 for a whole path; some have to be left for the folder it is put into."""
NAME_BYTES = 255


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path FROM image WHERE length(CAST(path AS BLOB)) > ? AND status <> 'missing' "
        "AND added_by >= ? ORDER BY path",
        (PATH_CHARACTERS, context.since),
    )
    for identifier, path in rows:
        longest = max(len(part.encode("utf-8")) for part in path.split("/"))
        if len(path) > PATH_CHARACTERS:
            yield Finding(
                path, f"{len(path)} characters: Windows takes 260 with the folder", image_id=identifier
            )
        elif longest > NAME_BYTES:
            yield Finding(path, f"a part of {longest} bytes: most systems take 255", image_id=identifier)


CHECK = Check(
    code="LP604",
    name="name-too-long",
    severity=Severity.NOTE,
    title="names that are too long",
    why="The folder cannot be copied to Windows, or only without these files.",
    fix="give it a shorter name",
    example="a/very/long/…/path.jpg: 251 characters: Windows takes 260 with the folder",
    find=_find,
)
