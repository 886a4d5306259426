"""Classes of very different sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    counts = context.counts
    if len(counts) < 2:  # noqa: PLR2004 - one class is not out of balance
        return
    largest = max(counts, key=lambda name: (counts[name], name))
    smallest = min(counts, key=lambda name: (counts[name], name))
    times = counts[largest] / counts[smallest]
    if times >= context.limits.imbalance:
        yield Finding(
            "classes",
            f"{largest} has {counts[largest]:,} images, {smallest} has {counts[smallest]:,}: "
            f"{times:.0f} to 1",
        )


CHECK = Check(
    code="LP305",
    name="imbalance",
    severity=Severity.WARNING,
    title="classes out of balance",
    why="A network that always says the largest class looks right most of the time. Look at balanced "
    "accuracy and macro F1, not at accuracy alone.",
    fix="add images of the small classes",
    example="classes: cat has 4,000 images, fox has 12: 333 to 1",
    find=_find,
)
