"""Every command that changed the manifest, and how to take one back.

A command owns the rows of ``change`` (splits, classes, the root), the statements it added or removed, and the
classes it added. Facts of a scan are not journaled: they are what the disk says, and cannot be undone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labelprep.errors import ManifestError, UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

SCAN = "scan"
UNDO = "undo"
EDITABLE = {
    "image": frozenset({"split", "split_source", "split_locked", "group_key", "status"}),
    "class": frozenset({"name", "aliases", "retired", "merged_into"}),
    "source": frozenset({"rank", "sha256", "options", "rows", "matched", "unmatched", "encoding"}),
    "meta": frozenset({"value"}),
}
NAMED_ROWS = 5


@dataclass(frozen=True, slots=True)
class Logged:
    """One command of the journal, with what it touched."""

    number: int
    name: str
    arguments: Mapping[str, Any]
    author: str | None
    at: str
    undone_by: int | None
    undoes: int | None
    changes: int
    statements: int


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back; ``images`` are those whose labels have to be resolved again."""

    number: int
    name: str
    command: int
    changes: int
    statements: int
    classes: tuple[str, ...]
    images: tuple[int, ...]


def begin(
    connection: sqlite3.Connection,
    name: str,
    arguments: Mapping[str, Any],
    *,
    author: str | None = None,
    finished: bool = True,
) -> int:
    """Write a command down and return its number."""
    cursor = connection.execute(
        "INSERT INTO command (name, arguments, author, at, finished) VALUES (?, ?, ?, ?, ?)",
        (name, json.dumps(arguments, ensure_ascii=False), author, _now(), int(finished)),
    )
    assert cursor.lastrowid is not None  # noqa: S101 - an INSERT always has one
    return cursor.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def set_value(
    connection: sqlite3.Connection, command: int, place: tuple[str, object, str], new: object
) -> None:
    """Change one cell, ``place`` being (table, row, column), and keep its old value for `undo`."""
    table, row, column = place
    key = _key_of(table, column)
    old = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE {key} = ?', (row,)).fetchone()[0]  # noqa: S608 - names checked by _key_of
    if old == new:
        return
    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {key} = ?', (new, row))  # noqa: S608 - the same
    connection.execute(
        "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)", (command, table, str(row), column, old, new)
    )


def _key_of(table: str, column: str) -> str:
    if column not in EDITABLE.get(table, ()):
        raise ValueError(f"{table}.{column} is not journaled")
    return "key" if table == "meta" else "id"


