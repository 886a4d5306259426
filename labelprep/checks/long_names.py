"""Names that are too long for other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST_BYTES: Final = 255
"""What ext4, and most other systems, take for one name."""


def _find(context: CheckContext) -> Iterator[Finding]:
    limits = context.limits
    rows = context.connection.execute(
        "SELECT id, path, path_bytes FROM image WHERE length(ifnull(path_bytes, CAST(path AS BLOB))) > ? "
        "AND status <> 'missing' AND added_by >= ? ORDER BY +path",
        (min(limits.path_characters, limits.name_bytes), context.since),
    )
    for identifier, path, path_bytes in rows:
        raw = path_bytes if path_bytes is not None else path.encode("utf-8")
        longest = max(map(len, raw.split(b"/")))
        # Windows counts UTF-16 units; a name that is not text becomes one character a byte at most.
        characters = len(path.encode("utf-16-le")) // 2 if path_bytes is None else len(path_bytes)
        if characters > limits.path_characters:
            said = f"{characters} characters: Windows takes 260 with the folder before them"
        elif longest > MOST_BYTES:
            said = f"a name of {longest} bytes: most systems take {MOST_BYTES}"
        elif longest > limits.name_bytes:
            said = f"a name of {longest} bytes: encrypted folders (eCryptfs) take 143"
        else:
            continue
        yield Finding(path, said, image_id=identifier)


CHECK = Check(
    code="LP604",
    name="name-too-long",
    severity=Severity.NOTE,
    title="names that are too long",
    why="Copied to Windows, or into an encrypted folder of a network disk, these files are lost. A Chinese "
    "character takes three bytes.",
    fix="give it a shorter name",
    example="a/very/long/…/path.jpg: 251 characters: Windows takes 260 with the folder before them",
    find=_find,
)
