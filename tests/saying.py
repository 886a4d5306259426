"""Statements of people, sheets and models, written as an import would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.manifest import classes, journal, resolving, statements
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

KINDS = {Rank.PERSON: "person", Rank.SHEET: "sheet", Rank.FILE_NAME: "file_name", Rank.MODEL: "model"}


def say(store: Store, path: str, *names: str, rank: Rank = Rank.PERSON, location: str = "page") -> int:
    """Let a source say that one image is of these classes, in one statement; return the command's number."""
    with store.writing() as connection:
        command = journal.begin(connection, "import", {"source": location})
        classes.add(connection, names, command)
        known = classes.ids_of(connection)
        image = connection.execute("SELECT id FROM image WHERE path = ?", (path,)).fetchone()[0]
        source = statements.source_id(connection, KINDS[rank], location, rank)
        claim = statements.ClassClaim(image, f"{location}:{path}", tuple(known[name] for name in names))
        statements.claim_classes(connection, source, command, [claim])
        resolving.refresh(connection, [image])
    return command


def unsay(store: Store, path: str, *, rank: Rank = Rank.PERSON) -> int:
    """Remove what a source said about one image, as a later import does; return the command's number."""
    with store.writing() as connection:
        command = journal.begin(connection, "remove", {"path": path})
        found = connection.execute(
            """
            SELECT statement.id, image_id FROM statement JOIN image ON image.id = image_id
            JOIN source ON source.id = source_id WHERE path = ? AND rank = ? AND removed_by IS NULL
            """,
            (path, int(rank)),
        ).fetchall()
        statements.remove(connection, command, [row[0] for row in found])
        resolving.refresh(connection, [row[1] for row in found])
    return command


def draw_boxes(store: Store, path: str, *names: str, location: str = "drawn") -> int:
    """Let a source draw a box of each class on one image, in one statement; return the command's number."""
    with store.writing() as connection:
        command = journal.begin(connection, "import", {"source": location})
        classes.add(connection, names, command)
        known = classes.ids_of(connection)
        image = connection.execute("SELECT id FROM image WHERE path = ?", (path,)).fetchone()[0]
        source = statements.source_id(connection, "labelme", location, Rank.SHEET)
        statement = connection.execute(
            "INSERT INTO statement (image_id, source_id, locator, added_by) VALUES (?, ?, ?, ?) RETURNING id",
            (image, source, path, command),
        ).fetchone()[0]
        connection.executemany(
            "INSERT INTO annotation (statement_id, kind, class_id, geometry) VALUES (?, 'box', ?, ?)",
            [(statement, known[name], f"[{number}, 0, 9, 9]") for number, name in enumerate(names)],
        )
    return command
