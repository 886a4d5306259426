"""The last step of a split: move components as long as that brings the classes nearer to what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from labelprep.splits.members import Ints
    from labelprep.splits.vectors import Plan

TRAIN = 0
FEWEST = 1_000


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
    while (counts != plan.wanted).any() and _pass(plan, parts, counts):
        pass
    return parts


def _give_training(plan: Plan, parts: Ints, counts: Ints) -> None:
    """Move the component that costs least into train, for each class that has none there."""
    vectors = plan.vectors
    for label in np.flatnonzero((counts[:, TRAIN] == 0) & (plan.wanted[:, TRAIN] > 0)).tolist():
        able = np.unique(vectors.component[vectors.label == label])
        if counts[label, TRAIN] or not len(able):
            continue
        costs = _costs(plan, parts, counts - plan.wanted)
        firsts = np.unique(vectors.component)
        mine = costs[np.searchsorted(firsts, able), TRAIN]
        one = able[np.lexsort((plan.order[able], mine))[0]]
        lines = vectors.component == one
        counts[vectors.label[lines], parts[one]] -= vectors.count[lines]
        counts[vectors.label[lines], TRAIN] += vectors.count[lines]
        parts[one] = TRAIN


def _costs(plan: Plan, parts: Ints, over: Ints) -> Ints:
    """Return half of what moving each free component into each part adds to the sum of squares."""
    vectors = plan.vectors
    size = vectors.count[:, None]
    here = over[vectors.label, parts[vectors.component]][:, None]
    change = size * (over[vectors.label] - here + size)
    starts = np.flatnonzero(np.diff(vectors.component, prepend=-1))
    costs: Ints = np.add.reduceat(change, starts, axis=0)
    # To stay costs nothing.
    costs[np.arange(len(starts)), parts[vectors.component[starts]]] = 0
    return costs


def _pass(plan: Plan, parts: Ints, counts: Ints) -> bool:
    """Move every component that should be, the most useful first; tell whether any was."""
    vectors = plan.vectors
    best = _costs(plan, parts, counts - plan.wanted).min(axis=1)
    firsts = np.flatnonzero(np.diff(vectors.component, prepend=-1))
    useful = np.flatnonzero(best < 0)
    useful = useful[np.lexsort((plan.order[vectors.component[firsts[useful]]], best[useful]))]
    # More moves than images are out of place are seldom of use; what is left comes in the next pass.
    few = 4 * int(np.abs(counts - plan.wanted).sum()) + FEWEST
    return _moved(plan, parts, counts, firsts, useful[:few]) or _moved(
        plan, parts, counts, firsts, useful[few:]
    )


def _moved(plan: Plan, parts: Ints, counts: Ints, firsts: Ints, useful: Ints) -> bool:
    """Move what does good of some components, given by their place among the lines; tell whether any did."""
    vectors = plan.vectors
    ends = np.append(firsts[1:], len(vectors.component))
    over, trained = (counts - plan.wanted).tolist(), counts[:, TRAIN].tolist()
    moved = False
    for place in useful.tolist():
        lines = slice(firsts[place], ends[place])
        pairs = list(zip(vectors.label[lines].tolist(), vectors.count[lines].tolist(), strict=True))
        one = int(vectors.component[firsts[place]])
        here = int(parts[one])
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
