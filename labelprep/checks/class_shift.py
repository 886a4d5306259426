"""Splits whose classes are of other shares than in train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.classes import natural_key
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


LEAST_IMAGES: Final = 30
LARGE: Final = 0.2
"""A fifth of the labels would have to be others for the shares to be those of train."""
TIMES_CHANCE: Final = 2.0
MEAN_OF_NORMAL: Final = 0.4
"""Half of the mean absolute value of a normal variable, of which a distance by chance is the sum."""


def _find(context: CheckContext) -> Iterator[Finding]:
    counts = context.counts_of_splits
    totals = {split: sum(row.get(split, 0) for row in counts.values()) for split in ("train", "val", "test")}
    for split in ("val", "test"):
        if min(totals["train"], totals[split]) < LEAST_IMAGES:
            continue
        own = {name: row.get(split, 0) / totals[split] for name, row in counts.items()}
        train = {name: row.get("train", 0) / totals["train"] for name, row in counts.items()}
        distance = sum(abs(own[name] - train[name]) for name in counts) / 2
        if distance > max(LARGE, TIMES_CHANCE * _by_chance(train, totals["train"], totals[split])):
            most = min(counts, key=lambda name: (-abs(own[name] - train[name]), natural_key(name)))
            yield Finding(
                split,
                f"{_percent(own[most])} are {most}, {_percent(train[most])} in train; the shares of all "
                f"classes differ by {_percent(distance)}",
            )


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _by_chance(shares: Mapping[str, float], one: int, other: int) -> float:
    """Return the distance that two draws of so many images from one set have in the mean, about."""
    spread = sum((share * (1 - share)) ** 0.5 for share in shares.values())
    return float(MEAN_OF_NORMAL * spread * (1 / one + 1 / other) ** 0.5)


CHECK = Check(
    code="LP408",
    name="class-shift",
    severity=Severity.WARNING,
    title="splits with other shares of the classes",
    why="A score over all images weighs the classes as this split does. Where train has other shares, it "
    "tells of the mixture more than of the network. Look at balanced accuracy, or stratify.",
    fix="labelprep split, which keeps the shares, for images that have no split; else name splits anew",
    example="test: 80 % are cat, 50 % in train; the shares of all classes differ by 30 %",
    find=_find,
)
