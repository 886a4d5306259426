"""Classes that look like a slip of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.errors import shown
from labelprep.manifest.classes import class_counts
from labelprep.model.classes import is_slip
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


RARE, OFTEN = 2, 5
MOST_COMPARED = 1_000


def _find(context: CheckContext) -> Iterator[Finding]:
    counts = class_counts(context.connection)
    if len(counts) > MOST_COMPARED:
        return
    for name in sorted(counts):
        number = counts[name]
        meant = [
            other
            for other in counts
            if number <= RARE and counts[other] >= number * OFTEN and is_slip(name, other)
        ]
        target = max(meant, key=lambda other: (counts[other], other), default=None)
        if target is not None:
            yield Finding(
                "classes",
                f"{_counted(name, number)} looks like a slip of {_counted(target, counts[target])}",
                fix=f'labelprep classes merge "{name}" "{target}"',
            )


def _counted(name: str, number: int) -> str:
    return f"{shown(name)} ({'1 image' if number == 1 else f'{number:,} images'})"


CHECK = Check(
    code="LP302",
    name="mistyped-class",
    severity=Severity.WARNING,
    title="class names that look mistyped",
    why="A rare class whose name is a letter off a common one is most often a slip, and a class that cannot "
    "be learned.",
    fix="correct it where it stands, or: labelprep classes merge WRONG RIGHT",
    example="classes: 'huose' (1 image) looks like a slip of 'house' (11 images)",
    find=_find,
)
