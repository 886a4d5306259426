"""Splits and groups that the staged rows of a source state: taken, journaled, and given back when unsaid.

A split from a column is locked, and never takes the place of one that a person gave.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.manifest.journal import set_value

if TYPE_CHECKING:
    import sqlite3

COLUMN, PERSON = "column", "person"
NAMED = 1_000


@dataclass(frozen=True, slots=True)
class Given:
    """What became of splits or groups: images changed, clashes (path, two values), a person's splits kept."""

    changed: int
    clashes: tuple[tuple[str, str, str], ...] = ()
    kept: int = 0


def give_splits(connection: sqlite3.Connection, command: int, origin: tuple[str, str], *, by: str) -> Given:
    """Take the splits of the staged rows; ``origin`` is (kind, location) of their source, ``by`` who says so.

    An image whose rows name different splits keeps the one it has.
    """
    _collect(connection, "split")
    may = "1" if by == PERSON else "ifnull(split_source, '') <> 'person'"
    kept = connection.execute(
        f"""
        SELECT count(*) FROM temp.given JOIN main.image ON id = image_id
        WHERE NOT ({may}) AND split <> value
        """  # noqa: S608 - a constant
    ).fetchone()[0]
    connection.execute(
        f"DELETE FROM temp.given WHERE image_id IN (SELECT id FROM main.image WHERE NOT ({may}))"  # noqa: S608 - a constant
    )
    values = {"split": "value", "split_source": f"'{by}'", "split_locked": "1"}
    changed = _write(connection, command, values)
    changed += _give_back(connection, command, origin, ("split", "split_source", "split_locked"), by)
    return Given(changed, _clashes(connection), kept)


def give_groups(connection: sqlite3.Connection, command: int, origin: tuple[str, str]) -> Given:
    """Take the groups of the staged rows, as `give_splits` does."""
    _collect(connection, "group_key")
    changed = _write(connection, command, {"group_key": "value"})
    changed += _give_back(connection, command, origin, ("group_key",), None)
    return Given(changed, _clashes(connection))


def _collect(connection: sqlite3.Connection, column: str) -> None:
    """Fill ``given`` with the value of each image whose rows agree, ``stated`` with all that name one."""
    connection.execute("DROP TABLE IF EXISTS temp.given")
    connection.execute("DROP TABLE IF EXISTS temp.stated")
    connection.execute(
        f"""
        CREATE TEMP TABLE stated AS
        SELECT image_id, min({column}) AS value, max({column}) AS other
        FROM temp.staged WHERE {column} IS NOT NULL GROUP BY image_id
        """  # noqa: S608 - constants
    )
    connection.execute("CREATE TEMP TABLE given (image_id INTEGER PRIMARY KEY, value TEXT)")
    connection.execute("INSERT INTO temp.given SELECT image_id, value FROM temp.stated WHERE value = other")


def _clashes(connection: sqlite3.Connection) -> tuple[tuple[str, str, str], ...]:
    """Return the images whose rows disagree with two of their values."""
    rows = connection.execute(
        "SELECT path, value, other FROM temp.stated JOIN main.image ON id = image_id "
        "WHERE value <> other ORDER BY path LIMIT ?",
        (NAMED,),
    )
    return tuple(rows.fetchall())


def _write(connection: sqlite3.Connection, command: int, values: dict[str, str]) -> int:
    different = " OR ".join(f"{column} IS NOT {value}" for column, value in values.items())
    here = "temp.given JOIN main.image ON id = image_id"
    number = connection.execute(f"SELECT count(*) FROM {here} WHERE {different}").fetchone()[0]  # noqa: S608 - constants
    for column, value in values.items():
        connection.execute(
            f"""
            INSERT INTO change SELECT ?, 'image', CAST(id AS TEXT), '{column}', {column}, {value}
            FROM {here} WHERE {column} IS NOT {value} ORDER BY id
            """,  # noqa: S608 - constants
            (command,),
        )
    settings = ", ".join(f"{column} = {value}" for column, value in values.items())
    connection.execute(
        f"UPDATE main.image SET {settings} FROM temp.given WHERE id = image_id AND ({different})"  # noqa: S608 - constants
    )
    return int(number)


def _give_back(
    connection: sqlite3.Connection,
    command: int,
    origin: tuple[str, str],
    columns: tuple[str, ...],
    by: str | None,
) -> int:
    """Give images that a source no longer speaks of what they had before it first did."""
    marks = ", ".join("?" * len(columns))
    rows = connection.execute(
        f"""
        SELECT CAST(row AS INTEGER), "column", old, new FROM change
        WHERE "table" = 'image' AND "column" IN ({marks}) AND command IN (
            SELECT number FROM command
            WHERE number < ? AND undone_by IS NULL AND name IN ('import', 'remove-source')
                AND json_extract(arguments, '$.format') = ? AND json_extract(arguments, '$.source') = ?
        ) AND CAST(row AS INTEGER) NOT IN (SELECT image_id FROM temp.stated)
        ORDER BY change.rowid
        """,  # noqa: S608 - question marks only
        (*columns, command, *origin),
    ).fetchall()
    before: dict[int, dict[str, object]] = defaultdict(dict)
    after: dict[int, dict[str, object]] = defaultdict(dict)
    for image, column, old, new in rows:
        before[image].setdefault(column, old)
        after[image][column] = new
    changed = 0
    for image, values in sorted(before.items()):
        now = connection.execute(
            f"SELECT {', '.join(columns)} FROM main.image WHERE id = ?",  # noqa: S608 - constants
            (image,),
        ).fetchone()
        held = dict(zip(columns, now or (), strict=False))
        # Somebody else has decided since: that stays.
        if not held or any(held[column] != new for column, new in after[image].items()):
            continue
        if by is not None and held.get("split_source") != by:
            continue
        for column, old in values.items():
            set_value(connection, command, ("image", image, column), old)
        changed += any(held[column] != old for column, old in values.items())
    return changed
