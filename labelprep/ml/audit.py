"""Which labels are wrong, from probabilities of networks that had not seen them; numpy alone.

A label is the more doubtful the less likely the network thinks it (its self-confidence, a 0–1 score). How
many are wrong is estimated by confident learning: an image counts as confidently of a class where its
probability reaches the mean of those that are labelled so. What is confidently of another class than its
label, scaled to the number of images of each label, is the estimate; so many of the least likely are taken.

Nothing here holds images × classes: of each image its own probability is kept and the likeliest few.

Source: C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP: Final = 10
"""So many of the likeliest classes of an image are kept; with no more classes nothing is lost."""
SMALLEST: Final = float(np.finfo(np.float32).tiny)
"""A probability that has rounded to 0 counts as this where its logarithm is taken."""
TOLERANCE: Final = 1e-6
"""Equal probabilities reach their own mean, whatever the rounding of the sum."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """What networks say of images that they were not trained on, in the order of the images.

    ``given``: ``(n,) int32`` labels; ``own``: ``(n,) float32`` probability of the label; ``top`` and
    ``likely``: ``(n, k)`` int32 and float32, the likeliest classes, likeliest first. ``judged``: ``(n,)
    bool``, False where nothing was said. ``classes``: how many there are.
    """

    given: np.ndarray
    own: np.ndarray
    top: np.ndarray
    likely: np.ndarray
    judged: np.ndarray
    classes: int


class Gathering:
    """Takes probabilities as they come, in any order, and keeps of each image what is needed."""

    def __init__(self, given: np.ndarray, classes: int, k: int = TOP) -> None:
        """Expect one opinion for each of the ``(n,)`` labels, of so many classes."""
        self._given = np.asarray(given, np.int32)
        self._classes = classes
        kept = (len(self._given), min(k, classes))
        self._own = np.zeros(len(self._given), np.float32)
        self._top = np.zeros(kept, np.int32)
        self._likely = np.zeros(kept, np.float32)
        self._judged = np.zeros(len(self._given), bool)

    def add(self, rows: np.ndarray, likely: np.ndarray) -> None:
        """Take ``(m, classes)`` probabilities of the images of these rows."""
        self._own[rows] = likely[np.arange(len(rows)), self._given[rows]]
        order = np.argsort(-likely, axis=1, kind="stable")[:, : self._top.shape[1]]
        self._top[rows] = order
        self._likely[rows] = np.take_along_axis(likely, order, axis=1)
        self._judged[rows] = True

    def opinions(self) -> Opinions:
        """Return all that was said."""
        return Opinions(self._given, self._own, self._top, self._likely, self._judged, self._classes)


def opinions_of(likely: np.ndarray, given: np.ndarray, k: int = TOP) -> Opinions:
    """Return opinions from ``(n, classes)`` probabilities that are in memory anyway."""
    gathering = Gathering(given, likely.shape[1], k)
    gathering.add(np.arange(len(likely)), likely)
    return gathering.opinions()


def log_margins(opinions: Opinions) -> np.ndarray:
    """Return ``(n,) float64``: the logarithm of the label's probability over that of the likeliest other.

    Below 0 another class is likelier. Among many classes it tells apart what self-confidence alone does not:
    0.2 beside 0.7 and 0.2 beside nothing larger.
    """
    if opinions.classes < 2:  # noqa: PLR2004 - a choice needs two
        return np.zeros(len(opinions.given))
    is_first = opinions.top[:, 0] == opinions.given
    other = np.where(is_first, opinions.likely[:, 1], opinions.likely[:, 0])
    own, other = (np.maximum(part.astype(np.float64), SMALLEST) for part in (opinions.own, other))
    return np.log(own) - np.log(other)


def ranked(opinions: Opinions) -> np.ndarray:
    """Return the rows that were judged, the most doubtful label first: by score, then margin, then row."""
    order = np.lexsort((log_margins(opinions), opinions.own))
    rows: np.ndarray = order[opinions.judged[order]]
    return rows


def thresholds(opinions: Opinions) -> np.ndarray:
    """Return ``(classes,) float64``: from which probability on an image counts as confidently of a class.

    It is the mean self-confidence of the images labelled so, infinite where there are none.
    """
    given = opinions.given[opinions.judged]
    sums = np.bincount(given, weights=opinions.own[opinions.judged], minlength=opinions.classes)
    numbers = np.bincount(given, minlength=opinions.classes)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), np.inf)


@dataclass(frozen=True, eq=False)
class Noise:
    """How labels are estimated to be wrong: ``images[i]`` are labelled ``given[i]`` and are ``meant[i]``.

    The pairs include ``given == meant``; they are sorted by both. ``images`` is ``(pairs,) float64``.
    """

    given: np.ndarray
    meant: np.ndarray
    images: np.ndarray

    @property
    def wrong(self) -> float:
        """How many labels are wrong."""
        return float(self.images[self.given != self.meant].sum())

    def worst(self) -> list[tuple[int, int, float]]:
        """Return the pairs of different classes as (given, meant, images), most images first."""
        wrong = np.flatnonzero(self.given != self.meant)
        order = wrong[np.lexsort((wrong, -self.images[wrong]))]
        return [(int(self.given[at]), int(self.meant[at]), float(self.images[at])) for at in order]

    def matrix(self, classes: int) -> np.ndarray:
        """Return ``(classes, classes) float64``: how often a meant class (row) is labelled as which."""
        joint = np.zeros((classes, classes))
        joint[self.meant, self.given] = self.images
        totals = joint.sum(axis=1, keepdims=True)
        return np.where(totals > 0, joint / np.where(totals > 0, totals, 1), np.eye(classes))


def noise_of(opinions: Opinions) -> Noise:
    """Return the calibrated confident joint: each label's confident images, scaled to all that carry it."""
    judged = opinions.judged
    given = opinions.given[judged].astype(np.int64)
    numbers = np.bincount(given, minlength=opinions.classes)
    reached = opinions.likely[judged] >= thresholds(opinions)[opinions.top[judged]] - TOLERANCE
    # The likeliest come first: the first that reaches its threshold is the likeliest of those that do.
    first = reached.argmax(axis=1)
    sure = reached.any(axis=1)
    meant = opinions.top[judged][np.arange(len(given)), first][sure]
    cells, counts = np.unique(given[sure] * opinions.classes + meant, return_counts=True)
    confident = np.bincount(given[sure], minlength=opinions.classes)
    # Of a label that no image carries confidently nothing is known: it is taken to be right.
    silent = np.flatnonzero((numbers > 0) & (confident == 0))
    cells = np.concatenate((cells, silent * opinions.classes + silent))
    counts = np.concatenate((counts, np.ones(len(silent), np.int64)))
    confident[silent] = 1
    order = np.argsort(cells)
    rows, columns = np.divmod(cells[order], opinions.classes)
    return Noise(rows, columns, counts[order] * (numbers[rows] / confident[rows]))


def flagged(opinions: Opinions, number: int, order: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """Return the rows of the so many most doubtful labels, most doubtful first.

    None is among them whose label is the likeliest class: nothing else could be proposed for it.
    """
    rows = ranked(opinions) if order is None else np.asarray(order, np.int64)
    doubtful = rows[opinions.top[rows, 0] != opinions.given[rows]]
    chosen: np.ndarray = doubtful[:number]
    return chosen
