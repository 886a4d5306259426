"""How far the pictures of a split differ from those that train, in one figure of each picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

LEAST_IMAGES: Final = 30
LARGE: Final = 0.25
"""A distance that a person sees: a quarter of the pictures lies on the other side of some value."""
CHANCE: Final = 1.95
"""Times sqrt((n + m) / nm): a distance beyond comes by chance once in a thousand times."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One split beside train: the medians, and the Kolmogorov-Smirnov distance, 0-1."""

    split: str
    median: float
    train_median: float
    distance: float


def shifts(connection: sqlite3.Connection, expression: str) -> Iterator[Shift]:
    """Yield the splits that are far from train in a column of the images.

    Source: Smirnov, Table for estimating the goodness of fit of empirical distributions, 1948.
    """
    train = _values(connection, expression, "train")
    for split in ("val", "test"):
        values = _values(connection, expression, split)
        if min(len(train), len(values)) < LEAST_IMAGES:
            continue
        found = distance(train, values)
        by_chance = CHANCE * ((len(train) + len(values)) / (len(train) * len(values))) ** 0.5
        if found > max(LARGE, by_chance):
            yield Shift(split, float(np.median(values)), float(np.median(train)), found)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the greatest difference of two distributions, each (n,) float64 sorted."""
    both = np.concatenate([one, other])
    shares = [np.searchsorted(values, both, side="right") / len(values) for values in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def _values(connection: sqlite3.Connection, expression: str, split: str) -> np.ndarray:
    rows = connection.execute(
        f"SELECT {expression} AS value FROM image WHERE split = ? AND status IN ('ok', 'damaged') "  # noqa: S608 - constants of checks
        "AND width_px IS NOT NULL",
        (split,),
    )
    return np.sort(np.fromiter((row[0] for row in rows), dtype=np.float64))
