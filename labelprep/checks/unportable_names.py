"""Names that Windows cannot hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
FORBIDDEN: Final = frozenset('<>:"|?*\\')
SUSPECT: Final = re.compile(
    rf"""(?:^|/)(?:{"|".join(sorted(RESERVED))})(?:[./]|$)|[. ](?:/|$)|[<>:"|?*\\\x00-\x1f]""", re.IGNORECASE
)
"""What every path that Windows cannot hold matches; a million paths are looked at in a second."""


def _find(context: CheckContext) -> Iterator[Finding]:
    context.connection.create_function("is_suspect", 1, _is_suspect, deterministic=True)
    rows = context.connection.execute(
        "SELECT id, path FROM image WHERE status <> 'missing' AND path_bytes IS NULL AND added_by >= ? "
        "AND is_suspect(path) ORDER BY +path",
        (context.since,),
    )
    for identifier, path in rows:
        reason = not_portable(path.split("/"))
        if reason:
            yield Finding(path, f"Windows cannot hold this name: {reason}", image_id=identifier)


def _is_suspect(path: str) -> bool:
    return SUSPECT.search(path) is not None


def not_portable(parts: Iterable[str]) -> str:
    """Return why Windows cannot hold a path, given as its parts, or nothing."""
    for part in parts:
        if part.split(".")[0].casefold() in RESERVED:
            return f"{part!r} is reserved"
        if part.endswith((".", " ")):
            return f"{part!r} ends with a dot or a space"
        bad = sorted({character for character in part if character in FORBIDDEN or ord(character) < ord(" ")})
        if bad:
            return f"{part!r} contains {', '.join(repr(character) for character in bad)}"
    return ""


CHECK = Check(
    code="LP602",
    name="name-not-portable",
    severity=Severity.NOTE,
    title="names that Windows cannot hold",
    why="The folder cannot be copied there as it is.",
    fix="rename it if the data has to go there",
    example="aux.jpg: Windows cannot hold this name: 'aux.jpg' is reserved",
    find=_find,
)
