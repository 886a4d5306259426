"""The classes of a manifest: ids that never move, names that may, aliases so that old sources still fit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import UsageError, shown
from labelprep.manifest.journal import set_value
from labelprep.model.classes import natural_key
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class; ``merged_into`` is the id of the class whose name its images now carry."""

    id: int
    name: str
    aliases: tuple[str, ...]
    retired: bool
    merged_into: int | None


def listed(connection: sqlite3.Connection) -> list[LabelClass]:
    """Return the classes in id order, without those that an undo took away."""
    rows = connection.execute(
        "SELECT id, name, aliases, retired, merged_into FROM class WHERE removed_by IS NULL ORDER BY id"
    )
    return [LabelClass(row[0], row[1], tuple(json.loads(row[2])), bool(row[3]), row[4]) for row in rows]


def class_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many images (not missing) carry each class as resolved, in class order."""
    counts = {item.name: 0 for item in listed(connection) if item.merged_into is None}
    rows = connection.execute(
        "SELECT value, count(*) FROM image, json_each(labels) WHERE status <> 'missing' GROUP BY value"
    )
    counts.update({row[0]: row[1] for row in rows})
    return {name: number for name, number in counts.items() if number}


# What people and tools have drawn, a row for each class of each picture; merged classes under their new name.
_DRAWN = f"""
    SELECT DISTINCT image.id, final.name, image.split, image.labels
    FROM annotation JOIN statement ON statement.id = statement_id AND statement.removed_by IS NULL
    JOIN source ON source.id = source_id AND source.rank > {int(Rank.MODEL)}
    JOIN image ON image.id = image_id AND image.status IN ('ok', 'damaged')
    JOIN class ON class.id = class_id JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
    WHERE annotation.kind <> 'class'
"""  # noqa: S608 - a constant
_LABELLED = """
    SELECT image.id, value AS name, split FROM image, json_each(labels) WHERE status IN ('ok', 'damaged')
"""


def is_drawn(connection: sqlite3.Connection) -> bool:
    """Tell whether classes are said by shapes rather than by labels: more images have those alone."""
    drawn = connection.execute(
        f"SELECT count(DISTINCT id) FROM ({_DRAWN}) WHERE labels = '[]'"  # noqa: S608 - a constant
    ).fetchone()[0]
    labelled = connection.execute(
        "SELECT count(*) FROM image WHERE labels <> '[]' AND status IN ('ok', 'damaged')"
    ).fetchone()[0]
    return bool(drawn > labelled)


def counts_of_splits(connection: sqlite3.Connection, *, drawn: bool) -> dict[str, dict[str | None, int]]:
    """Return how many readable images of each split have each class, in natural order of the classes.

    ``drawn``: those that have a shape of it, else those that are labelled so. The split may be None.
    """
    counts: dict[str, dict[str | None, int]] = {}
    rows = connection.execute(
        f"SELECT name, split, count(*) FROM ({_DRAWN if drawn else _LABELLED}) GROUP BY 1, 2"  # noqa: S608 - constants
    )
    for name, split, number in rows:
        counts.setdefault(name, {})[split] = number
    return {name: counts[name] for name in sorted(counts, key=natural_key)}


def ids_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the id that a source's class name means: by name, else by alias."""
    known = listed(connection)
    by_alias = {alias: item.id for item in known for alias in item.aliases}
    return by_alias | {item.name: item.id for item in known}


def add(connection: sqlite3.Connection, names: Iterable[str], command: int) -> list[str]:
    """Add the names not known yet, in natural order with the next ids; return them."""
    known = ids_of(connection)
    missing = sorted({name for name in names if name not in known}, key=natural_key)
    following = connection.execute("SELECT ifnull(max(id), -1) + 1 FROM class").fetchone()[0]
    for name in missing:
        revived = connection.execute(
            "UPDATE class SET removed_by = NULL, added_by = ? WHERE name = ? AND removed_by IS NOT NULL",
            (command, name),
        ).rowcount
        if not revived:
            connection.execute(
                "INSERT INTO class (id, name, added_by) VALUES (?, ?, ?)", (following, name, command)
            )
            following += 1
    return missing


