"""The sources of a manifest: where they lie, what they were read with, how much of them was used."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.manifest.journal import set_value
from labelprep.manifest.paths import escaped

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source was last read with, and what came of its rows; ``sha256`` is of its bytes, as hex."""

    sha256: str | None
    encoding: str | None
    options: dict[str, Any]
    rows: int
    matched: int
    unmatched: int
    rank: int


@dataclass(frozen=True, slots=True)
class KnownSource:
    """One source with its living statements and the images they are about."""

    id: int
    kind: str
    location: str
    state: SourceState
    statements: int = 0
    images: int = 0
    imported: str | None = field(default=None)


def location_of(manifest: Path, source: Path) -> str:
    """Return how a source's place is kept: relative to the manifest where both lie on one drive, POSIX.

    A link keeps its own name: what it points to may change from one import to the next.
    """
    place = source.absolute()
    place = place.parent.resolve() / place.name if place.name not in {"", ".."} else place.resolve()
    try:
        kept = Path(os.path.relpath(place, manifest.parent.resolve())).as_posix()
    except ValueError:
        kept = place.as_posix()
    return escaped(kept)


def find(connection: sqlite3.Connection, kind: str, location: str) -> KnownSource | None:
    """Return a source by what it is and where, without its counts."""
    row = connection.execute(
        "SELECT id, kind, location, sha256, encoding, options, rows, matched, unmatched, rank "
        "FROM source WHERE kind = ? AND location = ?",
        (kind, location),
    ).fetchone()
    return None if row is None else KnownSource(row[0], row[1], row[2], _state(row[3:]))


def _state(row: tuple[Any, ...]) -> SourceState:
    return SourceState(row[0], row[1], json.loads(row[2]), *row[3:])


def listed(connection: sqlite3.Connection) -> list[KnownSource]:
    """Return the sources, highest rank first, without those that were undone or removed."""
    rows = connection.execute(
        """
        WITH living AS (
            SELECT source_id, count(*) AS statements, count(DISTINCT image_id) AS images,
                max(added_by) AS newest
            FROM statement WHERE removed_by IS NULL GROUP BY source_id
        )
        SELECT source.id, kind, location, sha256, encoding, options, rows, matched, unmatched, rank,
            ifnull(statements, 0), ifnull(images, 0), at
        FROM source LEFT JOIN living ON source_id = source.id LEFT JOIN command ON number = newest
        WHERE statements IS NOT NULL OR rows > 0
        ORDER BY rank DESC, source.id
        """
    )
    return [KnownSource(row[0], row[1], row[2], _state(row[3:10]), row[10], row[11], row[12]) for row in rows]


def write_state(connection: sqlite3.Connection, command: int, identifier: int, state: SourceState) -> bool:
    """Keep what a source was read with, so that `undo` brings back what was kept before; tell a change."""
    before = connection.total_changes
    values = {
        "sha256": state.sha256,
        "encoding": state.encoding,
        "options": json.dumps(state.options, ensure_ascii=False, sort_keys=True),
        "rows": state.rows,
        "matched": state.matched,
        "unmatched": state.unmatched,
        "rank": state.rank,
    }
    for column, value in values.items():
        set_value(connection, command, ("source", identifier, column), value)
    return connection.total_changes != before


def conflict_count(connection: sqlite3.Connection, identifier: int) -> int:
    """Return how many images that a source speaks of have no label because sources disagree."""
    query = """
        SELECT count(*) FROM image WHERE conflict AND status <> 'missing' AND EXISTS (
            SELECT 1 FROM statement WHERE image_id = image.id AND source_id = ? AND removed_by IS NULL
        )
    """
    return int(connection.execute(query, (identifier,)).fetchone()[0])


def annotation_count(connection: sqlite3.Connection, identifier: int) -> int:
    """Return how many shapes and stated classes of a source are stored."""
    query = """
        SELECT count(*) FROM statement JOIN annotation ON statement_id = statement.id
        WHERE source_id = ? AND removed_by IS NULL AND (kind <> 'class' OR class_id IS NOT NULL)
    """
    return int(connection.execute(query, (identifier,)).fetchone()[0])


def living(connection: sqlite3.Connection, identifier: int) -> list[tuple[int, int]]:
    """Return the living statements of a source as (statement, image), in the order of their ids."""
    rows = connection.execute(
        "SELECT id, image_id FROM statement WHERE source_id = ? AND removed_by IS NULL ORDER BY id",
        (identifier,),
    )
    return rows.fetchall()
