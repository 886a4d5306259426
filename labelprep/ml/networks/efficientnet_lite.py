"""EfficientNet-Lite: a network for photos whose weights were learned from the 1.3 million of ImageNet.

::

    conv 32 3×3 /2 · 7 stages of inverted residuals (expand 1×1 · depthwise · project 1×1) · conv 1280 1×1
    · mean over the picture · scores

Each convolution is followed by batch normalisation; ReLU6, no squeeze-and-excitation.

Source: Tan & Le, EfficientNet, 2019; https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.ml.backend import keras

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from labelprep.ml.backend import KerasModel, Tensor

MINIMUM_SIDE_PX = 32
MEAN, SPREAD = 127.0, 128.0
FEATURES = 1280
_STEM = 32
_EPSILON = 1e-3
_MOMENTUM = 0.99
_DIVISOR = 8
# Kernel, stride, expansion, filters, repeats.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


@dataclass(frozen=True)
class Variant:
    """One size of the network: what multiplies the filters and the repeats."""

    width: float
    depth: float


VARIANTS = {
    "efficientnet-lite0": Variant(1.0, 1.0),
    "efficientnet-lite1": Variant(1.0, 1.1),
    "efficientnet-lite2": Variant(1.1, 1.2),
}


@dataclass(frozen=True)
class _Block:
    """One inverted residual."""

    kernel: int
    stride: int
    expansion: int
    inputs: int
    filters: int


def features(pictures: Tensor, name: str) -> Tensor:
    """Return ``(batch, 1280) float32`` for ``(batch, side, side, 1 or 3)`` pictures in 0–255."""
    x = pictures
    if x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="grey_as_colour")([x, x, x])
    x = keras.layers.Rescaling(1 / SPREAD, offset=-MEAN / SPREAD, name="scale")(x)
    x = _conv(x, _STEM, "stem", kernel=3, stride=2)
    for number, block in enumerate(_blocks(VARIANTS[name])):
        x = _residual(x, block, f"block{number}")
    x = _conv(x, FEATURES, "head")
    return keras.layers.GlobalAveragePooling2D(name="features")(x)


def _blocks(variant: Variant) -> list[_Block]:
    """Return the inverted residuals of a variant in order; first and last stage are not repeated more."""
    blocks = []
    inputs = _STEM
    for number, (kernel, stride, expansion, filters, repeats) in enumerate(_STAGES):
        outputs = _rounded(filters * variant.width)
        ends = number in {0, len(_STAGES) - 1}
        for repeat in range(repeats if ends else math.ceil(repeats * variant.depth)):
            blocks.append(_Block(kernel, 1 if repeat else stride, expansion, inputs, outputs))
            inputs = outputs
    return blocks


def _rounded(filters: float) -> int:
    """Return the nearest multiple of 8 that does not lose more than a tenth."""
    nearest = max(_DIVISOR, int(filters + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    return nearest + _DIVISOR if nearest < 0.9 * filters else nearest


def _residual(x: Tensor, block: _Block, name: str) -> Tensor:
    """Return one inverted residual."""
    before = x
    if block.expansion > 1:
        x = _conv(x, block.inputs * block.expansion, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        block.kernel, strides=block.stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_norm(x, f"{name}_depthwise_norm"))
    x = _conv(x, block.filters, f"{name}_project", linear=True)
    if block.stride == 1 and block.inputs == block.filters:
        x = keras.layers.Add(name=f"{name}_add")([x, before])
    return x


def _conv(  # noqa: PLR0913 - a layer's settings
    x: Tensor, filters: int, name: str, *, kernel: int = 1, stride: int = 1, linear: bool = False
) -> Tensor:
    """Return convolution and normalisation, and ReLU6 unless it is linear."""
    conv = keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name)
    x = _norm(conv(x), f"{name}_norm")
    return x if linear else keras.layers.ReLU(6.0, name=f"{name}_relu")(x)


def _norm(x: Tensor, name: str) -> Tensor:
    return keras.layers.BatchNormalization(momentum=_MOMENTUM, epsilon=_EPSILON, name=name)(x)


def put_weights(network: KerasModel, tensors: Mapping[str, np.ndarray], name: str) -> None:
    """Give a network that begins with ``features`` the weights of a file, by the names they have there.

    Raises:
        KeyError, ValueError: the tensors are those of another network.
    """
    pairs = [("_conv_stem", "_bn0", "stem")]
    for number, block in enumerate(_blocks(VARIANTS[name])):
        there, here = f"_blocks.{number}", f"block{number}"
        if block.expansion > 1:
            pairs.append((f"{there}._expand_conv", f"{there}._bn0", f"{here}_expand"))
        pairs.append((f"{there}._depthwise_conv", f"{there}._bn1", f"{here}_depthwise"))
        pairs.append((f"{there}._project_conv", f"{there}._bn2", f"{here}_project"))
    pairs.append(("_conv_head", "_bn1", "head"))
    for conv, norm, layer in pairs:
        # Filters, inputs, rows, columns there; rows, columns, inputs, filters here.
        axes = (2, 3, 0, 1) if layer.endswith("_depthwise") else (2, 3, 1, 0)
        network.get_layer(layer).set_weights([tensors[f"{conv}.weight"].transpose(axes)])
        network.get_layer(f"{layer}_norm").set_weights(
            [tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        )
