"""Classes that look like a slip of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.merging import merge_command
from labelprep.errors import shown
from labelprep.model.classes import slips
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    counts = context.counts
    for name, meant in slips(counts):
        yield Finding(
            "classes",
            f"{_counted(name, counts[name])} looks like a slip of {_counted(meant, counts[meant])}",
            fix=merge_command((name, meant), meant),
            key=ascii(name),
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
