"""Splits whose pictures are brighter or darker than those that train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.shifting import shifts
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    for shift in shifts(context.connection, "brightness"):
        yield Finding(
            shift.split,
            f"a brightness of {shift.median:.2f} in the median, {shift.train_median:.2f} in train "
            f"(Kolmogorov–Smirnov {shift.distance:.2f})",
        )


CHECK = Check(
    code="LP407",
    name="brightness-shift",
    severity=Severity.WARNING,
    title="splits with brighter or darker pictures",
    why="Another light often means another place, time or camera than what the network has seen.",
    fix="mix the sources, or split anew",
    example="test: a brightness of 0.71 in the median, 0.38 in train (Kolmogorov–Smirnov 0.64)",
    find=_find,
)
