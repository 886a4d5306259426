"""What a lesson holds: the figures of one training step and of a few short epochs, as plain values.

Imports no TensorFlow: pages and tables are made of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Window:
    """A square cut-out of a picture: ``values`` are rows of the first channel, 0–255.

    ``top`` and ``left`` are its place in pixels; ``pixel`` holds all channels of its brightest pixel, in
    ``row`` and ``column`` of the picture.
    """

    path: str
    top: int
    left: int
    values: tuple[tuple[int, ...], ...]
    row: int
    column: int
    pixel: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer: its name, Keras's name of its kind, the shape it gives for one picture, its weights."""

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int


@dataclass(frozen=True, slots=True)
class FirstWeights:
    """Where the first kernel's weights come from, and what was drawn.

    ``bound`` is the largest magnitude the initialiser can draw where it has one; ``deviation`` the standard
    deviation it aims at. ``counts`` are the weights drawn between ``edges``, one more than counts.
    """

    tensor: str
    shape: tuple[int, ...]
    initialiser: str
    fan_in: int
    fan_out: int
    bound: float | None
    deviation: float | None
    low: float
    high: float
    mean: float
    counts: tuple[int, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerRange:
    """What a layer gives for the batch: shape with the batch first, lowest, mean and highest value."""

    name: str
    shape: tuple[int, ...]
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the untaught network says of one picture: scores, probabilities, and −ln p of the label."""

    path: str
    label: int
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    loss: float


@dataclass(frozen=True, slots=True)
class TensorGradient:
    """The gradient of one tensor of weights: Euclidean norms of it and of the weights, largest magnitude."""

    tensor: str
    shape: tuple[int, ...]
    weights_norm: float
    norm: float
    largest: float


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """One weight's gradient by back-propagation beside the difference of two losses, in float64.

    ``index`` is the weight's place in its tensor; ``loss_above`` and ``loss_below`` belong to the weight plus
    and minus ``width``. ``agrees``: the relative difference is below ``AGREEMENT``.
    """

    tensor: str
    index: tuple[int, ...]
    weight: float
    by_backpropagation: float
    width: float
    loss_below: float
    loss_above: float
    by_difference: float
    relative_difference: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Update:
    """The step of that weight: ``worked_out`` is old − rate × gradient, ``new`` what the network then holds.

    ``adam_new`` is where Adam, with its usual ``adam_rate``, takes the same weight in its first step.
    """

    rate: float
    old: float
    gradient: float
    worked_out: float
    new: float
    loss_before: float
    loss_after: float
    adam_rate: float
    adam_new: float
    adam_loss_after: float


@dataclass(frozen=True, slots=True)
class RateTrial:
    """The loss on one batch before and after each of a few steps on it alone, from the same first weights."""

    rate: float
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One epoch: means over its steps; the validation is None where nothing validates."""

    number: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True, slots=True)
class ShortTraining:
    """A real training on a few pictures.

    ``orders`` are the first batches of the first two epochs, as paths; ``step_losses`` are those of the
    first epoch, in order, each from before its step.
    """

    images: int
    steps: int
    orders: tuple[tuple[tuple[str, ...], ...], ...]
    step_losses: tuple[float, ...]
    epochs: tuple[EpochFigures, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """All figures of a lesson.

    ``pictures`` are those that the answers are about, ``(n, height, width, channels) uint8`` as the network
    sees them; ``maps`` what the first convolution, after its ReLU, gives for the first of them, where it
    differs most: ``(maps, height, width) uint8``, 255 the highest of all; ``map_numbers`` tell which.
    """

    model: str
    size_px: int
    channels: int
    batch_size: int
    seed: int
    classes: tuple[str, ...]
    window: Window
    layers: tuple[LayerFacts, ...]
    first_weights: FirstWeights
    batch_images: int
    ranges: tuple[LayerRange, ...]
    answers: tuple[Answer, ...]
    gradients: tuple[TensorGradient, ...]
    check: GradientCheck
    update: Update
    trials: tuple[RateTrial, ...]
    training: ShortTraining
    pictures: np.ndarray
    maps: np.ndarray
    map_numbers: tuple[int, ...]
