"""Images whose sources disagree."""

from __future__ import annotations

import posixpath
from itertools import islice
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.prompts import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


NAMED = 6


def _find(context: CheckContext) -> Iterator[Finding]:
    # Followed by the index of conflicts: that of the paths would fetch a million images for a few.
    rows = context.connection.execute(
        """
        SELECT id, path FROM image INDEXED BY image_conflict
        WHERE conflict AND status <> 'missing' ORDER BY path
        """
    )
    for identifier, path in rows:
        said = ", ".join(places(context.connection, identifier))
        yield Finding(
            path,
            f"its sources disagree ({said}), so it has no label",
            fix=typed("labelprep explain", path),
            image_id=identifier,
        )


def places(connection: sqlite3.Connection, image: int) -> list[str]:
    """Return what the sources that decide say of an image, and where: ``cat in labels.csv:B2``."""
    rows = connection.execute(
        """
        SELECT location, statement.locator, final.name FROM image
        JOIN statement ON image_id = image.id AND statement.removed_by IS NULL
        JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id JOIN class ON class.id = class_id
        JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
        WHERE image.id = ? AND source.kind = label_source ORDER BY statement.id, annotation.id
        """,
        (image,),
    )
    said = dict.fromkeys(
        f"{name} in {locator if location == '.' else f'{posixpath.basename(location)}:{locator}'}"
        for location, locator, name in rows
    )
    return list(islice(said, NAMED))


CHECK = Check(
    code="LP203",
    name="conflict",
    severity=Severity.ERROR,
    title="images whose sources disagree",
    why="Two sources of the same rank name different classes. Nobody can say which is right but you, so the "
    "image has no label and is left out of training.",
    fix="labelprep resolve --prefer SOURCE, or majority; labelprep resolve IMAGE --label CLASS for one",
    example="cat/1.jpg: its sources disagree (cat in labels.csv:B2, dog in late.csv:B7), so it has no label",
    find=_find,
)
