"""How good predictions are, from probabilities and the true labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# A probability of 0 for the true class would make the mean loss infinite by one image.
_LEAST_PROBABILITY = 1e-7
_DEVIATIONS_95 = 1.959964


@dataclass(frozen=True)
class ClassFigures:
    """How one class is recognised; a share whose divisor is 0 is 0. ``support``: images of the class."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of a set of predictions.

    ``metrics``: accuracy, balanced_accuracy, macro_f1, loss. ``confusion``: ``(classes, classes) int64``,
    rows the true class, columns the predicted one, in output order.
    """

    metrics: dict[str, float]
    classes: list[ClassFigures]
    confusion: np.ndarray


def evaluate(likely: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Evaluation:
    """Return the figures for ``(n, classes)`` probabilities and ``(n,)`` output numbers.

    Balanced accuracy is the mean recall over classes that have images; macro F1 the mean F1 over
    classes that have images or were predicted; loss the mean of -ln of the true class's probability,
    which is clipped to at least 1e-7.

    Raises:
        ValueError: there is no prediction, or the shapes do not fit.
    """
    count, classes = likely.shape
    if count == 0 or labels.shape != (count,) or classes != len(names):
        raise ValueError(
            f"probabilities {likely.shape} do not fit labels {labels.shape} and {len(names)} names"
        )
    predicted = likely.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    right, true, said = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall, f1 = _share(right, said), _share(right, true), _share(2 * right, true + said)
    of_labels = likely[np.arange(count), labels].astype(np.float64)
    return Evaluation(
        metrics={
            "accuracy": float(right.sum() / count),
            "balanced_accuracy": float(recall[true > 0].mean()),
            "macro_f1": float(f1[true + said > 0].mean()),
            "loss": float(-np.log(np.clip(of_labels, _LEAST_PROBABILITY, 1.0)).mean()),
        },
        classes=[
            ClassFigures(name, float(precision[at]), float(recall[at]), float(f1[at]), int(true[at]))
            for at, name in enumerate(names)
        ],
        confusion=confusion,
    )


def confused(figures: Evaluation, names: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return which class was taken for which, and how often, the most frequent first."""
    pairs = [
        (names[true], names[said], int(figures.confusion[true, said]))
        for true, said in zip(*np.nonzero(figures.confusion), strict=True)
        if true != said
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def interval(right: int, images: int) -> tuple[float, float]:
    """Return between which shares the accuracy lies with a probability of 95 % (Wilson's interval).

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    if images == 0:
        return 0.0, 1.0
    share, squared = right / images, _DEVIATIONS_95**2
    middle = (share + squared / (2 * images)) / (1 + squared / images)
    half = _DEVIATIONS_95 * math.sqrt(share * (1 - share) / images + squared / (4 * images**2))
    half /= 1 + squared / images
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, 0 where the whole is 0."""
    shares: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares


def top_k(likely: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``k`` likeliest outputs of each row and their probabilities, likeliest first.

    Both are ``(n, min(k, classes))``, int64 and float32; equals keep the order of the outputs.
    """
    order = np.argsort(-likely, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(likely, order, axis=1)
