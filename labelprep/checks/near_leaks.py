"""Near duplicates in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for pair in context.pairs():
        rows = context.connection.execute(
            "SELECT id, path, split FROM image WHERE id IN (?, ?) AND split IS NOT NULL ORDER BY path",
            (pair.left, pair.right),
        ).fetchall()
        if len({row[2] for row in rows}) > 1:
            (identifier, path, split), (_, other, other_split) = rows
            yield Finding(
                path, f"{pair.kind}: it lies in {split}, {other} in {other_split}", image_id=identifier
            )


CHECK = Check(
    code="LP402",
    name="near-leak",
    severity=Severity.ERROR,
    title="near duplicates in two splits",
    why="The same picture, rescaled, compressed or a little changed, is trained on and tested on: the score "
    "is too good.",
    fix="labelprep duplicates shows them; labelprep duplicates --exclude leaves one of each",
    example="train/a.jpg: near duplicate: it lies in train, test/b.jpg in test",
    find=_find,
)
