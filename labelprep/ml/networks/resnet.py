"""A small residual network for small colour pictures, 16 to 96 px.

::

    conv 32 3×3 /2 (whitening) · conv 64 · pool · [conv 64 · conv 64] + · conv 128 · pool
    · [conv 128 · conv 128] + · global max pool · norm · dense          above 48 px one more pool at the start

Each convolution is followed by batch normalisation and ReLU and has no bias of its own; ``+`` adds what went
into the brackets. The first filters are those that whiten small patches of the training pictures.

Source: He et al., Deep residual learning, 2015; Page, How to train your ResNet, 2018 (the shape, and the
whitening of patches).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelprep.ml.backend import keras

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.samples import Samples

MINIMUM_SIDE_PX = 16
_ONE_MORE_POOL_PX = 48
_STEM = 32
_STAGES = (64, 128)
_PATCH_PX = 3
_PATCH_PICTURES = 1_000
# What keeps directions in which patches hardly differ from being blown up.
_LEAST_VARIANCE = 1e-3


def logits(pictures: Tensor, recipe: Recipe, classes: int) -> Tensor:
    """Return ``(batch, classes) float32`` scores for ``(batch, side, side, channels)`` pictures in 0–255."""
    layers = keras.layers
    x = layers.Rescaling(1 / 255, name="scale")(pictures)
    x = _conv(x, _STEM, recipe, "stem", stride=2)
    if recipe.size_px > _ONE_MORE_POOL_PX:
        x = layers.MaxPooling2D(2, name="stem_pool")(x)
    for number, filters in enumerate(_STAGES, start=1):
        x = _conv(x, filters, recipe, f"stage{number}")
        x = before = layers.MaxPooling2D(2, name=f"stage{number}_pool")(x)
        x = _conv(x, filters, recipe, f"stage{number}_a")
        x = _conv(x, filters, recipe, f"stage{number}_b")
        x = layers.Add(name=f"stage{number}_add")([x, before])
    x = layers.GlobalMaxPooling2D(name="pool_all")(x)
    x = _norm(x, "norm")
    return layers.Dense(classes, kernel_initializer=recipe.initialisation, name="logits")(x)


def _conv(x: Tensor, filters: int, recipe: Recipe, name: str, *, stride: int = 1) -> Tensor:
    """Return convolution, normalisation and ReLU."""
    x = keras.layers.Conv2D(
        filters,
        _PATCH_PX,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=recipe.initialisation,
        name=name,
    )(x)
    return keras.layers.ReLU(name=f"{name}_relu")(_norm(x, f"{name}_norm"))


def _norm(x: Tensor, name: str) -> Tensor:
    """Return a batch normalisation that follows the last ten batches."""
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def whiten(network: KerasModel, samples: Samples, seed: int) -> None:
    """Give the first convolution filters that whiten the patches of some of the pictures.

    Their outputs then vary alike and independently: the next layers need not find that out first. Where
    there are more filters than directions, each direction comes with its opposite, which ReLU keeps apart.
    """
    rows = np.random.default_rng((seed, 0x7768)).permutation(len(samples))[:_PATCH_PICTURES]
    pictures = samples.source.read(samples.rows[rows])
    stem = network.get_layer("stem")
    filters = stem.get_weights()[0].shape[-1]
    directions = whitening(pictures, _PATCH_PX)
    both = np.concatenate([directions[: filters // 2], -directions[: filters // 2]])
    kernel = stem.get_weights()[0]
    kernel[..., : len(both)] = both.transpose(1, 2, 3, 0)
    stem.set_weights([kernel])


def whitening(pictures: np.ndarray, side: int) -> np.ndarray:
    """Return ``(side² channels, side, side, channels) float32`` filters, the strongest direction first.

    Pictures are ``(n, height, width, channels) uint8``; every second patch of them counts, scaled to 0–1.
    """
    channels = pictures.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(pictures, (side, side), axis=(1, 2))
    patches = windows[:, ::2, ::2].transpose(0, 1, 2, 4, 5, 3).reshape(-1, side * side * channels)
    covariance = np.cov(patches.astype(np.float32) / 255, rowvar=False)
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    scaled = vectors[:, ::-1] / np.sqrt(np.maximum(values[::-1], 0) + _LEAST_VARIANCE)
    filters: np.ndarray = scaled.T.reshape(-1, side, side, channels).astype(np.float32)
    return filters
