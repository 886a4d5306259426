"""A manifest as text that two scans of one tree must share, however they came about.

Left out is what may differ without meaning: ids, command numbers, times of commands, the manifest's own id,
and where in which pack a proxy lies.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = (
    "path, path_bytes, status, problem, notes, format, mode, channels, frames, width_px, height_px, "
    "exif_orientation, size_bytes, mtime_ns, sha256, fingerprint, brightness, sharpness, decoder_version, "
    "own_proxy, split, split_source, split_locked, group_key, label, labels, label_source, conflict"
)
QUERIES = {
    "meta": "SELECT key, value FROM meta WHERE key <> 'id'",
    "command": "SELECT name, arguments, author, finished, pruned FROM command",
    "image": f"SELECT {IMAGE} FROM image",  # noqa: S608 - a constant
    "skipped": "SELECT path, path_bytes, reason, format, size_bytes, mtime_ns FROM skipped",
    "class": "SELECT id, name, aliases, retired, merged_into, removed_by IS NULL FROM class",
    "source": "SELECT kind, location, sha256, encoding, options, rows, matched, unmatched, rank FROM source",
    "statement": """
        SELECT path, kind, location, locator, confidence, author, removed_by IS NULL
        FROM statement JOIN image ON image.id = image_id JOIN source ON source.id = source_id
    """,
    "annotation": """
        SELECT image.path, statement.locator, annotation.kind, class.name, geometry, attributes,
            annotation.locator, annotation.confidence, statement.removed_by IS NULL
        FROM annotation JOIN statement ON statement.id = statement_id JOIN image ON image.id = image_id
        LEFT JOIN class ON class.id = class_id
    """,
    "proxy": "SELECT sha256, decoder_version, proxy_size, length FROM proxy",
    "array": "SELECT height_px, width_px, channels, fit, decoder_version, proxy_size FROM array",
}


def dump(manifest: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table, sorted."""
    with closing(sqlite3.connect(manifest)) as connection:
        return {
            name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in QUERIES.items()
        }
