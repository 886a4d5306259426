"""The recipe that a person's options become: every setting of a training, and why it is so.

Imports no TensorFlow: a command line can check its options before the seconds that loading takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from labelprep.ml.augmenting import SMALL_SIDE_PX
from labelprep.ml.options import BACKBONES, ENDING_SCHEDULES, LEARNING_RATES, TrainingOptions, check_options

LARGE_SIDE_PX = 128
FEW_PER_CLASS = 20
COMPACT_LEAST_SIDE_PX = 8
COMPACT_RATE = 6e-3
COMPACT_DECAY = 2e-2
RESNET_LEAST_SIDE_PX = 16
RESNET_MOST_SIDE_PX = 96
RESNET_SMOOTHING = 0.1
USUAL_DECAY = 1e-2
BACKBONE_RATE = 3e-4
BACKBONE_SIDES_PX = (96, 128, 160, 192)
PHOTO_MODEL = "efficientnet-lite0"

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class PictureFacts:
    """What the defaults depend on: the training pictures, before they are fitted.

    ``median_side_px`` is the median of their short sides; ``grey`` says that all of them are grey;
    ``backbone`` that weights learned on photos are on this machine.
    """

    median_side_px: int
    grey: bool
    images: int
    classes: int
    backbone: bool = False


@dataclass(frozen=True)
class Recipe:
    """Everything a training depends on besides the pictures.

    ``learning_rate`` is the peak of ``schedule``: ``constant``, ``cosine`` (a short linear warm-up, then down
    to 0 along a cosine), ``one-cycle`` (linear up over the first quarter of the steps, then linear down to
    0) or ``plateau`` (a fifth of it each time validation stops getting better). ``augment`` is a preset of
    ``augmenting``, where ``auto`` is decided by the pictures. ``defaults`` holds each value that nobody
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
    augment: str = "none"
    find_rate: bool = False
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    ema: bool = False
    patience: int | None = None
    minutes: float | None = None
    precision: str = "auto"
    deterministic: bool = False
    fine_tune: bool | None = None
    weights: str | None = None
    defaults: dict[str, object] = field(default_factory=dict)
    why: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the pictures the network takes."""
        return self.size_px, self.size_px, self.channels

    @property
    def ends_at_0(self) -> bool:
        """Whether the schedule has to run to its end, so that the last epoch is the one to keep."""
        return self.schedule in ENDING_SCHEDULES

    @property
    def epochs_are_free(self) -> bool:
        """Whether a budget may change the number of epochs: nobody chose it."""
        return "epochs" in self.defaults


def resolve(options: TrainingOptions, facts: PictureFacts) -> Recipe:
    """Return the recipe for these options and pictures; what nobody chose is in its ``defaults``.

    Raises:
        UsageError: an option has a value that no training can use.
    """
    check_options(options)
    use = _Defaults()
    picked, why = _picked(options, facts)
    model = use("model", None if options.model == "auto" else options.model, picked)
    size_px = use("image_size", options.size_px, _usual_size(model, facts))
    way = _way_of(model, small=size_px <= SMALL_SIDE_PX)
    optimizer = use("optimizer", options.optimizer, way.optimizer)
    usual_rate = way.rate if optimizer == way.optimizer else LEARNING_RATES[optimizer]
    rate = usual_rate if options.find_rate else use("learning_rate", options.learning_rate, usual_rate)
    ending = way.schedule if options.patience is None else "constant"
    usual_decay = way.decay if optimizer == way.optimizer else _usual_decay(optimizer)
    return Recipe(
        model=model,
        size_px=size_px,
        channels=1 if facts.grey else 3,
        fit=use("fit", options.fit, "crop"),
        epochs=use("epochs", options.epochs, way.epochs),
        batch_size=use("batch_size", options.batch_size, 128 if size_px <= SMALL_SIDE_PX else 32),
        learning_rate=rate,
        optimizer=optimizer,
        initialisation=use("initialisation", options.initialisation, way.initialisation),
        loss=use("loss", options.loss, "cross-entropy"),
        seed=use("seed", options.seed, 0),
        schedule=use("schedule", options.schedule, ending),
        weight_decay=use("weight_decay", options.weight_decay, usual_decay),
        augment=use("augment", options.augment, way.augment),
        find_rate=options.find_rate,
        label_smoothing=use("label_smoothing", options.label_smoothing, way.smoothing),
        mixup=use("mixup", options.mixup, 0.0),
        cutmix=use("cutmix", options.cutmix, 0.0),
        ema=use("ema", options.ema, usual=False),
        patience=options.patience,
        minutes=options.minutes,
        precision=options.precision or "auto",
        deterministic=options.deterministic,
        fine_tune=options.fine_tune,
        weights=options.weights,
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


@dataclass(frozen=True)
class _Way:
    """How a network is trained where nobody chose otherwise."""

    optimizer: str
    rate: float
    schedule: str
    epochs: int
    decay: float
    augment: str
    initialisation: str
    smoothing: float = 0.0


def _way_of(model: str, *, small: bool) -> _Way:
    """Return how a network is usually trained, on pictures up to 64 px or larger ones."""
    if model in BACKBONES:
        return _Way("adamw", BACKBONE_RATE, "one-cycle", 3, USUAL_DECAY, "auto", "glorot_uniform")
    if model == "resnet":
        return _Way(
            "adamw", COMPACT_RATE, "one-cycle", 8, COMPACT_DECAY, "auto", "he_normal", RESNET_SMOOTHING
        )
    if model == "compact":
        return _Way(
            "adamw", COMPACT_RATE, "one-cycle", 4 if small else 20, COMPACT_DECAY, "auto", "he_normal"
        )
    epochs = 5 if small else 20
    return _Way("adam", LEARNING_RATES["adam"], "constant", epochs, 0.0, "none", "glorot_uniform")


def _usual_decay(optimizer: str) -> float:
    """Return the weight decay that suits an optimizer; only those that part it from the gradient take any."""
    return USUAL_DECAY if optimizer in {"adamw", "muon"} else 0.0


def _usual_size(model: str, facts: PictureFacts) -> int:
    """Return the side of the pictures: their own where they are small, else what suits the network."""
    own_px = facts.median_side_px
    if model in BACKBONES:
        # Enlarging small photos costs time and shows nothing more.
        return next((side for side in BACKBONE_SIDES_PX if side >= own_px), BACKBONES[model])
    return own_px if own_px <= SMALL_SIDE_PX else LARGE_SIDE_PX


def _picked(options: TrainingOptions, facts: PictureFacts) -> tuple[str, str]:
    """Return the network for these pictures, and why."""
    own_px = facts.median_side_px
    size_px = options.size_px or (own_px if own_px <= SMALL_SIDE_PX else LARGE_SIDE_PX)
    per_class = facts.images // max(facts.classes, 1)
    if size_px < COMPACT_LEAST_SIDE_PX:
        return "simple", f"pictures of {size_px} px are too small for the other networks"
    if facts.backbone and size_px > SMALL_SIDE_PX:
        each = "1 image" if per_class == 1 else f"{per_class} images"
        why = f"it has seen 1.3 million photos before, and learns from {each} a class what a new network "
        return PHOTO_MODEL, why + "would need thousands for"
    if per_class < FEW_PER_CLASS:
        return "simple", f"{per_class} images a class are too few for a network with batch normalisation"
    if not facts.grey and RESNET_LEAST_SIDE_PX <= size_px <= RESNET_MOST_SIDE_PX:
        why = f"on colour pictures of {size_px} px it learns more from {per_class} images a class "
        return "resnet", why + "than the other networks do"
    return (
        "compact",
        f"it learns more from {per_class} images a class at {size_px} px than the simple network does",
    )