def named(connection: sqlite3.Connection, name: str) -> LabelClass:
    """Return the class of that name.

    Raises: UsageError where there is none, naming those there are.
    """
    known = listed(connection)
    for item in known:
        if item.name == name:
            return item
    names = ", ".join(item.name for item in known[:20]) or "none yet"
    raise UsageError(f"there is no class {shown(name)}", fix=f"the classes are: {names}")


def rename(connection: sqlite3.Connection, command: int, old: str, new: str) -> None:
    """Give a class another name; the old one stays as an alias, so that its sources still fit.

    Raises: UsageError where the new name is taken, also as another's alias, or empty.
    """
    item = named(connection, old)
    if not new.strip():
        raise UsageError("a class needs a name", where=shown(new), fix="give a name that can be read")
    taken = connection.execute("SELECT removed_by FROM class WHERE name = ?", (new,)).fetchone()
    if taken is not None and taken[0] is None:
        fix = f"labelprep classes merge {_typed(old)} {_typed(new)}"
        raise UsageError(f"there is a class {shown(new)} already", fix=fix)
    if taken is not None:
        raise UsageError(
            f"{shown(new)} was a class that was undone; its id is reserved", fix="take another name"
        )
    # Two classes under one name could not be told apart by sources, nor could the older rename be undone.
    other = next((one for one in listed(connection) if new in one.aliases and one.id != item.id), None)
    if other is not None:
        raise UsageError(
            f"{shown(new)} is another name of the class {shown(other.name)}", fix="take another name"
        )
    set_value(connection, command, ("class", item.id, "name"), new)
    _add_alias(connection, command, item, old, without=new)


def _typed(name: str) -> str:
    """Return a name as it can be typed at a prompt."""
    return f'"{name}"' if " " in name else name


def _add_alias(
    connection: sqlite3.Connection, command: int, item: LabelClass, alias: str, *, without: str = ""
) -> None:
    aliases = [name for name in (*item.aliases, alias) if name != without]
    value = json.dumps(list(dict.fromkeys(aliases)), ensure_ascii=False)
    set_value(connection, command, ("class", item.id, "aliases"), value)


def merge(connection: sqlite3.Connection, command: int, names: Iterable[str], target: str) -> None:
    """Make several classes one: their images carry the target's name from now on, and later sources too.

    Raises: UsageError where a class is merged into itself.
    """
    into = named(connection, target)
    if into.merged_into is not None:
        raise UsageError(f"{shown(target)} was merged itself", fix="name the class it was merged into")
    for name in names:
        item = named(connection, name)
        if item.id == into.id:
            raise UsageError(f"{shown(name)} cannot be merged into itself", fix="name two classes")
        set_value(connection, command, ("class", item.id, "merged_into"), into.id)
        for other in listed(connection):
            if other.merged_into == item.id:
                set_value(connection, command, ("class", other.id, "merged_into"), into.id)


def retire(connection: sqlite3.Connection, command: int, name: str) -> None:
    """Take a class out of use: it keeps its id, training leaves its images out.

    Raises: UsageError where there is no such class, or it was merged into another.
    """
    item = named(connection, name)
    if item.merged_into is not None:
        raise UsageError(f"{shown(name)} was merged itself", fix="name the class it was merged into")
    set_value(connection, command, ("class", item.id, "retired"), 1)


def with_merged(connection: sqlite3.Connection, names: Iterable[str]) -> list[str]:
    """Return class names, each with those of the classes merged into it."""
    known = listed(connection)
    found = []
    for name in names:
        target = next((item.id for item in known if item.name == name), None)
        merged = (item.name for item in known if target is not None and item.merged_into == target)
        found += [name, *merged]
    return found


def images_of(connection: sqlite3.Connection, names: Iterable[str]) -> list[int]:
    """Return the ids of the images about which a living statement names one of these classes."""
    found: set[int] = set()
    for name in names:
        rows = connection.execute(
            """
            SELECT DISTINCT image_id FROM class JOIN annotation ON class_id = class.id
            JOIN statement ON statement.id = statement_id AND statement.removed_by IS NULL
            WHERE class.name = ?
            """,
            (name,),
        )
        found.update(row[0] for row in rows)
    return sorted(found)
