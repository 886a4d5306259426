"""What a training is asked to do: options as a person gives them, and the recipe they become.

Imports no TensorFlow: a command line can check its options before the seconds that loading takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from labelprep.errors import UsageError, shown
from labelprep.ml.augmenting import SMALL_SIDE_PX, usual_shift_px

if TYPE_CHECKING:
    from collections.abc import Sequence

MODELS = ("auto", "simple", "compact")
LOSSES = ("cross-entropy", "focal", "mse")
FITS = ("crop", "pad", "stretch")
LEARNING_RATES = {"sgd": 0.05, "momentum": 0.02, "adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3}
OPTIMIZERS = tuple(LEARNING_RATES)
INITIALISATIONS = (
    "glorot_uniform",
    "glorot_normal",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
)
LARGE_SIDE_PX = 128
LARGEST_SEED = 2**32 - 1
FEW_PER_CLASS = 20
COMPACT_LEAST_SIDE_PX = 8
COMPACT_RATE = 6e-3
COMPACT_DECAY = 2e-2

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class TrainingOptions:
    """What a person asked for; None leaves it to the defaults."""

    model: str = "auto"
    size_px: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str | None = None
    initialisation: str | None = None
    loss: str | None = None
    seed: int | None = None
    fit: str | None = None
    augment: bool | None = None


@dataclass(frozen=True)
class PictureFacts:
    """What the defaults depend on: the training pictures, before they are fitted.

    ``median_side_px`` is the median of their short sides; ``grey`` says that all of them are grey.
    """

    median_side_px: int
    grey: bool
    images: int
    classes: int


@dataclass(frozen=True)
class Recipe:
    """Everything a training depends on besides the pictures.

    ``schedule`` is ``constant``, or ``warm-up`` (linear up over the first quarter of the steps, then
    linear down to 0). ``shift_px`` 0 means no augmentation. ``defaults`` holds each value that nobody
    chose, under its option's name; ``why`` says why the model was picked, where ``auto`` picked it.
    """

    model: str
    size_px: int
    channels: int
    fit: str
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str
    initialisation: str
    loss: str
    seed: int
    schedule: str
    weight_decay: float
    shift_px: int
    defaults: dict[str, object] = field(default_factory=dict)
    why: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the pictures the network takes."""
        return self.size_px, self.size_px, self.channels


def check_options(options: TrainingOptions) -> None:
    """Refuse values that no training can use.

    Raises:
        UsageError: names the option, the value and what would do.
    """
    for option, value, allowed in (
        ("--model", options.model, MODELS),
        ("--optimizer", options.optimizer, OPTIMIZERS),
        ("--initialisation", options.initialisation, INITIALISATIONS),
        ("--loss", options.loss, LOSSES),
        ("--fit", options.fit, FITS),
    ):
        _check_choice(option, value, allowed)
    for option, number, least in (
        ("--image-size", options.size_px, 1),
        ("--epochs", options.epochs, 1),
        ("--batch-size", options.batch_size, 1),
        ("--seed", options.seed, 0),
    ):
        if number is not None and number < least:
            raise UsageError(
                f"{number} is too small", where=option, fix=f"give a whole number from {least} up"
            )
    if options.seed is not None and options.seed > LARGEST_SEED:
        raise UsageError(f"{options.seed} is too large", where="--seed", fix=f"give at most {LARGEST_SEED}")
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise UsageError(
            f"{rate} cannot be a learning rate", where="--learning-rate", fix="give a number such as 0.001"
        )


def _check_choice(option: str, value: str | None, allowed: Sequence[str]) -> None:
    """Refuse a word that is not among the allowed ones."""
    if value is not None and value not in allowed:
        raise UsageError(f"{shown(value)} is not known", where=option, fix=f"choose {', '.join(allowed)}")


def resolve(options: TrainingOptions, facts: PictureFacts) -> Recipe:
    """Return the recipe for these options and pictures; what nobody chose is in its ``defaults``.

    Raises:
        UsageError: an option has a value that no training can use.
    """
    check_options(options)
    use = _Defaults()
    own_px = facts.median_side_px
    size_px = use("image_size", options.size_px, own_px if own_px <= SMALL_SIDE_PX else LARGE_SIDE_PX)
    picked, why = _picked(size_px, facts)
    model = use("model", None if options.model == "auto" else options.model, picked)
    compact, small = model == "compact", size_px <= SMALL_SIDE_PX
    optimizer = use("optimizer", options.optimizer, "adamw" if compact else "adam")
    usual_rate = COMPACT_RATE if compact and optimizer == "adamw" else LEARNING_RATES[optimizer]
    augment = use("augment", options.augment, compact)
    return Recipe(
        model=model,
        size_px=size_px,
        channels=1 if facts.grey else 3,
        fit=use("fit", options.fit, "crop"),
        epochs=use("epochs", options.epochs, (4 if compact else 5) if small else 20),
        batch_size=use("batch_size", options.batch_size, 128 if small else 32),
        learning_rate=use("learning_rate", options.learning_rate, usual_rate),
        optimizer=optimizer,
        initialisation=use(
            "initialisation", options.initialisation, "he_normal" if compact else "glorot_uniform"
        ),
        loss=use("loss", options.loss, "cross-entropy"),
        seed=use("seed", options.seed, 0),
        schedule="warm-up" if compact else "constant",
        weight_decay=COMPACT_DECAY if optimizer == "adamw" else 0.0,
        shift_px=usual_shift_px(size_px) if augment else 0,
        defaults=use.used,
        why=why if "model" in use.used else "",
    )


class _Defaults:
    """Takes what was chosen, else the default, and remembers each default taken."""

    def __init__(self) -> None:
        """Begin with none taken."""
        self.used: dict[str, object] = {}

    def __call__(self, option: str, chosen: _Value | None, usual: _Value) -> _Value:
        """Return the chosen value, or the usual one and note it under the option's name."""
        if chosen is not None:
            return chosen
        self.used[option] = usual
        return usual


def _picked(size_px: int, facts: PictureFacts) -> tuple[str, str]:
    """Return the network for these pictures, and why."""
    per_class = facts.images // max(facts.classes, 1)
    if size_px < COMPACT_LEAST_SIDE_PX:
        return "simple", f"pictures of {size_px} px are too small for the other networks"
    if per_class < FEW_PER_CLASS:
        return "simple", f"{per_class} images a class are too few for a network with batch normalisation"
    return (
        "compact",
        f"it learns more from {per_class} images a class at {size_px} px than the simple network does",
    )
