"""What a scan has to tell besides its counts: files, folders and names that need a person's eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks import (
    alike_classes,
    conflicts,
    damaged_files,
    missing_files,
    oddities,
    raw_names,
    too_large_files,
    twin_names,
    unportable_names,
    unreadable_files,
    unsupported_files,
)
from labelprep.checks.base import CheckContext
from labelprep.manifest.paths import escaped
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from labelprep.checks.base import Check
    from labelprep.formats.folders import Layout
    from labelprep.workflows.reading import SkippedRow
    from labelprep.workflows.walking import Walk

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
OF_FILES = (
    unreadable_files.CHECK,
    damaged_files.CHECK,
    unsupported_files.CHECK,
    too_large_files.CHECK,
    oddities.CHECK,
    missing_files.CHECK,
)
OF_A_SCAN = (*OF_FILES, alike_classes.CHECK)
OF_NEW_NAMES = (raw_names.CHECK, unportable_names.CHECK, twin_names.CHECK)
AT_A_GLANCE = (*OF_FILES, conflicts.CHECK, alike_classes.CHECK)


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
            *_of_folders(seen, unreadable, layout),
            *_of_misnamed(misnamed),
            *_of_checks(connection, OF_A_SCAN),
            *_of_checks(connection, OF_NEW_NAMES, _last_scan(connection)),
        ]
    )


def of_manifest(connection: sqlite3.Connection) -> list[Issue]:
    """Return the issues that the manifest alone tells, in the same order."""
    return _sorted(_of_checks(connection, AT_A_GLANCE))


def _last_scan(connection: sqlite3.Connection) -> int:
    number = connection.execute("SELECT max(number) FROM command WHERE name = 'scan'").fetchone()[0]
    return int(number)


def _sorted(issues: Iterable[Issue]) -> list[Issue]:
    # Sorted here: SQLite would follow its index of paths and fetch a million images one by one for a few.
    return sorted(issues, key=lambda issue: (SEVERITY_ORDER[issue.severity], issue.code, issue.where))


def _of_checks(connection: sqlite3.Connection, checks: Iterable[Check], since: int = 0) -> Iterator[Issue]:
    context = CheckContext(connection, since=since)
    for check in checks:
        yield from map(check.issue, check.find(context))


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
