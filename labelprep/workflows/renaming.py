"""What the names of moved images say: read anew by the patterns that were imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelprep.formats import names
from labelprep.manifest import classes, statements
from labelprep.model.annotation import Record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from labelprep.manifest.images import Moved

KIND = "file_name"
WHOLE = "."


def restate(connection: sqlite3.Connection, command: int, moved: Sequence[Moved]) -> None:
    """Say of moved images what their new names state; what the old ones stated is removed already.

    Their splits and groups stay, also those that a name gave.
    """
    if not moved:
        return
    rows = connection.execute(
        "SELECT id, location, json_extract(options, '$.pattern') FROM source "
        "WHERE kind = ? AND rows > 0 AND json_extract(options, '$.pattern') IS NOT NULL ORDER BY id",
        (KIND,),
    ).fetchall()
    for source, location, pattern in rows:
        start = "" if location == WHOLE else f"{location}/"
        image_of = {item.new_path: item.image_id for item in moved if item.new_path.startswith(start)}
        read = names.records(names.compile_pattern(pattern), image_of)
        stated = [item for item in read if isinstance(item, Record) and item.annotations]
        labels = {annotation.label for item in stated for annotation in item.annotations if annotation.label}
        classes.add(connection, labels, command)
        known = classes.ids_of(connection)
        claims = [
            statements.ClassClaim(
                image_of[item.image],
                item.locator,
                tuple(known[annotation.label] for annotation in item.annotations if annotation.label),
                json.dumps(item.annotations[0].attributes, ensure_ascii=False, separators=(",", ":"))
                if item.annotations[0].attributes
                else None,
            )
            for item in stated
        ]
        statements.claim_classes(connection, source, command, claims)
