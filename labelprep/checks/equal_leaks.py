"""Equal pictures in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.doubles import SPLIT_RANK, beside_the_first, doubled
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    """Tell of each copy that lies in another split than the first one, which trains if any does."""
    rows = doubled(
        context,
        "content, id, path, split, sha256",
        "split IS NOT NULL",
        f"{SPLIT_RANK.format('split')}, path",
    )
    for first, (_, identifier, path, split, file) in beside_the_first(rows):
        if split != first[3]:
            same = "file" if file == first[4] else "pixels"
            yield Finding(
                path,
                f"the same {same} as {first[2]}, but it lies in {split}, not in {first[3]}",
                image_id=identifier,
            )


CHECK = Check(
    code="LP401",
    name="equal-leak",
    severity=Severity.ERROR,
    title="equal pictures in two splits",
    why="The network is tested on what it was trained on, so the score is too good.",
    fix="move or remove one copy, then scan; or: labelprep duplicates --exclude",
    example="test/b.jpg: the same file as train/a.jpg, but it lies in test, not in train",
    find=_find,
)
