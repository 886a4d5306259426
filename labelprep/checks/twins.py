"""The same picture with two labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.doubles import SPLIT_RANK, beside_the_first, doubled, near
from labelprep.model.issues import Severity
from labelprep.model.prompts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    yield from _equal(context)
    yield from _near(context)


def _equal(context: CheckContext) -> Iterator[Finding]:
    """Tell of each copy that is labelled otherwise than the first one, which trains if any does."""
    order = f"{SPLIT_RANK.format('split')}, path"
    rows = doubled(context, "content, id, path, labels, sha256", "labels <> '[]'", order)
    for first, (_, identifier, path, labels, file) in beside_the_first(rows):
        if labels != first[3]:
            same = "file" if file == first[4] else "pixels"
            yield _finding(identifier, path, f"the same {same} as {first[2]}", (labels, first[3]))


def _near(context: CheckContext) -> Iterator[Finding]:
    rows = near(
        context,
        "one.id, one.path, one.labels, min(other.path), other.labels",
        "one.labels <> '[]' AND other.labels NOT IN ('[]', one.labels) "
        f"AND ({SPLIT_RANK.format('one.split')}, one.path) > "
        f"({SPLIT_RANK.format('other.split')}, other.path)",
    )
    for identifier, path, labels, other, other_labels in rows:
        yield _finding(identifier, path, f"nearly the same picture as {other}", (labels, other_labels))


def _finding(image: int, path: str, same: str, labels: tuple[str, str]) -> Finding:
    own, others = (", ".join(json.loads(text)) for text in labels)
    return Finding(
        path,
        f"{same}, but it is labelled {own}, not {others}",
        fix=f"labelprep resolve {quoted(path)} --label CLASS",
        image_id=image,
    )


CHECK = Check(
    code="LP238",
    name="same-picture-two-labels",
    severity=Severity.ERROR,
    title="one picture with two labels",
    why="One of the labels is wrong, or the picture shows both. The network is told two things about the "
    "same pixels; where one copy lies in the test split, the score is wrong too.",
    fix="look at both, then: labelprep resolve IMAGE --label CLASS",
    example="b.jpg: the same file as a.jpg, but it is labelled dog, not cat",
    find=_find,
    is_comparing=True,
)
