"""From a recipe to a network: the table of networks, and what all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import TrainingError
from labelprep.ml.backend import keras
from labelprep.ml.networks import compact, resnet, simple

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.samples import Samples

NETWORKS = {"simple": simple, "compact": compact, "resnet": resnet}


@dataclass(frozen=True, eq=False)
class Network:
    """One network in two forms that share their weights.

    ``trained`` gives logits, which keep the loss exact where a probability would round to 0;
    ``saved`` gives probabilities: of one class among all, or of each class by itself. Both take
    ``(batch, height, width, channels)`` pictures in 0–255.
    """

    trained: KerasModel
    saved: KerasModel


def build(recipe: Recipe, classes: int, *, several: bool = False) -> Network:
    """Return a network with fresh weights for this recipe and number of classes.

    ``several`` says that a picture may be of several classes.

    Raises:
        TrainingError: the pictures are smaller than the network can take.
    """
    module = NETWORKS[recipe.model]
    if recipe.size_px < module.MINIMUM_SIDE_PX:
        raise TrainingError(
            f"pictures of {recipe.size_px} px are too small for the network {recipe.model!r}",
            where="image size",
            fix=f"choose at least --image-size {module.MINIMUM_SIDE_PX}",
        )
    pictures = keras.Input((recipe.size_px, recipe.size_px, recipe.channels), name="pictures")
    logits = module.logits(pictures, recipe, classes)
    return finished(pictures, logits, recipe.model, several=several)


def begin_with(network: Network, recipe: Recipe, samples: Samples) -> None:
    """Give a fresh network what it may learn from the pictures before the first step."""
    if NETWORKS[recipe.model] is resnet:
        resnet.whiten(network.trained, samples, recipe.seed)


def finished(pictures: Tensor, logits: Tensor, name: str, *, several: bool) -> Network:
    """Return the two forms of a network that leads from pictures to scores."""
    layers = keras.layers
    last = (
        layers.Activation("sigmoid", dtype="float32", name="probabilities")
        if several
        else layers.Softmax(dtype="float32", name="probabilities")
    )
    return Network(
        trained=keras.Model(pictures, logits, name=f"{name}_logits"),
        saved=keras.Model(pictures, last(logits), name=name),
    )
