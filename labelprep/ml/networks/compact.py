"""A small modern network: batch normalisation, strided first convolution, few parameters.

::

    up to 36 px, grey       conv 24 5×5 /2 · conv 48 · pool · conv 64 · conv 64 /2 · flatten · dense · norm
    everything else         conv 32 /2 · conv 64 · pool · (conv 64 · conv 64 · pool)×n · conv 128 · conv 128
                            · global max pool · norm · dense      n = 1 at 32 px, one more each doubling

Each convolution is followed by batch normalisation and ReLU and has no bias of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.ml.backend import keras

if TYPE_CHECKING:
    from labelprep.ml.backend import Tensor
    from labelprep.ml.recipes import Recipe

MINIMUM_SIDE_PX = 8
SIGN_SIDE_PX = 36
# Below this side (after the strided convolution and the pools) the last two convolutions see the whole.
_LAST_SIDE_PX = 4


def logits(pictures: Tensor, recipe: Recipe, classes: int) -> Tensor:
    """Return ``(batch, classes) float32`` scores for ``(batch, side, side, channels)`` pictures in 0–255."""
    x = keras.layers.Rescaling(1 / 255, name="scale")(pictures)
    if recipe.channels == 1 and recipe.size_px <= SIGN_SIDE_PX:
        # Measured on MNIST: normalised scores, rather than features, are worth 0.0013 of accuracy.
        x = _dense(_signs(x, recipe), classes, recipe, bias=False)
        return _norm(x, "norm")
    return _dense(_norm(_photos(x, recipe), "norm"), classes, recipe, bias=True)


def _signs(x: Tensor, recipe: Recipe) -> Tensor:
    """Return ``(batch, features)`` for small grey pictures: where a stroke lies is kept."""
    x = _conv(x, 24, recipe, 1, side=5, stride=2)
    x = _conv(x, 48, recipe, 2)
    x = keras.layers.MaxPooling2D(2, name="pool1")(x)
    x = _conv(x, 64, recipe, 3)
    x = _conv(x, 64, recipe, 4, stride=2)
    return keras.layers.Flatten(name="flatten")(x)


def _photos(x: Tensor, recipe: Recipe) -> Tensor:
    """Return ``(batch, 128)`` for photos: what is seen is kept, where it lies is not."""
    x = _conv(x, 32, recipe, 1, stride=2)
    x = _conv(x, 64, recipe, 2)
    x = keras.layers.MaxPooling2D(2, name="pool1")(x)
    number, side_px = 3, recipe.size_px // 4
    while number == 3 or side_px > _LAST_SIDE_PX:  # noqa: PLR2004 - one such pair at least
        x = _conv(x, 64, recipe, number)
        x = _conv(x, 64, recipe, number + 1)
        x = keras.layers.MaxPooling2D(2, padding="same", name=f"pool{number // 2 + 1}")(x)
        number, side_px = number + 2, side_px // 2
    x = _conv(x, 128, recipe, number)
    x = _conv(x, 128, recipe, number + 1)
    return keras.layers.GlobalMaxPooling2D(name="pool_all")(x)


def _conv(x: Tensor, filters: int, recipe: Recipe, number: int, *, side: int = 3, stride: int = 1) -> Tensor:  # noqa: PLR0913 - a layer's settings
    """Return convolution, normalisation and ReLU number ``number``."""
    x = keras.layers.Conv2D(
        filters,
        side,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=recipe.initialisation,
        name=f"conv{number}",
    )(x)
    x = _norm(x, f"norm{number}")
    return keras.layers.ReLU(name=f"relu{number}")(x)


def _dense(x: Tensor, classes: int, recipe: Recipe, *, bias: bool) -> Tensor:
    """Return a score a class."""
    return keras.layers.Dense(
        classes, use_bias=bias, kernel_initializer=recipe.initialisation, name="logits"
    )(x)


def _norm(x: Tensor, name: str) -> Tensor:
    """Return a batch normalisation that follows the last ten batches."""
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)
