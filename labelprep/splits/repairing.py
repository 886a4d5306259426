"""The last step of a split: move components as long as that brings the classes nearer to what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelprep.splits.vectors import Plan, Vectors, spans

if TYPE_CHECKING:
    from labelprep.splits.members import Ints

TRAIN = 0
FEWEST = 1_000
MOST_COUNTED = 1 << 16


def repaired(plan: Plan, parts: Ints) -> Ints:
    """Return the part of each component, such that no move of a free one brings the classes nearer.

    ``parts`` (components,) is where they lie. How near they are is the sum of the squares of the images above
    or below what is wanted, over classes and parts. Where the plan keeps training, every class gets an image
    in the first part, and no move takes the last of them.
    """
    parts = parts.copy()
    vectors = plan.vectors
    if not len(vectors.component):
        return parts
    counts = plan.placed + vectors.spread(parts, len(plan.shares))
    if plan.keeps_training:
        _give_training(plan, parts, counts)
    costs = _Costs(vectors, counts)
    while (counts != plan.wanted).any() and _pass(plan, costs, parts, counts):
        pass
    return parts


def _give_training(plan: Plan, parts: Ints, counts: Ints) -> None:
    """Move the component that costs least into train, for each class that has none there."""
    vectors = plan.vectors
    for label in np.flatnonzero((counts[:, TRAIN] == 0) & (plan.wanted[:, TRAIN] > 0)).tolist():
        able = np.unique(vectors.component[vectors.label == label])
        if counts[label, TRAIN] or not len(able):
            continue
        is_able = np.zeros(vectors.components, dtype=bool)
        is_able[able] = True
        mine = _costs(vectors.only(is_able), parts, counts - plan.wanted)[:, TRAIN]
        one = able[np.lexsort((plan.order[able], mine))[0]]
        lines = vectors.component == one
        counts[vectors.label[lines], parts[one]] -= vectors.count[lines]
        counts[vectors.label[lines], TRAIN] += vectors.count[lines]
        parts[one] = TRAIN


def _costs(vectors: Vectors, parts: Ints, over: Ints) -> Ints:
    """Return half of what moving each component that has lines into each part adds to the sum of squares."""
    size = vectors.count[:, None]
    here = over[vectors.label, parts[vectors.component]][:, None]
    change = size * (over[vectors.label] - here + size)
    starts = np.flatnonzero(np.diff(vectors.component, prepend=-1))
    costs: Ints = np.add.reduceat(change, starts, axis=0)
    # To stay costs nothing.
    costs[np.arange(len(starts)), parts[vectors.component[starts]]] = 0
    return costs


class _Costs:
    """What each move would cost, kept up to date by the classes that moves have changed.

    What moving a component from one part to another adds is the sum over its classes of count times (images
    above what is wanted there, less those here, plus count): for each part a sum, and the squares.
    """

    def __init__(self, vectors: Vectors, over: Ints) -> None:
        self.edges = vectors.edges()
        # Few bits, which a sort counts instead of comparing.
        width = np.uint16 if vectors.classes <= MOST_COUNTED else np.int64
        by_label = np.argsort(vectors.label.astype(width), kind="stable")
        self._component, self._count = vectors.component[by_label], vectors.count[by_label]
        self._bounds = np.searchsorted(vectors.label[by_label], np.arange(vectors.classes + 1))
        self._over = np.zeros_like(over)
        self._sums = np.zeros((over.shape[1], vectors.components), dtype=np.int64)
        squares = np.bincount(vectors.component, vectors.count**2, minlength=vectors.components)
        self._squares = squares.astype(np.int64)

    def best(self, parts: Ints, over: Ints) -> Ints:
        """Return what the best move of each component adds, below 0 where it does good, ``(components,)``."""
        added = over - self._over
        for label in np.flatnonzero(added.any(axis=1)).tolist():
            lines = slice(self._bounds[label], self._bounds[label + 1])
            component, count = self._component[lines], self._count[lines]
            for part in np.flatnonzero(added[label]).tolist():
                self._sums[part, component] += count * added[label, part]
        self._over = over
        here = self._sums[parts, np.arange(len(parts))]
        # Where it is best to stay, the squares are left.
        lowest: Ints = self._sums.min(axis=0)
        return lowest - here + self._squares


def _pass(plan: Plan, costs: _Costs, parts: Ints, counts: Ints) -> bool:
    """Move every component that should be, the most useful first; tell whether any was."""
    over = counts - plan.wanted
    best = costs.best(parts, over)
    useful = np.flatnonzero(best < 0)
    # More moves than images are out of place are seldom of use; what is left comes in the next pass.
    few = 4 * int(np.abs(over).sum()) + FEWEST
    first = useful
    if len(useful) > few:
        first = useful[best[useful] <= np.partition(best[useful], few)[few]]
    if _moved(plan, costs, parts, counts, _by_use(plan, best, first)[:few]):
        return True
    return len(useful) > few and _moved(plan, costs, parts, counts, _by_use(plan, best, useful)[few:])


def _by_use(plan: Plan, best: Ints, some: Ints) -> Ints:
    return some[np.lexsort((plan.order[some], best[some]))]


def _moved(plan: Plan, costs: _Costs, parts: Ints, counts: Ints, useful: Ints) -> bool:
    """Move what does good of some components; tell whether any did."""
    starts, ends = costs.edges[useful], costs.edges[useful + 1]
    some = plan.vectors.at(spans(starts, ends))
    pairs_of = list(zip(some.label.tolist(), some.count.tolist(), strict=True))
    over, trained = (counts - plan.wanted).tolist(), counts[:, TRAIN].tolist()
    moved, start = False, 0
    for one, here, end in zip(
        useful.tolist(), parts[useful].tolist(), np.cumsum(ends - starts).tolist(), strict=True
    ):
        pairs, start = pairs_of[start:end], end
        if plan.keeps_training and here == TRAIN and any(trained[label] == count for label, count in pairs):
            continue
        there = _better(pairs, here, over)
        if there == here:
            continue
        for label, count in pairs:
            over[label][here] -= count
            over[label][there] += count
            trained[label] += count * ((there == TRAIN) - (here == TRAIN))
        parts[one] = there
        moved = True
    counts[:] = np.array(over) + plan.wanted
    return moved


def _better(pairs: list[tuple[int, int]], here: int, over: list[list[int]]) -> int:
    """Return the part where a component of (label, count) does most good; ``here`` where none is better."""
    least, where = 0, here
    for there in range(len(over[0])):
        if there != here:
            cost = sum(count * (over[label][there] - over[label][here] + count) for label, count in pairs)
            if cost < least:
                least, where = cost, there
    return where
