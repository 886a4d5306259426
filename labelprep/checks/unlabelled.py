"""Images that nobody has labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    """Name each image about which no source says a word; where no image has a label, only that."""
    labelled = context.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM image WHERE labels <> '[]'), count(*) FROM image "
        "WHERE status <> 'missing'"
    ).fetchone()
    if not labelled[0]:
        if labelled[1]:
            yield Finding(".", f"no image has a label yet, of {labelled[1]:,}")
        return
    rows = context.connection.execute(
        """
        SELECT id, path FROM image
        WHERE labels = '[]' AND NOT conflict AND status IN ('ok', 'damaged') AND NOT EXISTS (
            SELECT 1 FROM statement JOIN source ON source.id = source_id
            WHERE image_id = image.id AND removed_by IS NULL AND source.rank > ?
        ) ORDER BY +path
        """,
        (int(Rank.MODEL),),
    )
    for identifier, path in rows:
        yield Finding(path, "no source says what is on it", image_id=identifier)


CHECK = Check(
    code="LP237",
    name="no-label",
    severity=Severity.WARNING,
    title="images without a label",
    why="They are left out of training. Where they are many, the classes that are easy to label are "
    "over-represented in what is left.",
    fix="labelprep template labels.xlsx --unlabeled, filled in and imported",
    example="photos/0417.jpg: no source says what is on it",
    find=_find,
)
