"""Which images must not be torn apart: whatever links them, directly or through others, is one component."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from labelprep.splits.members import NONE, Ints

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    import numpy.typing as npt


class Reason(StrEnum):
    """Why images belong together, the strongest first."""

    FILE = "equal files"
    PIXELS = "equal pixels"
    NEAR = "near duplicates"
    BURST = "one burst"
    GROUP = "one group"
    CHAIN = "linked by others"


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One reason for images to stay together: rows of equal keys do; -1 links to nothing. Keys (n,) int64."""

    reason: Reason
    keys: Ints


def keys_of(values: Iterable[Hashable]) -> Ints:
    """Return a key for each value, equal for equal ones; None gets -1."""
    known: dict[Hashable, int] = {None: NONE}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def content_keys(contents: npt.NDArray[np.uint8]) -> Ints:
    """Return a key for each row of bytes ``(n, 32)``, in the order of the bytes."""
    order, parts = content_order(contents)
    keys = np.empty(len(order), dtype=np.int64)
    if len(order):
        sorted_parts = parts[order]
        is_new = (sorted_parts[1:] != sorted_parts[:-1]).any(axis=1)
        keys[order] = np.concatenate(([0], np.cumsum(is_new)))
    return keys


def content_order(contents: npt.NDArray[np.uint8]) -> tuple[Ints, npt.NDArray[np.uint64]]:
    """Return the rows in the order of their bytes, and the bytes as four numbers each."""
    parts = np.ascontiguousarray(contents).view(">u8").astype(np.uint64)
    order = np.argsort(parts[:, 0])
    # The first eight bytes tell almost all apart; what they do not is sorted again, by all bytes and row.
    same = np.diff(parts[order, 0]) == 0
    places = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    rows = np.sort(order[places])
    order[places] = rows[np.lexsort(parts[rows].T[::-1])]
    return order, parts


def components(links: Sequence[Link], rows: int) -> Ints:
    """Return for each row the smallest row of its component, ``(rows,)``.

    Each round joins every component to the lowest it is linked to, so that a few rounds do.
    """
    pairs = [_pairs(link.keys) for link in links]
    left = np.concatenate([pair[0] for pair in pairs]) if pairs else np.empty(0, dtype=np.int64)
    right = np.concatenate([pair[1] for pair in pairs]) if pairs else np.empty(0, dtype=np.int64)
    root = np.arange(rows, dtype=np.int64)
    while True:
        one, other = root[left], root[right]
        apart = one != other
        if not apart.any():
            return root
        left, right, one, other = left[apart], right[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        root = _flat(root)


def _pairs(keys: Ints) -> tuple[Ints, Ints]:
    """Return each row of a key beside the first row of that key."""
    rows = np.flatnonzero(keys != NONE)
    _, first, inverse = np.unique(keys[rows], return_index=True, return_inverse=True)
    heads = rows[first][inverse]
    different = heads != rows
    return heads[different], rows[different]


def _flat(root: Ints) -> Ints:
    while True:
        above = root[root]
        if np.array_equal(above, root):
            return root
        root = above
