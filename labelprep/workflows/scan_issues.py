"""What a scan has to tell besides its counts: files, folders and names that need a person's eye."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

from labelprep.manifest import classes
from labelprep.manifest.images import notes_of
from labelprep.manifest.paths import escaped
from labelprep.model.classes import alike
from labelprep.model.images import Status
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.formats.folders import Layout
    from labelprep.workflows.reading import SkippedRow
    from labelprep.workflows.walking import Walk

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
BY_STATUS = {
    Status.CORRUPT: ("LP101", ERROR, "replace the file; it is left out until then"),
    Status.UNSUPPORTED: ("LP103", ERROR, "save it as JPEG or PNG; it is left out until then"),
    Status.TOO_LARGE: ("LP104", ERROR, "make it smaller; it is left out until then"),
    Status.DAMAGED: ("LP102", WARNING, "look at it: it is trained on; replace it where the damage shows"),
}
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
FORBIDDEN = frozenset('<>:"|?*\\')


def found(
    connection: sqlite3.Connection,
    seen: Walk,
    unreadable: Sequence[tuple[str, str]],
    layout: Layout,
    misnamed: Sequence[SkippedRow],
) -> list[Issue]:
    """Return the issues of a scan, the worst first, then by code and place."""
    return _sorted(
        [
            *_of_files(connection),
            *_of_folders(seen, unreadable, layout),
            *_of_misnamed(misnamed),
            *_of_classes(connection),
            *_of_names(connection),
        ]
    )


def of_manifest(connection: sqlite3.Connection) -> list[Issue]:
    """Return the issues that the manifest alone tells, in the same order."""
    return _sorted([*_of_files(connection), *_of_labels(connection), *_of_classes(connection)])


def _sorted(issues: Iterable[Issue]) -> list[Issue]:
    # Sorted here: SQLite would follow its index of paths and fetch a million images one by one for a few.
    return sorted(issues, key=lambda issue: (SEVERITY_ORDER[issue.severity], issue.code, issue.where))


def _of_labels(connection: sqlite3.Connection) -> Iterator[Issue]:
    rows = connection.execute("SELECT path FROM image WHERE conflict AND status <> 'missing' ORDER BY id")
    for (path,) in rows:
        yield Issue(
            "LP203", ERROR, path, "its sources disagree, so it has no label", f"labelprep explain {path}"
        )


def _of_files(connection: sqlite3.Connection) -> Iterator[Issue]:
    rows = connection.execute(
        "SELECT path, status, problem FROM image "
        "WHERE status NOT IN ('ok', 'missing', 'excluded') ORDER BY id"
    )
    for path, status, problem in rows:
        code, severity, fix = BY_STATUS[Status(status)]
        yield Issue(code, severity, path, problem or status, fix)
    rows = connection.execute(
        "SELECT path, notes FROM image WHERE notes IS NOT NULL AND status <> 'missing' ORDER BY id"
    )
    for path, notes in rows:
        for note in notes_of(notes):
            yield Issue(
                "LP105", NOTE, path, note, "nothing has to be done: labelprep reads it as a person sees it"
            )
    missing = connection.execute("SELECT path FROM image WHERE status = 'missing' ORDER BY id")
    for (path,) in missing:
        yield Issue(
            "LP106",
            WARNING,
            path,
            "the file is gone; its labels are kept",
            "put it back, or leave it: it is not trained on",
        )


def _of_folders(seen: Walk, unreadable: Sequence[tuple[str, str]], layout: Layout) -> Iterator[Issue]:
    for path, reason in unreadable:
        yield Issue(
            "LP107",
            ERROR,
            f"{path}/",
            f"the folder cannot be read: {reason}",
            "give yourself the right to read it, then scan again",
        )
    for path in map(escaped, seen.broken_links):
        yield Issue("LP108", WARNING, path, "the link points to nothing", "mend or remove the link")
    for path in map(escaped, seen.empty_folders):
        yield Issue(
            "LP110", NOTE, f"{path}/", "the folder is empty, so it makes no class", "fill it or remove it"
        )
    for path in map(escaped, seen.junk_folders):
        yield Issue(
            "LP111",
            NOTE,
            f"{path}/",
            "a system's or program's own folder was not entered",
            "nothing has to be done",
        )
    for name in layout.aside:
        yield Issue(
            "LP202",
            WARNING,
            f"{name}/",
            "the name looks like a split, so it was not taken as a class",
            "rename the folder, or pass --labels folder",
        )
    if layout.doubt and layout.proposed:
        named = ", ".join(layout.proposed[:5])
        yield Issue(
            "LP201",
            WARNING,
            ".",
            f"no labels were taken: {layout.doubt} ({named})",
            "pass --labels folder if they are classes",
        )


def _of_misnamed(misnamed: Sequence[SkippedRow]) -> Iterator[Issue]:
    for path, _, _, kind, _, _ in misnamed:
        yield Issue(
            "LP109",
            WARNING,
            path,
            f"unknown extension: it was taken as an image, since it holds {str(kind).upper()} data",
            "give the name the ending of an image",
        )


def _of_classes(connection: sqlite3.Connection) -> Iterator[Issue]:
    names = [
        item.name for item in classes.listed(connection) if item.merged_into is None and not item.retired
    ]
    for group in alike(names):
        spelled = [unicodedata.normalize("NFC", name) for name in group]
        # Names that differ in bytes only have to be told apart by their escapes.
        shown = ", ".join((ascii if len(set(spelled)) < len(group) else repr)(name) for name in group)
        yield Issue(
            "LP301",
            WARNING,
            "classes",
            f"these names look alike: {shown}",
            f'labelprep classes merge "{group[1]}" "{group[0]}"',
        )


def _of_names(connection: sqlite3.Connection) -> Iterator[Issue]:
    """Tell names of this scan's new images that another system cannot hold or tell apart."""
    command = connection.execute("SELECT max(number) FROM command WHERE name = 'scan'").fetchone()[0]
    groups: dict[str, list[str]] = defaultdict(list)
    rows = connection.execute(
        "SELECT path, path_bytes FROM image WHERE added_by = ? AND status <> 'missing' ORDER BY path",
        (command,),
    )
    for path, path_bytes in rows:
        if path_bytes is not None:
            yield Issue(
                "LP601", WARNING, path, "the name is not UTF-8", "rename it; labelprep keeps its exact bytes"
            )
        elif not path.isascii() or not path.islower():
            groups[unicodedata.normalize("NFC", path).casefold()].append(path)
        else:
            groups[path].append(path)
        reason = not_portable(path.split("/"))
        if reason:
            yield Issue(
                "LP602",
                NOTE,
                path,
                f"Windows cannot hold this name: {reason}",
                "rename it if the data has to go there",
            )
    for group in groups.values():
        if len(group) > 1:
            yield Issue(
                "LP603",
                WARNING,
                group[0],
                f"differs only in case or spelling from {', '.join(group[1:])}",
                "rename one: Windows and macOS see one file",
            )


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
