"""The textbook network: input → conv → ReLU → pool → conv → ReLU → pool → dense → output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.ml.backend import keras

if TYPE_CHECKING:
    from labelprep.ml.backend import Tensor
    from labelprep.ml.recipes import Recipe

MINIMUM_SIDE_PX = 4


def logits(pictures: Tensor, recipe: Recipe, classes: int) -> Tensor:
    """Return ``(batch, classes) float32`` scores for ``(batch, side, side, channels)`` pictures in 0–255."""
    layers, start = keras.layers, recipe.initialisation
    x = layers.Rescaling(1 / 255, name="scale")(pictures)
    x = layers.Conv2D(32, 3, padding="same", kernel_initializer=start, name="conv1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(64, 3, padding="same", kernel_initializer=start, name="conv2")(x)
    x = layers.ReLU(name="relu2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, kernel_initializer=start, name="dense")(x)
    x = layers.ReLU(name="relu3")(x)
    return layers.Dense(classes, kernel_initializer=start, name="logits")(x)
