"""Images of equal content, and the near pairs that a search has left: what twins and leaks are found in.

Equal is a file byte for byte, or a picture pixel for pixel once it is upright.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from labelprep.checks.base import CheckContext

TABLE: Final = "doubled"
SPLIT_RANK: Final = (
    "CASE {0} " + " ".join(f"WHEN '{name}' THEN {at}" for at, name in enumerate(SPLITS)) + " ELSE 3 END"
)
"""What trains comes first: a copy that lies elsewhere is the one to move."""

# Each image beside those it is near to. Equal pictures are told as such, not as near ones.
NEAR: Final = """
    WITH near AS (
        SELECT left_sha256 AS own, right_sha256 AS other FROM near_pair WHERE level = 1 AND version = :version
        UNION
        SELECT right_sha256, left_sha256 FROM near_pair WHERE level = 1 AND version = :version
    )
    SELECT {columns} FROM near
    JOIN image AS one ON one.sha256 = near.own AND one.status IN ('ok', 'damaged')
    JOIN image AS other ON other.sha256 = near.other AND other.status IN ('ok', 'damaged')
    WHERE (one.pixel_sha256 IS NULL OR one.pixel_sha256 IS NOT other.pixel_sha256) AND {condition}
    GROUP BY one.id ORDER BY one.path
"""


def near(context: CheckContext, columns: str, condition: str) -> sqlite3.Cursor:
    """Return a row for each image ``one`` beside its near ``other`` ones that fit a condition."""
    statement = NEAR.format(columns=columns, condition=condition)
    return context.connection.execute(statement, {"version": context.near_version})


def doubled(context: CheckContext, columns: str, condition: str, order: str) -> sqlite3.Cursor:
    """Return rows of images whose content another image has, those of one content together.

    ``columns`` and ``order`` are of the table: content, first_path (the first of all with that content), id,
    path, sha256, split, labels.
    """
    context.once(TABLE, _make)
    return context.connection.execute(
        f"SELECT {columns} FROM temp.{TABLE} WHERE {condition} ORDER BY first_path, content, {order}"  # noqa: S608 - constants of checks
    )


def beside_the_first(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Yield the first row of each content with each later one; a row begins with its content."""
    first: tuple[Any, ...] = (None,)
    for row in rows:
        if row[0] == first[0]:
            yield first, row
        else:
            first = row


def _make(connection: sqlite3.Connection) -> None:
    """Put the images of equal content aside, in SQLite, which uses the disk where there are many."""
    connection.execute(f"DROP TABLE IF EXISTS temp.{TABLE}")
    connection.execute(
        f"""
        CREATE TEMP TABLE {TABLE} AS
        WITH twice AS (
            SELECT ifnull(pixel_sha256, sha256) AS content FROM image
            WHERE sha256 IS NOT NULL AND status IN ('ok', 'damaged') GROUP BY 1 HAVING count(*) > 1
        )
        SELECT content, min(path) OVER (PARTITION BY content) AS first_path, id, path, sha256, split, labels
        FROM twice JOIN image ON ifnull(pixel_sha256, sha256) = content AND status IN ('ok', 'damaged')
        """  # noqa: S608 - constants
    )
