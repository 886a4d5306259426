"""Edits of a manifest that a person asks for: classes, undo, the place of the images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError, shown
from labelprep.manifest import classes, journal, resolving
from labelprep.manifest.paths import escaped, on_disk
from labelprep.manifest.store import Store, relative_root
from labelprep.workflows.scanning import readable_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHECKED_FILES = 100


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class for a list: its id, name, aliases, images, and whether it is retired or merged."""

    id: int
    name: str
    aliases: tuple[str, ...]
    images: int
    retired: bool
    merged_into: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "aliases": list(self.aliases),
            "images": self.images,
            "retired": self.retired,
            "merged_into": self.merged_into,
        }


def list_classes(store: Store) -> list[ClassRow]:
    """Return the classes in id order."""
    counts = classes.class_counts(store.connection)
    known = classes.listed(store.connection)
    names = {item.id: item.name for item in known}
    return [
        ClassRow(
            item.id,
            item.name,
            item.aliases,
            counts.get(item.name, 0),
            item.retired,
            names[item.merged_into] if item.merged_into is not None else None,
        )
        for item in known
    ]


def rename_class(store: Store, old: str, new: str) -> int:
    """Give a class another name; return the images that carry it. The old name stays as an alias."""
    with store.writing() as connection:
        command = journal.begin(connection, "classes rename", {"old": old, "new": new})
        touched = classes.images_of(connection, classes.with_merged(connection, [old]))
        classes.rename(connection, command, old, new)
        resolving.refresh(connection, touched)
    return len(touched)


def merge_classes(store: Store, names: Sequence[str], target: str) -> int:
    """Make classes one; return the images whose label changes name."""
    with store.writing() as connection:
        command = journal.begin(connection, "classes merge", {"names": list(names), "target": target})
        touched = classes.images_of(connection, classes.with_merged(connection, names))
        classes.merge(connection, command, names, target)
        resolving.refresh(connection, touched)
    return len(touched)


def retire_class(store: Store, name: str) -> int:
    """Take a class out of training; return the images it leaves out."""
    with store.writing() as connection:
        command = journal.begin(connection, "classes retire", {"name": name})
        classes.retire(connection, command, name)
        return len(classes.images_of(connection, classes.with_merged(connection, [name])))


def undo(store: Store, number: int | None = None) -> journal.Undone:
    """Take back one command, the newest by default, and resolve what it touched again."""
    with store.writing() as connection:
        undone = journal.undo(connection, number)
        if any(change == "class" for change in _tables(store, undone.number)):
            everyone = [row[0] for row in connection.execute("SELECT id FROM image ORDER BY id")]
            resolving.refresh(connection, everyone)
        else:
            resolving.refresh(connection, undone.images)
    return undone


def log_of(store: Store, limit: int | None = None) -> list[journal.Logged]:
    """Return the commands of a manifest, newest first."""
    return journal.log(store.connection, limit)


def prune_log(store: Store, before: str) -> int:
    """Forget how to undo what happened before a date; return how many commands became final.

    Raises: UsageError where the date is none.
    """
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        raise UsageError(
            f"{shown(before)} is no date", where="--prune", fix="write it as 2026-01-31"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    with store.writing() as connection:
        return journal.prune(connection, moment.astimezone(UTC).isoformat(timespec="seconds"))


def _tables(store: Store, command: int) -> list[str]:
    rows = store.connection.execute(
        'SELECT DISTINCT "table" FROM change WHERE command = ? ORDER BY 1', (command,)
    )
    return [row[0] for row in rows]


def relocate(store: Store, folder: Path, *, force: bool = False) -> tuple[int, int]:
    """Say where the images lie now; return how many of a sample of files were looked for and found there.

    Raises: SourceError where not one of them is there, unless forced.
    """
    root = readable_folder(folder)
    rows = store.connection.execute(
        "SELECT path, path_bytes FROM image WHERE status <> 'missing' ORDER BY sha256 LIMIT ?",
        (CHECKED_FILES,),
    ).fetchall()
    present = sum((root / on_disk(*row)).exists() for row in rows)
    if rows and not present and not force:
        raise SourceError(
            f"none of {len(rows)} images of this manifest is there (such as {rows[0][0]})",
            where=str(root),
            fix="name the folder that holds these paths, or pass --force",
        )
    with store.writing() as connection:
        command = journal.begin(connection, "relocate", {"folder": escaped(str(root))})
        journal.set_value(connection, command, ("meta", "root", "value"), relative_root(store.path, root))
    return len(rows), present
