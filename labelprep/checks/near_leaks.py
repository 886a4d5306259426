"""Near duplicates in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.doubles import SPLIT_RANK, near
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    """Tell of each image that is near to one in an earlier split, once."""
    ranks = (SPLIT_RANK.format("one.split"), SPLIT_RANK.format("other.split"))
    rows = near(
        context,
        "one.id, one.path, one.split, min(other.path), other.split, count(DISTINCT other.id)",
        f"{ranks[0]} > {ranks[1]}",
    )
    for identifier, path, split, other, other_split, number in rows:
        more = f" and {number - 1:,} more" if number > 1 else ""
        yield Finding(
            path,
            f"nearly the same picture as {other}{more}, but it lies in {split}, not in {other_split}",
            image_id=identifier,
        )


CHECK = Check(
    code="LP402",
    name="near-leak",
    severity=Severity.ERROR,
    title="near duplicates in two splits",
    why="The same picture, rescaled, compressed or a little changed, is trained on and tested on: the score "
    "is too good.",
    fix="labelprep duplicates shows them; labelprep duplicates --exclude leaves one of each",
    example="test/b.jpg: nearly the same picture as train/a.jpg, but it lies in test, not in train",
    find=_find,
    is_comparing=True,
)
