"""The proof of a split: which images that belong together lie in different splits, and why they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelprep.model.images import SPLITS
from labelprep.splits.components import Link, Reason, components
from labelprep.splits.members import NONE, Ints, Members

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Leak:
    """Images that belong together for one reason and lie in different splits.

    ``images`` are (id, split) in the order of ids; those of them that have no split are left out.
    """

    reason: Reason
    images: tuple[tuple[int, str], ...]


def leaks(members: Members, links: Sequence[Link]) -> list[Leak]:
    """Return all leaks, the strongest reason first, within one by the smallest id.

    Images that leak for a stronger reason are not named again where a weaker one links exactly the same
    images. `Reason.CHAIN` is said of images that only an image without a split links.
    """
    whole = components(links, len(members.ids))
    chain = Link(Reason.CHAIN, whole)
    explained: set[int] = set()
    seen: set[tuple[int, ...]] = set()
    found: list[Leak] = []
    for link in (*sorted(links, key=lambda link: list(Reason).index(link.reason)), chain):
        groups = _across(members, link.keys)
        if link is chain:
            groups = [rows for rows in groups if int(whole[rows[0]]) not in explained]
        for rows in sorted(groups, key=lambda rows: int(members.ids[rows[0]])):
            explained.add(int(whole[rows[0]]))
            same = tuple(rows.tolist())
            if same not in seen:
                seen.add(same)
                found.append(Leak(link.reason, _named(members, rows)))
    return found


def pairs_across(members: Members, link: Link) -> int:
    """Return how many pairs of images one reason links that lie in different splits."""
    rows = np.flatnonzero((link.keys != NONE) & (members.splits != NONE))
    if not len(rows):
        return 0
    _, group = np.unique(link.keys[rows], return_inverse=True)
    codes = group.reshape(-1) * len(SPLITS) + members.splits[rows]
    counts = np.bincount(codes, minlength=(int(group.max()) + 1) * len(SPLITS)).reshape(-1, len(SPLITS))
    return int(((counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) // 2).sum())


def _across(members: Members, keys: Ints) -> list[Ints]:
    """Return the rows of each key whose images lie in several splits, rows in the order of ids."""
    rows = np.flatnonzero((keys != NONE) & (members.splits != NONE))
    if not len(rows):
        return []
    order = rows[np.lexsort((members.ids[rows], keys[rows]))]
    starts = np.flatnonzero(np.diff(keys[order], prepend=NONE - 1))
    splits = members.splits[order]
    is_leak = np.minimum.reduceat(splits, starts) != np.maximum.reduceat(splits, starts)
    ends = np.append(starts[1:], len(order))
    return [order[start:end] for start, end in zip(starts[is_leak], ends[is_leak], strict=True)]


def _named(members: Members, rows: Ints) -> tuple[tuple[int, str], ...]:
    return tuple((int(members.ids[row]), SPLITS[members.splits[row]]) for row in rows)