def log(connection: sqlite3.Connection, limit: int | None = None) -> list[Logged]:
    """Return the commands, newest first."""
    rows = connection.execute(
        """
        SELECT number, name, arguments, author, at, undone_by, undoes,
            (SELECT count(*) FROM change WHERE change.command = number AND "table" <> 'statement'),
            (SELECT count(*) FROM statement WHERE added_by = number)
                + (SELECT count(*) FROM statement WHERE removed_by = number)
        FROM command ORDER BY number DESC LIMIT ?
        """,
        (-1 if limit is None else limit,),
    )
    return [Logged(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]


def prune(connection: sqlite3.Connection, before: str) -> int:
    """Forget how to undo what happened before a date (ISO 8601); return how many commands became final.

    The commands stay in the log, since statements name them; their old values go.
    """
    connection.execute(
        "DELETE FROM change WHERE command IN (SELECT number FROM command WHERE at < ?)", (before,)
    )
    return connection.execute(
        "UPDATE command SET pruned = 1 WHERE at < ? AND NOT pruned AND name <> ?", (before, SCAN)
    ).rowcount


def undo(connection: sqlite3.Connection, number: int | None = None) -> Undone:
    """Take back one command, the newest by default, as a command of its own (which can be undone in turn).

    Raises: ManifestError where it is a scan or pruned, or where later commands touched the same rows;
    UsageError where there is no such command.
    """
    target, name, pruned = _target(connection, number)
    if name == SCAN:
        raise ManifestError(
            f"command {target} is a scan: it wrote down what is on the disk, which no undo changes",
            fix="change the files and scan again, or take back an earlier command with `labelprep undo N`",
        )
    if pruned:
        raise ManifestError(
            f"command {target} was pruned from the log", fix="nothing can take it back any more"
        )
    _refuse_entangled(connection, target)
    command = begin(connection, UNDO, {"command": target})
    images = tuple(row[0] for row in connection.execute(_TOUCHED_IMAGES, {"command": target}))
    changes = _revert_changes(connection, target, command)
    statements = _revert_statements(connection, target, command)
    classes = _revert_classes(connection, target, command)
    connection.execute("UPDATE command SET undone_by = ? WHERE number = ?", (command, target))
    connection.execute("UPDATE command SET undoes = ? WHERE number = ?", (target, command))
    return Undone(target, name, command, changes, statements, classes, images)


_TOUCHED_IMAGES = """
    SELECT image_id FROM statement WHERE added_by = :command OR removed_by = :command
    UNION
    SELECT CAST(row AS INTEGER) FROM change WHERE command = :command AND "table" = 'image'
    ORDER BY 1
"""


# The commands whose work stands: not undone, and no undo themselves, unless they do again what another undid.
_STANDING = """
    WITH RECURSIVE chain (number, depth) AS (
        SELECT number, 0 FROM command WHERE undoes IS NULL
        UNION ALL
        SELECT command.number, depth + 1 FROM command JOIN chain ON command.undoes = chain.number
    ), standing AS (
        SELECT number FROM chain JOIN command USING (number) WHERE undone_by IS NULL AND depth % 2 = 0
    )
"""


def _target(connection: sqlite3.Connection, number: int | None) -> tuple[int, str, bool]:
    if number is None:
        row = connection.execute(
            f"{_STANDING} SELECT number, name, pruned FROM command JOIN standing USING (number) "  # noqa: S608 - a constant
            "ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None:
            raise UsageError("there is nothing to undo", fix="see `labelprep log`")
        return int(row[0]), str(row[1]), bool(row[2])
    row = connection.execute(
        "SELECT number, name, pruned, undone_by FROM command WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise UsageError(f"there is no command {number}", fix="see `labelprep log`")
    if row[3] is not None:
        again = connection.execute("SELECT undone_by FROM command WHERE number = ?", (row[3],)).fetchone()[0]
        if again is not None:
            return _target(connection, again)
        raise UsageError(
            f"command {number} was already undone by command {row[3]}", fix="see `labelprep log`"
        )
    return int(row[0]), str(row[1]), bool(row[2])


def _refuse_entangled(connection: sqlite3.Connection, target: int) -> None:
    """Refuse where a later command, not undone itself, wrote to the same rows."""
    rows = connection.execute(
        f"""
        {_STANDING}, touched AS (SELECT number FROM standing WHERE number > :command)
        SELECT DISTINCT later.command, 'labels of image ' || image.path FROM (
            SELECT added_by AS command, image_id FROM statement WHERE added_by IN touched
            UNION SELECT removed_by, image_id FROM statement WHERE removed_by IN touched
        ) AS later JOIN image ON image.id = later.image_id
        WHERE later.image_id IN (
            SELECT image_id FROM statement WHERE added_by = :command OR removed_by = :command
        )
        UNION
        SELECT DISTINCT later.command, later."table" || ' ' || later.row || ' ' || later."column"
        FROM change AS later JOIN change AS own
            ON own."table" = later."table" AND own.row = later.row AND own."column" = later."column"
        WHERE own.command = :command AND later.command IN touched
        ORDER BY 1, 2
        """,  # noqa: S608 - a constant
        {"command": target},
    ).fetchall()
    if rows:
        later = sorted({row[0] for row in rows})
        commands = ", ".join(str(number) for number in later)
        named = "; ".join(row[1] for row in rows[:NAMED_ROWS])
        more = f" and {len(rows) - NAMED_ROWS:,} more" if len(rows) > NAMED_ROWS else ""
        raise ManifestError(
            f"later commands ({commands}) touched the same rows: {named}{more}",
            where=f"command {target}",
            fix="undo first, in this order: " + ", ".join(str(number) for number in reversed(later)),
        )


def _revert_changes(connection: sqlite3.Connection, target: int, command: int) -> int:
    rows = connection.execute(
        """
        SELECT "table", row, "column", old FROM change
        WHERE command = ? AND "table" <> 'statement' ORDER BY rowid DESC
        """,
        (target,),
    ).fetchall()
    for table, row, column, old in rows:
        set_value(connection, command, (table, row if table == "meta" else int(row), column), old)
    return len(rows)


def _revert_statements(connection: sqlite3.Connection, target: int, command: int) -> int:
    """Remove what the command added; bring back what it removed, as new rows: the record of it stays true.

    What it added may live on in such a new row, brought back when a later command was undone.
    """
    removed = connection.execute(
        """
        UPDATE statement SET removed_by = :command WHERE removed_by IS NULL AND id IN (
            WITH RECURSIVE own (id) AS (
                SELECT id FROM statement WHERE added_by = :target
                UNION
                SELECT new FROM own JOIN change ON "table" = 'statement' AND row = CAST(own.id AS TEXT)
            ) SELECT id FROM own
        )
        """,
        {"target": target, "command": command},
    ).rowcount
    first = connection.execute("SELECT ifnull(max(id), 0) FROM statement").fetchone()[0]
    connection.execute(
        """
        CREATE TEMP TABLE copied AS
        SELECT id AS old, ? + row_number() OVER (ORDER BY id) AS new
        FROM statement WHERE removed_by = ? AND added_by <> ?
        """,
        (first, target, target),
    )
    copies = connection.execute(
        """
        INSERT INTO statement (id, image_id, source_id, locator, confidence, author, added_by)
        SELECT new, image_id, source_id, locator, confidence, author, ?
        FROM temp.copied JOIN statement ON statement.id = old ORDER BY new
        """,
        (command,),
    ).rowcount
    connection.execute(
        """
        INSERT INTO annotation (statement_id, kind, class_id, geometry, attributes, locator, confidence)
        SELECT new, kind, class_id, geometry, attributes, locator, confidence
        FROM temp.copied JOIN annotation ON statement_id = old ORDER BY annotation.id
        """
    )
    connection.execute(
        "INSERT INTO change SELECT ?, 'statement', CAST(old AS TEXT), 'brought_back_as', NULL, new "
        "FROM temp.copied",
        (command,),
    )
    connection.execute("DROP TABLE temp.copied")
    return removed + copies


def _revert_classes(connection: sqlite3.Connection, target: int, command: int) -> tuple[str, ...]:
    """Take away the classes that the command added and that no living statement names; ids stay reserved."""
    revived = connection.execute("SELECT id FROM class WHERE removed_by = ?", (target,)).fetchall()
    for (identifier,) in revived:
        connection.execute("UPDATE class SET removed_by = NULL WHERE id = ?", (identifier,))
    rows = connection.execute(
        """
        SELECT id, name FROM class WHERE added_by = ? AND removed_by IS NULL AND NOT EXISTS (
            SELECT 1 FROM annotation JOIN statement ON statement.id = statement_id
            WHERE class_id = class.id AND statement.removed_by IS NULL
        ) ORDER BY id
        """,
        (target,),
    ).fetchall()
    for identifier, _ in rows:
        connection.execute("UPDATE class SET removed_by = ? WHERE id = ?", (command, identifier))
    return tuple(name for _, name in rows)
