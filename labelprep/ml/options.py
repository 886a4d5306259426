"""What a person may ask of a training, and which values no training can use.

Imports no TensorFlow: a command line can check its options before the seconds that loading takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import UsageError, shown
from labelprep.ml.published import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

# The side of the pictures that the weights of each backbone were learned at.
BACKBONES = {
    "efficientnet-lite0": 224,
    "efficientnet-lite1": 240,
    "efficientnet-lite2": 260,
    **{name: network.side_px for name, network in PUBLISHED.items()},
}
MODELS = ("auto", "simple", "compact", "resnet", *BACKBONES)
_MODELS_IN_WORDS = (
    "auto, simple, compact, resnet, efficientnet-lite0, -lite1, -lite2, or a network of keras.applications "
    "in small letters, such as mobilenetv3small"
)
LOSSES = ("cross-entropy", "focal", "mse")
FITS = ("crop", "pad", "stretch")
LEARNING_RATES = {
    "sgd": 0.05,
    "momentum": 0.02,
    "nesterov": 0.02,
    "adam": 1e-3,
    "adamw": 1e-3,
    "rmsprop": 1e-3,
    "muon": 1e-3,
}
OPTIMIZERS = tuple(LEARNING_RATES)
SCHEDULES = ("constant", "cosine", "one-cycle", "plateau")
AUGMENTS = ("auto", "none", "shift", "flip", "photo")
PRECISIONS = ("auto", "float32", "mixed")
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
LARGEST_SEED = 2**32 - 1
# Their rate comes down to 0 at the last step: what stops before has not been annealed.
ENDING_SCHEDULES = frozenset({"cosine", "one-cycle"})


@dataclass(frozen=True)
class TrainingOptions:
    """What a person asked for; None leaves it to the defaults.

    ``find_rate`` asks for a range test instead of a rate; ``minutes`` is a budget that the number of epochs
    is fitted to; ``mixup`` and ``cutmix`` are the alpha of their Beta distribution, 0 off; ``patience`` is
    the number of epochs without a better validation after which a training stops; ``fine_tune`` trains the
    upper layers of a backbone further; ``weights`` is a file of a backbone's.
    """

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
    augment: str | None = None
    find_rate: bool = False
    schedule: str | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    mixup: float | None = None
    cutmix: float | None = None
    ema: bool | None = None
    patience: int | None = None
    minutes: float | None = None
    precision: str | None = None
    deterministic: bool = False
    fine_tune: bool | None = None
    weights: str | None = None


def check_options(options: TrainingOptions) -> None:
    """Refuse values that no training can use.

    Raises:
        UsageError: names the option, the value and what would do.
    """
    if options.model not in MODELS:
        raise UsageError(
            f"{shown(options.model)} is not known", where="--model", fix=f"choose {_MODELS_IN_WORDS}"
        )
    for option, value, allowed in (
        ("--optimizer", options.optimizer, OPTIMIZERS),
        ("--initialisation", options.initialisation, INITIALISATIONS),
        ("--loss", options.loss, LOSSES),
        ("--fit", options.fit, FITS),
        ("--schedule", options.schedule, SCHEDULES),
        ("--augment", options.augment, AUGMENTS),
        ("--precision", options.precision, PRECISIONS),
    ):
        _check_choice(option, value, allowed)
    for option, number, least in (
        ("--image-size", options.size_px, 1),
        ("--epochs", options.epochs, 1),
        ("--batch-size", options.batch_size, 1),
        ("--seed", options.seed, 0),
        ("--patience", options.patience, 1),
    ):
        if number is not None and number < least:
            raise UsageError(
                f"{number} is too small", where=option, fix=f"give a whole number from {least} up"
            )
    if options.seed is not None and options.seed > LARGEST_SEED:
        raise UsageError(f"{options.seed} is too large", where="--seed", fix=f"give at most {LARGEST_SEED}")
    if options.weights is not None and options.model not in BACKBONES:
        raise UsageError(
            f"the network {options.model} has no weights to begin with",
            where="--weights",
            fix="name the network they are of: --model mobilenetv3small, for example",
        )
    _check_numbers(options)
    _check_patience(options)


def _check_numbers(options: TrainingOptions) -> None:
    """Refuse numbers outside of their range."""
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise UsageError(
            f"{rate} cannot be a learning rate", where="--learning-rate", fix="give a number such as 0.001"
        )
    minutes = options.minutes
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise UsageError(
            f"{minutes} is no length of time", where="--minutes", fix="give a number above 0, such as 10"
        )
    for option, value, below in (
        ("--weight-decay", options.weight_decay, math.inf),
        ("--label-smoothing", options.label_smoothing, 1.0),
        ("--mixup", options.mixup, math.inf),
        ("--cutmix", options.cutmix, math.inf),
    ):
        if value is not None and not (math.isfinite(value) and 0 <= value < below):
            limit = "" if below == math.inf else f" and below {below:g}"
            raise UsageError(f"{value} cannot be used", where=option, fix=f"give a number from 0 up{limit}")


def _check_patience(options: TrainingOptions) -> None:
    """Refuse to stop early where the rate has to come down to 0 first."""
    if options.patience is not None and options.schedule in ENDING_SCHEDULES:
        raise UsageError(
            f"a {options.schedule} schedule has to run to its end, where its rate is 0",
            where="--patience",
            fix="leave it out, or choose --schedule constant or plateau",
        )


def _check_choice(option: str, value: str | None, allowed: Sequence[str]) -> None:
    """Refuse a word that is not among the allowed ones."""
    if value is not None and value not in allowed:
        raise UsageError(f"{shown(value)} is not known", where=option, fix=f"choose {', '.join(allowed)}")
