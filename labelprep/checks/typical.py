"""What the pictures of a set are usually like, so that only those that differ from it are told.

Digits on black are dark by nature, photos of cells soft: what is usual in a set is no defect of each picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

LEAST_IMAGES: Final = 10
SAMPLE: Final = 10_000
NOTHING: Final = 0.012
"""Contrast of three grey levels: below, a picture is of one colour."""
PHOTOS: Final = 0.6
"""Up to this median flatness a set is one of photos, not of drawings."""
MASK_LIKE: Final = "flatness >= 0.97 AND format IN ('png', 'gif', 'bmp', 'tiff', 'webp')"
"""A picture of a few tones, kept without loss: a mask among photos."""
READ: Final = "status IN ('ok', 'damaged') AND focus IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Typical:
    """Medians over a set; in a set too small to have a usual, those of photos, and ``side_px`` 0."""

    low: float = 0.15
    high: float = 0.8
    flatness: float = 0.07
    focus: float = 0.4
    aspect: float = 1.3
    side_px: float = 0.0


def typical(connection: sqlite3.Connection) -> Typical:
    """Return what is usual, from at most about 10,000 pictures spread over the set."""
    images = connection.execute("SELECT max(id) FROM image").fetchone()[0] or 0
    rows = connection.execute(
        "SELECT low, high, flatness, focus, max(width_px, height_px) * 1.0 / min(width_px, height_px), "  # noqa: S608 - a constant
        f"width_px * height_px FROM image WHERE {READ} AND id % ? = 0",
        (max(images // SAMPLE, 1),),
    ).fetchall()
    if len(rows) < LEAST_IMAGES:
        return Typical()
    low, high, flatness, focus, aspect, area = (median(column) for column in zip(*rows, strict=True))
    return Typical(low, high, flatness, focus, aspect, area**0.5)


def channels_share(connection: sqlite3.Connection, channels: int) -> float:
    """Return the share of pictures that are grey (1) or coloured (3), 0 in a small set."""
    number, whole = connection.execute(
        f"SELECT sum(channels = ?), count(*) FROM image WHERE {READ}",  # noqa: S608 - a constant
        (channels,),
    ).fetchone()
    return number / whole if whole >= LEAST_IMAGES else 0.0


def pictures(
    connection: sqlite3.Connection, columns: str, where: str, *values: object
) -> Iterator[tuple[Any, ...]]:
    """Yield id, path and columns of the pictures that meet a condition, in the order of their paths."""
    wanted = f", {columns}" if columns else ""
    yield from connection.execute(
        f"SELECT id, path{wanted} FROM image WHERE {READ} AND ({where}) ORDER BY path",  # noqa: S608 - constants of checks
        values,
    )
