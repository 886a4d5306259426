"""Names that Windows cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
FORBIDDEN = frozenset('<>:"|?*\\')


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path FROM image WHERE status <> 'missing' AND added_by >= ? ORDER BY path",
        (context.since,),
    )
    for identifier, path in rows:
        reason = not_portable(path.split("/"))
        if reason:
            yield Finding(path, f"Windows cannot hold this name: {reason}", image_id=identifier)


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
