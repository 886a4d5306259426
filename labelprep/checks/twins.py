"""The same picture with two labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    yield from _equal_files(context)
    yield from _pairs(context)


def _equal_files(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        """
        SELECT min(id), min(path), max(path), count(*), group_concat(DISTINCT label) FROM image
        WHERE status IN ('ok', 'damaged') AND label IS NOT NULL AND sha256 IS NOT NULL
        GROUP BY sha256 HAVING count(DISTINCT label) > 1 ORDER BY 2
        """
    )
    for identifier, path, other, number, labels in rows:
        more = f" and {number - 2:,} more" if number > 2 else ""  # noqa: PLR2004 - a pair
        yield Finding(
            path,
            f"the same file as {other}{more}, but they are labelled {labels.replace(',', ' and ')}",
            image_id=identifier,
        )


def _pairs(context: CheckContext) -> Iterator[Finding]:
    for pair in context.pairs():
        rows = context.connection.execute(
            "SELECT id, path, label FROM image WHERE id IN (?, ?) AND label IS NOT NULL ORDER BY path",
            (pair.left, pair.right),
        ).fetchall()
        if len({row[2] for row in rows}) > 1:
            (identifier, path, label), (_, other, other_label) = rows
            yield Finding(
                path,
                f"the same picture as {other} ({pair.kind}), but labelled {label}, not {other_label}",
                image_id=identifier,
            )


CHECK = Check(
    code="LP238",
    name="same-picture-two-labels",
    severity=Severity.ERROR,
    title="one picture with two labels",
    why="One of the labels is wrong, or the picture shows both. The network is told two things about the "
    "same pixels; where one copy lies in the test split, the score is wrong too.",
    fix="labelprep resolve IMAGE --label CLASS",
    example="a.jpg: the same file as b.jpg, but they are labelled cat and dog",
    find=_find,
)
