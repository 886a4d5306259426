"""Single images with several labels in a set that has one label an image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


SHARE = 0.01
"""From this share of the labelled images on, the set is multi-label, and this is no mistake."""


def _find(context: CheckContext) -> Iterator[Finding]:
    connection = context.connection
    said = connection.execute("SELECT value FROM meta WHERE key = 'multi_label'").fetchone()
    if said is not None and said[0] == "yes":
        return
    labelled, several = connection.execute(
        "SELECT count(*), ifnull(sum(json_array_length(labels) > 1), 0) FROM image "
        "WHERE labels <> '[]' AND status <> 'missing'"
    ).fetchone()
    if not several or several >= SHARE * labelled:
        return
    rows = connection.execute(
        "SELECT id, path, labels FROM image WHERE labels <> '[]' AND json_array_length(labels) > 1 "
        "AND status <> 'missing' ORDER BY +path"
    )
    for identifier, path, labels in rows:
        named = ", ".join(json.loads(labels))
        yield Finding(
            path, f"it has several labels ({named}), nearly all others have one", image_id=identifier
        )


CHECK = Check(
    code="LP258",
    name="several-labels",
    severity=Severity.WARNING,
    title="images with several labels among images with one",
    why="A training takes one label an image, so these are left out. Few as they are, they look like a slip.",
    fix="labelprep resolve IMAGE --label CLASS; or import with --multi-label, if several are meant",
    example="both/1.jpg: it has several labels (cat, dog), nearly all others have one",
    find=_find,
)
