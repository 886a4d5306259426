"""What sources say about images: statements with their annotations, added and removed, never updated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from labelprep.model.ranks import Rank


@dataclass(frozen=True, slots=True)
class ClassClaim:
    """A source says that an image is of these classes; ``attributes`` (JSON) hold for each of them.

    ``confidence``: 0–1, how sure it is of each, where it says so.
    """

    image_id: int
    locator: str
    class_ids: tuple[int, ...]
    attributes: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One statement with its annotations, as `explain` shows it; ``shapes`` are the classes of its shapes.

    ``confidence``: 0–1, the least that it gives for a class, where it gives any.
    """

    id: int
    source: str
    location: str
    rank: int
    locator: str
    classes: tuple[str, ...]
    author: str | None
    added_by: int
    removed_by: int | None
    shapes: tuple[str, ...] = ()
    confidence: float | None = None


def source_id(connection: sqlite3.Connection, kind: str, location: str, rank: Rank) -> int:
    """Return the id of a source, which is written down where it is new."""
    connection.execute(
        "INSERT INTO source (kind, location, rank) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (kind, location, int(rank)),
    )
    row = connection.execute(
        "SELECT id FROM source WHERE kind = ? AND location = ?", (kind, location)
    ).fetchone()
    return int(row[0])


def source_state(connection: sqlite3.Connection, identifier: int) -> tuple[str | None, dict[str, Any]]:
    """Return the sha256 and the options with which a source was last read."""
    row = connection.execute("SELECT sha256, options FROM source WHERE id = ?", (identifier,)).fetchone()
    return row[0], json.loads(row[1])


def set_source_state(
    connection: sqlite3.Connection,
    identifier: int,
    sha256: str,
    options: Mapping[str, Any],
    counts: tuple[int, int],
) -> None:
    """Keep what a source was read with; ``counts`` are its rows and how many matched an image."""
    rows, matched = counts
    connection.execute(
        "UPDATE source SET sha256 = ?, options = ?, rows = ?, matched = ?, unmatched = ? WHERE id = ?",
        (sha256, json.dumps(options, ensure_ascii=False), rows, matched, rows - matched, identifier),
    )


def claim_classes(
    connection: sqlite3.Connection, source: int, command: int, claims: Iterable[ClassClaim]
) -> None:
    """Add one statement an image, each with one class annotation a class."""
    following = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM statement").fetchone()[0]
    numbered = list(enumerate(claims, start=following))
    connection.executemany(
        "INSERT INTO statement (id, image_id, source_id, locator, added_by) VALUES (?, ?, ?, ?, ?)",
        ((number, claim.image_id, source, claim.locator, command) for number, claim in numbered),
    )
    connection.executemany(
        "INSERT INTO annotation (statement_id, kind, class_id, attributes, confidence) "
        "VALUES (?, 'class', ?, ?, ?)",
        (
            (number, one, claim.attributes, claim.confidence)
            for number, claim in numbered
            for one in claim.class_ids
        ),
    )


def remove(connection: sqlite3.Connection, command: int, statement_ids: Iterable[int]) -> None:
    """Mark statements as removed by a command; they stay on record."""
    connection.executemany(
        "UPDATE statement SET removed_by = ? WHERE id = ? AND removed_by IS NULL",
        ((command, identifier) for identifier in statement_ids),
    )


def without(connection: sqlite3.Connection, command: int, identifier: int, annotations: Sequence[int]) -> int:
    """Put a statement without some of its annotations in the place of a living one; return its image."""
    image, new = connection.execute(
        """
        INSERT INTO statement (image_id, source_id, locator, confidence, author, added_by)
        SELECT image_id, source_id, locator, confidence, author, ? FROM statement WHERE id = ?
        RETURNING image_id, id
        """,
        (command, identifier),
    ).fetchone()
    connection.execute(
        """
        INSERT INTO annotation (statement_id, kind, class_id, geometry, attributes, locator, confidence)
        SELECT ?, kind, class_id, geometry, attributes, locator, confidence FROM annotation
        WHERE statement_id = ? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY id
        """,
        (new, identifier, json.dumps(list(annotations))),
    )
    remove(connection, command, [identifier])
    return int(image)


def remove_of_rank(
    connection: sqlite3.Connection, command: int, image_ids: Sequence[int], rank: Rank
) -> None:
    """Mark as removed what sources of a rank say of the class of these images; their shapes stay."""
    connection.executemany(
        """
        UPDATE statement SET removed_by = ? WHERE image_id = ? AND removed_by IS NULL
            AND source_id IN (SELECT id FROM source WHERE rank = ?)
            AND id IN (SELECT statement_id FROM annotation WHERE kind = 'class')
        """,
        ((command, image, int(rank)) for image in image_ids),
    )


def about(connection: sqlite3.Connection, image_id: int) -> list[Said]:
    """Return all that was ever said about an image, highest rank first, the living before the removed."""
    rows = connection.execute(
        """
        SELECT statement.id, source.kind, source.location, source.rank, statement.locator,
            (SELECT json_group_array(name) FROM (
                SELECT class.name FROM annotation JOIN class ON class.id = class_id
                WHERE statement_id = statement.id AND annotation.kind = 'class' ORDER BY annotation.id
            )),
            statement.author, statement.added_by, statement.removed_by,
            (SELECT json_group_array(name) FROM (
                SELECT class.name FROM annotation JOIN class ON class.id = class_id
                WHERE statement_id = statement.id AND annotation.kind <> 'class' ORDER BY annotation.id
            )),
            (SELECT min(confidence) FROM annotation WHERE statement_id = statement.id AND kind = 'class')
        FROM statement JOIN source ON source.id = source_id WHERE image_id = ?
        ORDER BY statement.removed_by IS NOT NULL, source.rank DESC, statement.id
        """,
        (image_id,),
    )
    return [
        Said(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            tuple(json.loads(row[5])),
            row[6],
            row[7],
            row[8],
            tuple(json.loads(row[9])),
            row[10],
        )
        for row in rows
    ]
