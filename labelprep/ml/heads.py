"""A linear head on features: multinomial logistic regression, its strength chosen by cross-validation.

Features are standardised and divided by the square root of their number, so that one range of strengths suits
every backbone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STRENGTHS = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
FOLDS = 5
_STEPS = 200
_LEAST_SPREAD_SHARE = 0.1
_LEAST_PROBABILITY = 1e-7


@dataclass(frozen=True, eq=False)
class Head:
    """Scores from features: ``weights`` ``(D, classes)``, ``bias`` ``(classes,)``, both on raw features.

    ``strength`` is that of the L2 penalty. ``several`` says that each class is a choice of its own.
    """

    weights: np.ndarray
    bias: np.ndarray
    strength: float
    several: bool = False

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return ``(n, classes) float32`` scores."""
        scores: np.ndarray = (features @ self.weights + self.bias).astype(np.float32)
        return scores

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return ``(n, classes) float32`` probabilities."""
        return likely(self.scores(features), several=self.several)


def likely(scores: np.ndarray, *, several: bool = False) -> np.ndarray:
    """Return scores as probabilities: of one class among all, or of each by itself."""
    if several:
        each: np.ndarray = np.exp(-np.logaddexp(0, -scores))
        return each
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def fit_head(  # noqa: PLR0913 - what it learns from, and how
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    *,
    strength: float | None = None,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> Head:
    """Return the head of these features.

    Args:
        features: ``(n, D) float32``.
        labels: ``(n,)`` numbers of classes, or ``(n, classes)`` of 0 and 1 where there may be several.
        classes: how many there are.
        strength: the penalty, None to choose it by cross-validation.
        weights: ``(n,)``, how much each picture counts.
        groups: ``(n,)`` numbers; equal ones, as views of one picture, are never on both sides of a fold.
        seed: of the folds.

    Source: the objective of Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 4.4 and
    18.3.2, minimised by L-BFGS.
    """
    targets = _targets(labels, classes)
    if strength is None:
        strength = _chosen_strength(features, labels, targets, _folds(labels, groups, seed), weights)
    return _fitted(features, targets, strength, weights, several=labels.ndim > 1)


def cross_validated(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    folds: np.ndarray,
    *,
    strength: float | None = None,
) -> np.ndarray:
    """Return ``(n, classes) float32`` probabilities, each from a head that has not seen the picture's fold.

    ``folds``: ``(n,)`` numbers; the strength is chosen once, on all folds, where it is None.
    """
    targets = _targets(labels, classes)
    if strength is None:
        strength = _chosen_strength(features, labels, targets, folds, None)
    return _out_of_fold(features, targets, folds, strength, None, several=labels.ndim > 1)


def _targets(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return ``(n, classes) float64``: a 1 for each class of a picture."""
    if labels.ndim > 1:
        return labels.astype(np.float64)
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = 1.0
    return targets


def _folds(labels: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Return the fold of each picture: classes dealt out evenly, groups whole."""
    members = np.arange(len(labels)) if groups is None else groups
    _, first, inverse = np.unique(members, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    by_class = labels[first] if labels.ndim == 1 else labels[first].argmax(axis=1)
    order = order[np.argsort(by_class[order], kind="stable")]
    dealt = np.empty(len(first), np.int64)
    dealt[order] = np.arange(len(first)) % FOLDS
    folds: np.ndarray = dealt[inverse]
    return folds


def _chosen_strength(
    features: np.ndarray,
    labels: np.ndarray,
    targets: np.ndarray,
    folds: np.ndarray,
    weights: np.ndarray | None,
) -> float:
    """Return the strength whose out-of-fold loss is least; the search ends when it has risen twice."""
    if len(np.unique(folds)) < 2:  # noqa: PLR2004 - one side to learn from, one to judge by
        return STRENGTHS[2]
    several = labels.ndim > 1
    losses: list[float] = []
    for strength in STRENGTHS:
        found = _out_of_fold(features, targets, folds, strength, weights, several=several)
        losses.append(_loss(found, targets, several=several))
        if len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]:  # noqa: PLR2004 - two rises need three
            break
    return STRENGTHS[int(np.argmin(losses))]


def _loss(found: np.ndarray, targets: np.ndarray, *, several: bool) -> float:
    """Return the mean loss of probabilities."""
    kept = np.clip(found, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    loss = -(targets * np.log(kept)).sum(axis=1)
    if several:
        loss = loss - ((1 - targets) * np.log(1 - kept)).sum(axis=1)
    return float(loss.mean())


def _out_of_fold(  # noqa: PLR0913 - what it learns from, and how
    features: np.ndarray,
    targets: np.ndarray,
    folds: np.ndarray,
    strength: float,
    weights: np.ndarray | None,
    *,
    several: bool,
) -> np.ndarray:
    """Return the probabilities of each fold by a head of the others."""
    result = np.zeros(targets.shape, np.float32)
    for fold in np.unique(folds).tolist():
        inside = folds == fold
        kept = None if weights is None else weights[~inside]
        head = _fitted(features[~inside], targets[~inside], strength, kept, several=several)
        result[inside] = head.probabilities(features[inside])
    return result


def _fitted(
    features: np.ndarray,
    targets: np.ndarray,
    strength: float,
    weights: np.ndarray | None,
    *,
    several: bool,
) -> Head:
    """Return the head that minimises mean loss plus ``strength`` times the squared weights."""
    from scipy.optimize import minimize  # noqa: PLC0415 - a third of a second

    count, width = features.shape
    classes = targets.shape[1]
    mean = features.mean(axis=0, dtype=np.float64)
    spread = _spread(features) * np.sqrt(width)
    inputs = ((features - mean) / spread).astype(np.float32)
    share = np.full(count, 1.0 / count) if weights is None else weights / weights.sum()

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        table = flat.reshape(width + 1, classes)
        scores = inputs @ table[:-1].astype(np.float32) + table[-1]
        found = likely(scores.astype(np.float64), several=several)
        kept = np.clip(found, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        loss = -(targets * np.log(kept)).sum(axis=1)
        if several:
            loss = loss - ((1 - targets) * np.log(1 - kept)).sum(axis=1)
        wrong = (found - targets) * share[:, None]
        slope = np.empty_like(table)
        slope[:-1] = inputs.T @ wrong.astype(np.float32) + 2 * strength * table[:-1]
        slope[-1] = wrong.sum(axis=0)
        return float(share @ loss + strength * (table[:-1] ** 2).sum()), slope.ravel()

    start = np.zeros((width + 1) * classes)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    table = found.x.reshape(width + 1, classes)
    raw = table[:-1] / spread[:, None]
    return Head(
        raw.astype(np.float32), (table[-1] - mean @ raw).astype(np.float32), strength, several=several
    )


def _spread(features: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each feature; those that hardly ever move do not count as much.

    Divided by next to nothing they would weigh so much that the last digit of a picture decides.
    """
    spread = features.std(axis=0, dtype=np.float64)
    moving = spread[spread > 0]
    floor = _LEAST_SPREAD_SHARE * float(np.median(moving)) if len(moving) else 1.0
    wide: np.ndarray = np.maximum(spread, floor)
    return wide
