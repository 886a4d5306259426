"""Shots of one camera within seconds of each other: they show the same scene, so they stay together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from labelprep.splits.members import NONE, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d{1,6})?)")
NO_TIME = np.datetime64("NaT", "us")


def burst_keys(cameras: Sequence[str | None], times: Sequence[str | None], seconds: float) -> Ints:
    """Return a key for each shot: chains of shots of one camera, each within ``seconds`` of the next.

    ``times`` are ``YYYY-MM-DD HH:MM:SS``, also with colons in the date, a ``T``, parts of a second. -1 where
    the camera or the time is not known: without both nothing says that two shots belong together.
    """
    names = {name: number for number, name in enumerate(sorted({name for name in cameras if name}))}
    numbers = np.array([names.get(name, NONE) if name else NONE for name in cameras], dtype=np.int64)
    taken = np.array([_time(text) for text in times], dtype="datetime64[us]")
    keys = np.full(len(numbers), NONE, dtype=np.int64)
    known = np.flatnonzero((numbers != NONE) & ~np.isnat(taken))
    if not len(known):
        return keys
    order = known[np.lexsort((taken[known], numbers[known]))]
    gap = np.diff(taken[order]) > np.timedelta64(round(seconds * 1_000_000), "us")
    keys[order] = np.concatenate(([0], np.cumsum(gap | (np.diff(numbers[order]) != 0))))
    return keys


def _time(text: str | None) -> np.datetime64:
    """Return a time; a camera whose clock was never set writes zeros, which are no date."""
    found = SHAPE.match(text) if text else None
    if found is None:
        return NO_TIME
    year, month, day, hour, minute, second = found.groups()
    try:
        return np.datetime64(f"{year}-{month}-{day}T{hour}:{minute}:{second}", "us")
    except ValueError:
        return NO_TIME
