"""One split of a manifest as a ``tf.data.Dataset``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.errors import TrainingError, UsageError, shown
from labelprep.ml.augmenting import Augment, usual_shift_px
from labelprep.ml.options import FITS
from labelprep.pixels.fitting import ArrayShape
from labelprep.progress import Silent
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.selecting import select

if TYPE_CHECKING:
    from labelprep.manifest.store import Store


@dataclass(frozen=True, slots=True)
class Serving:
    """How a split is served: size in pixels, images a batch, order, augmentation, fit."""

    image_size: int
    batch_size: int
    shuffle: bool = False
    augment: bool = False
    seed: int = 0
    fit: str = "crop"


def dataset(store: Store, split: str, serving: Serving) -> Any:  # noqa: ANN401 - tf.data.Dataset
    """Return the images of a split, in path order or shuffled, as a ``tf.data.Dataset``.

    Raises: UsageError for a size, a batch or a fit that cannot be; TrainingError where the split is empty.
    """
    for option, value in (("image_size", serving.image_size), ("batch_size", serving.batch_size)):
        if value < 1:
            raise UsageError(f"{value} is too small", where=option, fix="give a whole number from 1 up")
    if serving.fit not in FITS:
        raise UsageError(f"{shown(serving.fit)} is not known", where="fit", fix=f"choose {', '.join(FITS)}")
    selection = select(store, serving.seed)
    pictures = selection.by_split[split]
    if not pictures:
        raise TrainingError(
            "no labelled image is in this split", where=split, fix="make splits: manifest.split()"
        )
    shape = ArrayShape(serving.image_size, serving.image_size, 1 if selection.is_grey else 3, serving.fit)  # type: ignore[arg-type] # checked above
    feeder = Feeder(store, pictures, FeedPlan(shape), Silent())

    from labelprep.ml.batches import batches  # noqa: PLC0415 - loads TensorFlow

    return batches(
        feeder.samples(pictures, selection.labels(pictures)),
        batch_size=serving.batch_size,
        shuffle=serving.shuffle,
        augment=Augment(usual_shift_px(serving.image_size)) if serving.augment else None,
        seed=serving.seed,
    )
