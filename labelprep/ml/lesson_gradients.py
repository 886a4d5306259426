"""The gradients of one real training step, and the test of one of them by a difference of two losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.ml.backend import tf
from labelprep.ml.lesson_values import GradientCheck
from labelprep.ml.networks.building import build
from labelprep.ml.precision import computing_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.ml.backend import KerasModel, KerasOptimizer, Tensor
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.steps import Goal

AGREEMENT = 1e-3
"""What the training step's float32 may be off, relatively; a wrong gradient is off by far more."""
# So small that hardly a ReLU changes its side, so large that float64 keeps eight digits of the difference.
WIDTH = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """One mini-batch: pictures ``(b, height, width, channels) uint8``, labels ``(b,) int32``, their paths."""

    pictures: np.ndarray
    labels: np.ndarray
    paths: tuple[str, ...]

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """What a training step takes: pictures, labels, and a weight of 1 for each."""
        ones = np.ones(len(self.labels), np.float32)
        return tf.constant(self.pictures), tf.constant(self.labels), tf.constant(ones)


class Recorder:
    """An optimizer that keeps the gradients it is handed before it passes them on to a real one."""

    def __init__(self, optimizer: KerasOptimizer) -> None:
        """Begin with none."""
        self.optimizer = optimizer
        self.gradients: list[np.ndarray] = []

    @property
    def iterations(self) -> Any:  # noqa: ANN401 - a variable of Keras's
        """The real optimizer's number of steps."""
        return self.optimizer.iterations

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss as the real optimizer wants it."""
        return self.optimizer.scale_loss(loss)

    def apply(self, gradients: Sequence[Tensor], variables: Sequence[Any]) -> None:
        """Keep the gradients, then move the weights."""
        self.gradients = [np.array(gradient) for gradient in gradients]
        self.optimizer.apply(gradients, variables)


@dataclass(frozen=True, eq=False, slots=True)
class Weight:
    """One weight: which trainable variable of the network, its place there, and its gradient."""

    variable: int
    index: tuple[int, ...]
    gradient: float


def steepest(network: KerasModel, gradients: Sequence[np.ndarray]) -> Weight:
    """Return the weight of the first kernel with the greatest gradient."""
    kernels = [number for number, item in enumerate(network.trainable_variables) if item.name == "kernel"]
    gradient = gradients[kernels[0]]
    index = np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)
    return Weight(kernels[0], tuple(int(part) for part in index), float(gradient[index]))


def check_gradient(
    network: KerasModel, recipe: Recipe, goal: Goal, batch: Batch, weight: Weight
) -> GradientCheck:
    """Hold a weight's gradient against (loss above − loss below) / (2 × width), computed in float64.

    ``network`` holds the weights at which the gradient was taken.
    """
    with computing_with("float64"):
        exact = build(recipe, goal.classes).trained
    exact.set_weights(network.get_weights())
    variable = exact.trainable_variables[weight.variable]
    values = variable.value.numpy()
    middle = float(values[weight.index])
    below, above = (
        _loss_with(exact, goal, batch, variable, _replaced(values, weight.index, middle + shift))
        for shift in (-WIDTH, WIDTH)
    )
    by_difference = (above - below) / (2 * WIDTH)
    larger = max(abs(by_difference), abs(weight.gradient)) or 1.0
    apart = abs(by_difference - weight.gradient) / larger
    return GradientCheck(
        tensor=network.trainable_variables[weight.variable].path,
        index=weight.index,
        weight=middle,
        by_backpropagation=weight.gradient,
        width=WIDTH,
        loss_below=below,
        loss_above=above,
        by_difference=by_difference,
        relative_difference=apart,
        agrees=apart < AGREEMENT,
    )


def _replaced(values: np.ndarray, index: tuple[int, ...], value: float) -> np.ndarray:
    """Return a copy with another value at one place."""
    copy = values.copy()
    copy[index] = value
    return copy


def _loss_with(network: KerasModel, goal: Goal, batch: Batch, variable: Any, values: np.ndarray) -> float:  # noqa: ANN401 - a variable of Keras's
    """Return the batch's mean loss in float64 when a variable has these values."""
    variable.assign(values)
    pictures, labels, _ = batch.tensors
    logits = network(pictures, training=True)
    targets = tf.cast(goal.targets(labels), logits.dtype)
    return float(tf.reduce_mean(goal.loss_of(targets, logits)))
