"""The figures of all shapes, taken once: area, how far out, whether it crosses itself, a key of its form.

They lie in the temporary table ``figure`` until a command changes the manifest; each check of shapes then
asks SQLite alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from labelprep.model.annotation import Kind
from labelprep.model.bounds import over_px
from labelprep.model.geometry import box_of, box_of_circle, crosses_itself, mask_area, polygon_area

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

ROWS_AT_ONCE: Final = 5_000
LEAST_POINTS: Final = {Kind.POLYGON: 3, Kind.POLYLINE: 2, Kind.POINTS: 1}
KINDS: Final = {str(kind): kind for kind in Kind}
TABLES: Final = """
    DROP TABLE IF EXISTS temp.figure;
    CREATE TEMP TABLE figure (
        annotation_id INTEGER PRIMARY KEY, image_id INTEGER, source_id INTEGER, class_id INTEGER,
        form INTEGER, area REAL, over_px REAL, wide REAL, tall REAL, crosses INTEGER, lacking INTEGER
    );
    DROP TABLE IF EXISTS temp.figured;
    CREATE TEMP TABLE figured (newest INTEGER);
"""
SHAPES: Final = """
    SELECT annotation.id, image.id, statement.source_id, annotation.class_id, annotation.kind,
        annotation.geometry, image.width_px, image.height_px
    FROM annotation JOIN statement ON statement.id = statement_id AND statement.removed_by IS NULL
    JOIN image ON image.id = image_id
    WHERE annotation.geometry IS NOT NULL AND image.status <> 'missing' ORDER BY annotation.id
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of one shape, in pixels.

    ``area``: None for lines and points. ``over_px``: how far it reaches out of the picture. ``wide`` and
    ``tall``: sides of the box around it, negative where they are swapped. ``lacking``: it has too few points.
    """

    area: float | None
    over_px: float
    wide: float
    tall: float
    crosses: bool
    lacking: bool


def measured(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return the connection with the table ``figure`` filled as the manifest is now."""
    newest = connection.execute("SELECT ifnull(max(number), 0) FROM command").fetchone()[0]
    known = connection.execute("SELECT count(*) FROM temp.sqlite_master WHERE name = 'figured'").fetchone()[0]
    if known and connection.execute("SELECT newest FROM temp.figured").fetchone() == (newest,):
        return connection
    connection.executescript(TABLES)
    rows = _rows(connection)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        connection.executemany("INSERT INTO temp.figure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", batch)
    connection.execute("CREATE INDEX temp.figure_form ON figure (image_id, form)")
    connection.execute("INSERT INTO temp.figured VALUES (?)", (newest,))
    return connection


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    for identifier, image, source, label, kind, geometry, width, height in connection.execute(SHAPES):
        size_wh = (width, height) if width and height else None
        found = figures(KINDS[kind], json.loads(geometry), size_wh)
        # Only compared within this process, so that Python's own hash will do.
        form = hash((kind, geometry))
        yield (
            identifier, image, source, label, form, found.area, found.over_px, found.wide, found.tall,
            found.crosses, found.lacking,
        )  # fmt: skip


def figures(kind: Kind, geometry: Any, size_wh: tuple[int, int] | None) -> Figures:  # noqa: ANN401 - by kind
    """Measure a shape on a picture of a size, which may not be known."""
    least = LEAST_POINTS.get(kind, 0)
    if least and len(geometry) < least:
        return Figures(None, 0.0, 0.0, 0.0, crosses=False, lacking=True)
    left, top, right, bottom = _around(kind, geometry)
    wide, tall = right - left, bottom - top
    over = over_px(kind, geometry, size_wh) if size_wh else 0.0
    crosses = kind in {Kind.POLYGON, Kind.ROTATED_BOX} and bool(crosses_itself(geometry))
    return Figures(_area(kind, geometry, wide, tall), over, wide, tall, crosses=crosses, lacking=False)


def _around(kind: Kind, geometry: Any) -> list[float]:  # noqa: ANN401 - by kind
    if kind is Kind.BOX:
        return list(geometry)
    if kind is Kind.CIRCLE:
        return box_of_circle(*geometry)
    if kind is Kind.MASK:
        (left, top), (width, height) = geometry["offset"], geometry["size_wh"]
        return [left, top, left + width, top + height]
    return box_of(geometry)


def _area(kind: Kind, geometry: Any, wide: float, tall: float) -> float | None:  # noqa: ANN401 - by kind
    if kind is Kind.BOX:
        return float(abs(wide * tall))
    if kind is Kind.CIRCLE:
        return float(math.pi * geometry[2] * geometry[2])
    if kind is Kind.MASK:
        return float(mask_area(geometry["counts"]))
    return polygon_area(geometry) if kind in {Kind.POLYGON, Kind.ROTATED_BOX} else None


def shapes(
    connection: sqlite3.Connection, columns: str, where: str, *values: object
) -> Iterator[tuple[Any, ...]]:
    """Yield image id, place (``path: locator``), kind, class and columns of the shapes that meet a condition.

    The conditions may name figure, annotation and image.
    """
    wanted = f", {columns}" if columns else ""
    rows = measured(connection).execute(
        "SELECT image.id, image.path, annotation.locator, statement.locator, annotation.id, annotation.kind, "  # noqa: S608 - constants of checks
        f"class.name{wanted} FROM temp.figure CROSS JOIN annotation ON annotation.id = annotation_id "
        "CROSS JOIN statement ON statement.id = statement_id CROSS JOIN image ON image.id = figure.image_id "
        f"LEFT JOIN class ON class.id = annotation.class_id WHERE {where} ORDER BY image.path, annotation.id",
        values,
    )
    for image, path, locator, stated, identifier, kind, name, *rest in rows:
        place = locator or stated or f"shape {identifier}"
        yield image, f"{path}: {place}", kind.replace("_", " "), name, *rest
