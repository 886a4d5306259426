"""A few steps before a training begins: to find its learning rate, or how many epochs fit a budget.

Afterwards the network is as it was.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from labelprep.ml.checkpoints import put_back, values_of
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.pacing import VALIDATION_COST
from labelprep.ml.steps import compiled, training_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.ml.batches import Feed
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.steps import Goal

RANGE_STEPS = 48
RANGE_SPAN = 1e5
RANGE_HIGHEST = 1.0
# The loss at the lowest point is already kept from falling by the size of the steps.
RANGE_SAFETY = 10
_SMOOTHING = 0.7
_RUN_AWAY = 4.0
_AS_GOOD_SHARE = 0.05
_TIMED_STEPS = 12
_TIMED_SECONDS = 6.0
MOST_EPOCHS = 200


@dataclass(frozen=True)
class RateTest:
    """What a range test found: the loss (smoothed) of each rate tried, and the rate to train with."""

    curve: list[tuple[float, float]]
    rate: float


def find_rate(network: KerasModel, goal: Goal, feed: Feed, recipe: Recipe) -> RateTest:
    """Return a learning rate: a tenth of the one that first has the lowest loss, rising step by step.

    Source: Smith, Cyclical learning rates for training neural networks, 2017, section 3.3.
    """
    rates = np.geomspace(RANGE_HIGHEST / RANGE_SPAN, RANGE_HIGHEST, RANGE_STEPS)
    with _Rehearsal(network, goal, feed, recipe) as rehearsal:
        curve: list[tuple[float, float]] = []
        smooth = lowest = math.inf
        for rate, loss in zip(rates.tolist(), rehearsal.losses(rates), strict=False):
            smooth = loss if smooth == math.inf else _SMOOTHING * smooth + (1 - _SMOOTHING) * loss
            if not math.isfinite(smooth):
                break
            curve.append((rate, smooth))
            lowest = min(lowest, smooth)
            if smooth > _RUN_AWAY * lowest:
                break
    best = _first_at_the_bottom(curve) if curve else recipe.learning_rate * RANGE_SAFETY
    return RateTest(curve, float(f"{best / RANGE_SAFETY:.2g}"))


def _first_at_the_bottom(curve: list[tuple[float, float]]) -> float:
    """Return the first rate whose loss is as good as the lowest.

    Where the pictures are easy the loss stays low over many rates, long after they have become too high.
    """
    losses = [loss for _, loss in curve]
    enough = min(losses) + _AS_GOOD_SHARE * (losses[0] - min(losses))
    return next(rate for rate, loss in curve if loss <= enough)


def epochs_within(  # noqa: PLR0913 - the parts of a training
    network: KerasModel, goal: Goal, feed: Feed, recipe: Recipe, *, seconds: float, val_images: int
) -> int:
    """Return how many epochs fit into a time, at least 1: measured on a few steps."""
    with _Rehearsal(network, goal, feed, recipe) as rehearsal:
        began = time.perf_counter()
        steps_per_second = rehearsal.speed()
        left = seconds - (time.perf_counter() - began)
    images = len(feed.samples)
    validation = VALIDATION_COST * val_images / max(images, 1) * len(feed)
    return max(1, min(MOST_EPOCHS, math.floor(left * steps_per_second / (len(feed) + validation))))


class _Rehearsal:
    """Steps on a network which are forgotten at the end."""

    def __init__(self, network: KerasModel, goal: Goal, feed: Feed, recipe: Recipe) -> None:
        """Remember the network, and make an optimizer for the rehearsal alone."""
        self._network = network
        self._feed = feed
        self._before = values_of(network.variables)
        self._optimizer = make_optimizer(replace(recipe, schedule="constant"), steps=1)
        self._optimizer.build(network.trainable_variables)
        step = training_step(network, self._optimizer, goal)
        several = goal.classes if goal.several else 0
        self._step = compiled(step, recipe.shape, classes_of_several=several)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the network the variables it had."""
        put_back(self._network.variables, self._before, "rehearsal")

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield batches without end."""
        epoch = 0
        while True:
            self._feed.begin_at(epoch)
            yield from self._feed
            epoch += 1

    def losses(self, rates: np.ndarray) -> Iterator[float]:
        """Yield the loss of a batch at each of these rates, the network learning as it goes."""
        for rate, batch in zip(rates.tolist(), self._batches(), strict=False):
            self._optimizer.learning_rate.assign(rate)
            yield float(self._step(*batch).numpy()[0])

    def speed(self) -> float:
        """Return steps a second, the first left out: it holds the tracing."""
        batches = self._batches()
        self._step(*next(batches)).numpy()
        began = time.perf_counter()
        done = 0
        while done < _TIMED_STEPS:
            self._step(*next(batches)).numpy()
            done += 1
            if time.perf_counter() - began > _TIMED_SECONDS:
                break
        return done / (time.perf_counter() - began)
