"""Which of an image's several labels are wrong: each class of each image is a question of its own.

A class that an image has is the more doubtful the less likely it is, one that it has not the likelier it is.
How many of both are wrong is estimated class by class as in `audit`; an image is as doubtful as the most
doubtful of its answers. Of each image the few most doubtful classes are kept, and of each class a histogram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from labelprep.ml.audit import TOLERANCE, TOP

BINS: Final = 2_000
HALF: Final = 0.5


@dataclass(frozen=True, eq=False)
class Answers:
    """What networks say of the most doubtful classes of images, the most doubtful first.

    ``places``, ``own`` and ``given`` are ``(n, k)``: numbers of classes (int32), the probability of what the
    label says of them (float32), and whether the image has them. ``judged`` is ``(n,) bool``. ``counts`` is
    ``(classes, 2, BINS) int64``: images by probability of the class, without and with it; ``sums`` is
    ``(classes, 2) float64``, of the probability of what the label says.
    """

    places: np.ndarray
    own: np.ndarray
    given: np.ndarray
    judged: np.ndarray
    counts: np.ndarray
    sums: np.ndarray


class SeveralGathering:
    """Takes probabilities as they come, in any order, and keeps of each image what is needed."""

    def __init__(self, given: np.ndarray, k: int = TOP) -> None:
        """Expect one opinion for each row of the ``(n, classes)`` labels of 0 and 1."""
        images, classes = given.shape
        kept = (images, min(k, classes))
        self._labels = given
        self._places = np.zeros(kept, np.int32)
        self._own = np.ones(kept, np.float32)
        self._given = np.zeros(kept, bool)
        self._judged = np.zeros(images, bool)
        self._counts = np.zeros((classes, 2, BINS), np.int64)
        self._sums = np.zeros((classes, 2))

    def add(self, rows: np.ndarray, likely: np.ndarray, known: np.ndarray) -> None:
        """Take ``(m, classes)`` probabilities; ``known`` ``(classes,) bool`` are those that were learned."""
        labels = self._labels[rows] > 0
        own = np.where(labels, likely, 1 - likely)
        # Of a class that nobody could learn nothing is doubted.
        own[:, ~known] = 1
        order = np.argsort(own, axis=1, kind="stable")[:, : self._own.shape[1]]
        self._places[rows] = order
        self._own[rows] = np.take_along_axis(own, order, axis=1)
        self._given[rows] = np.take_along_axis(labels, order, axis=1)
        self._judged[rows] = True
        bins = np.clip((likely * BINS).astype(np.int64), 0, BINS - 1)
        for place in np.flatnonzero(known):
            np.add.at(self._counts[place], (labels[:, place].astype(np.int64), bins[:, place]), 1)
            for has in (0, 1):
                self._sums[place, has] += own[labels[:, place] == has, place].sum(dtype=np.float64)

    def answers(self) -> Answers:
        """Return all that was said."""
        return Answers(self._places, self._own, self._given, self._judged, self._counts, self._sums)


def wrong_of(answers: Answers) -> np.ndarray:
    """Return ``(classes, 2) float64``: how many images lack a class that they show, and have one they do not.

    Probabilities are compared with the thresholds in steps of 1 / BINS.
    """
    totals = answers.counts.sum(axis=2)
    means = np.where(totals > 0, answers.sums / np.maximum(totals, 1), np.inf)
    with_class = (np.arange(BINS) + HALF) / BINS
    half_bin = HALF / BINS + TOLERANCE
    sure_of_it = with_class[None, :] >= means[:, 1, None] - half_bin
    sure_of_not = 1 - with_class[None, :] >= means[:, 0, None] - half_bin
    says_it = sure_of_it & (~sure_of_not | (with_class[None, :] >= HALF))
    says_not = sure_of_not & ~says_it
    shown, absent = (
        (answers.counts * says[:, None, :]).sum(axis=2, dtype=np.float64) for says in (says_it, says_not)
    )
    against = np.stack((shown[:, 0], absent[:, 1]), axis=1)
    sure = shown + absent
    return np.where(sure > 0, totals * against / np.maximum(sure, 1), 0.0)


def doubted(answers: Answers) -> np.ndarray:
    """Return ``(n, k) bool``: the answers that are flagged, as many of each class and kind as are wrong.

    None is among them that the network agrees with.
    """
    marked = np.zeros(answers.own.shape, bool)
    numbers = np.round(wrong_of(answers)).astype(np.int64)
    order = np.argsort(answers.own, axis=None, kind="stable")
    order = order[
        (answers.own.ravel()[order] < HALF) & np.repeat(answers.judged, answers.own.shape[1])[order]
    ]
    kinds = answers.places.ravel()[order].astype(np.int64) * 2 + answers.given.ravel()[order]
    grouped = np.argsort(kinds, kind="stable")
    starts = np.searchsorted(kinds[grouped], np.arange(numbers.size))
    within = np.arange(len(order)) - starts[kinds[grouped]]
    chosen = grouped[within < numbers.ravel()[kinds[grouped]]]
    marked.ravel()[order[chosen]] = True
    return marked


def log_margins(answers: Answers) -> np.ndarray:
    """Return ``(n,) float64``: the logarithm of the odds of each image's most doubtful answer."""
    own = np.clip(answers.own[:, 0].astype(np.float64), TOLERANCE, 1 - TOLERANCE)
    margins: np.ndarray = np.log(own) - np.log(1 - own)
    return margins


def proposed(answers: Answers, row: int, labels: np.ndarray) -> np.ndarray:
    """Return ``(classes,) bool``: an image's labels with what the network disagrees with turned over."""
    result = labels > 0
    against = answers.places[row, answers.own[row] < HALF]
    result[against] = ~result[against]
    return result
