"""Whether a network is as sure as it is right, and the temperature that makes it so.

The temperature divides the network's logits: above 1 it was too sure, below 1 not sure enough. It never
changes which class is the likeliest.
Source: Guo et al., On Calibration of Modern Neural Networks, 2017.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BINS: Final = 10
LEAST_IMAGES: Final = 50
LEAST_WRONG: Final = 5
_COLDEST, _HOTTEST = 0.05, 20.0
_HALVINGS: Final = 50
# The smallest probability that float32 holds at full precision.
_LEAST_PROBABILITY: Final = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Bin:
    """Pictures of which the network was about equally sure: from ``low`` up to ``high``, all as shares."""

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure a network was of pictures whose labels are known.

    ``ece`` is the mean gap between confidence and accuracy over the bins, weighted by images (0 is best);
    ``loss`` the mean of -ln of the true class's probability. ``ece_scaled`` and ``loss_scaled`` are those
    after the temperature, each half of the pictures judged with that of the other half: what new pictures
    can expect. ``temperature`` is 1 where none is worth having, for the reason in ``why``.
    """

    images: int
    ece: float
    loss: float
    temperature: float
    why: str
    ece_scaled: float
    loss_scaled: float
    bins: tuple[Bin, ...]
    bins_scaled: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as bundle.json holds it."""
        return asdict(self)


def calibration(likely: np.ndarray, labels: np.ndarray) -> Calibration:
    """Return how sure a network is for ``(n, classes)`` probabilities and ``(n,)`` output numbers.

    A temperature is taken only where there is enough to fit it by, and where the loss of pictures it was
    not fitted to gets smaller.

    Raises:
        ValueError: there are no pictures, or the shapes do not fit.
    """
    count = len(labels)
    if count == 0 or likely.ndim != 2 or labels.shape != (len(likely),):  # noqa: PLR2004 - pictures by classes
        raise ValueError(f"probabilities {likely.shape} do not fit labels {labels.shape}")
    wrong = int((likely.argmax(axis=1) != labels).sum())
    loss, bins = mean_loss(likely, labels), reliability(likely, labels)
    held_out = _cross_fitted(likely, labels) if count > 1 else likely
    temperature, why = 1.0, _too_few(count, wrong)
    if not why and mean_loss(held_out, labels) >= loss:
        why = "a temperature makes pictures that it was not fitted to no better"
    if not why:
        temperature = fit_temperature(likely, labels)
        why = f"fitted to {count:,} validation images"
    scaled = likely if temperature == 1 else held_out
    return Calibration(
        images=count,
        ece=expected_error(bins),
        loss=loss,
        temperature=round(temperature, 4),
        why=why,
        ece_scaled=expected_error(reliability(scaled, labels)),
        loss_scaled=mean_loss(scaled, labels),
        bins=bins,
        bins_scaled=reliability(scaled, labels),
    )


def _too_few(images: int, wrong: int) -> str:
    """Return why a temperature would be noise, or nothing."""
    if images < LEAST_IMAGES:
        return f"{images:,} images are too few to fit a temperature: it takes {LEAST_IMAGES}"
    if wrong < LEAST_WRONG:
        return f"{wrong:,} wrong predictions are too few to fit a temperature: it takes {LEAST_WRONG}"
    return ""


def _cross_fitted(likely: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return probabilities after a temperature, each half with that of the other; halves take turns."""
    half = _alternating(labels)
    scaled = np.empty(likely.shape)
    for part in (half, ~half):
        scaled[part] = tempered(likely[part], fit_temperature(likely[~part], labels[~part]))
    return scaled


def _alternating(labels: np.ndarray) -> np.ndarray:
    """Mark every second picture of each class, so that both halves hold all classes."""
    order = np.argsort(labels, kind="stable")
    marks = np.zeros(len(labels), bool)
    marks[order[::2]] = True
    return marks


def tempered(likely: np.ndarray, temperature: float) -> np.ndarray:
    """Return ``(n, classes) float64`` probabilities with their logits divided by a temperature."""
    logits = _logits(likely) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return result


def fit_temperature(likely: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature at which the loss of these pictures is least, between 0.05 and 20.

    The loss is convex in 1 / temperature: the place where its slope changes sign is halved in on.
    """
    logits, rows = _logits(likely), np.arange(len(labels))

    def slope(temperature: float) -> float:
        expected = (tempered(likely, temperature) * logits).sum(axis=1)
        return float((expected - logits[rows, labels]).mean())

    return _crossing(slope, _COLDEST, _HOTTEST)


def _crossing(slope: Callable[[float], float], low: float, high: float) -> float:
    """Return where a slope that is above 0 at too low values gets below it, by halving ratios."""
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def _logits(likely: np.ndarray) -> np.ndarray:
    """Return logarithms: a softmax takes them for the logits they came from."""
    result: np.ndarray = np.log(np.clip(likely.astype(np.float64), _LEAST_PROBABILITY, 1.0))
    return result


def mean_loss(likely: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of -ln of the true class's probability."""
    return float(-_logits(likely)[np.arange(len(labels)), labels].mean())


def reliability(likely: np.ndarray, labels: np.ndarray, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold pictures, by the probability of the likeliest class."""
    confidence, right = likely.max(axis=1).astype(np.float64), likely.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            low=at / bins,
            high=(at + 1) / bins,
            images=int(inside.sum()),
            confidence=float(confidence[inside].mean()),
            accuracy=float(right[inside].mean()),
        )
        for at in range(bins)
        if (inside := place == at).any()
    )


def expected_error(bins: tuple[Bin, ...]) -> float:
    """Return the mean gap between confidence and accuracy, weighted by images."""
    images = sum(one.images for one in bins)
    return sum(one.images * abs(one.confidence - one.accuracy) for one in bins) / images
