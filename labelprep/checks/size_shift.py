"""Splits whose pictures are of another size than those that train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.shifting import shifts
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for shift in shifts(context.connection, "min(width_px, height_px)"):
        yield Finding(
            shift.split,
            f"a short side of {shift.median:.0f} px in the median, {shift.train_median:.0f} px in train "
            f"(Kolmogorov–Smirnov {shift.distance:.2f})",
        )


CHECK = Check(
    code="LP406",
    name="size-shift",
    severity=Severity.WARNING,
    title="splits with pictures of another size",
    why="Pictures of another size often come from another camera or another source: the score then tells how "
    "well the network copes with that, not how well it has learned the classes.",
    fix="mix the sources, or split anew",
    example="test: a short side of 1,080 px in the median, 480 px in train (Kolmogorov–Smirnov 0.83)",
    find=_find,
)
