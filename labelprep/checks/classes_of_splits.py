"""Classes that a split lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest.images import splits_in_use
from labelprep.model.images import SPLITS
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


LEAST = 3
"""With fewer images a class cannot be in all of three splits, which LP304 tells."""


def _find(context: CheckContext) -> Iterator[Finding]:
    connection = context.connection
    present = [name for name in SPLITS if name in splits_in_use(connection)]
    if not present:
        return
    for name, counts in context.counts_of_splits.items():
        total = sum(number for split, number in counts.items() if split is not None)
        if not total:
            continue
        lacking = [split for split in present if split not in counts]
        if lacking and (total >= LEAST or "train" in lacking):
            own = "its only image lies not" if total == 1 else f"none of its {total:,} images lies"
            yield Finding(name, f"{own} in {' or '.join(lacking)}", key=", ".join(lacking))


CHECK = Check(
    code="LP404",
    name="class-missing-from-split",
    severity=Severity.WARNING,
    title="classes that a split lacks",
    why="A class that train lacks cannot be learned; one that validation or test lacks is never judged.",
    fix="labelprep split, for images that have no split; else name splits that hold every class",
    example="fox: none of its 40 images lies in test",
    find=_find,
)
