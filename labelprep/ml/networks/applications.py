"""The networks of ``keras.applications``, from pictures in 0–255 to features, with published weights.

Keras looks for the weights in its own cache and fetches them where it can; a file of them may be given
instead. Whatever they were learned on becomes of a picture inside of the network.
"""

from __future__ import annotations

import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import TrainingError
from labelprep.ml.backend import keras
from labelprep.ml.published import PUBLISHED, Published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasModel, Tensor

# Means and spreads of red, green and blue over ImageNet, 0–1 and 0–255.
_MEANS = (0.485, 0.456, 0.406)
_SPREADS = (0.229, 0.224, 0.225)
_CENTRES = (123.68, 116.779, 103.939)
_ADDRESS = re.compile(r"https?://\S+?\.(?:h5|keras)")
_CACHE = "models"


def features(name: str, shape: tuple[int, int, int], weights: Path | None) -> KerasModel:
    """Return a network from ``(batch, height, width, 1 or 3)`` pictures in 0–255 to ``(batch, n) float32``.

    ``weights`` is a file of them, without the top layer, as Keras publishes it; without one Keras finds them.

    Raises:
        TrainingError: pictures too small, no weights to be had, or a file of other ones.
    """
    published = PUBLISHED[name]
    if min(shape[:2]) < published.least_px:
        raise TrainingError(
            f"pictures of {min(shape[:2])} px are too small for the network {name!r}",
            where="image size",
            fix=f"choose at least --image-size {published.least_px}",
        )
    if weights is not None and not weights.is_file():
        raise TrainingError(
            "there is no such file", where=str(weights), fix="check the spelling of --weights"
        )
    network = _built(name, published, shape, weights)
    if published.scale == "centred":
        _take_red_first(network)
    if weights is not None and _is_rescaled_by_keras(name):
        spread_as_published(network)
    return network


def _built(name: str, published: Published, shape: tuple[int, int, int], weights: Path | None) -> KerasModel:
    """Return the network as Keras makes it, on top of what its pictures have to become."""
    pictures = keras.Input(shape, name="pictures")
    make = getattr(keras.applications, published.keras_name)
    try:
        with _without_words():
            return make(
                include_top=False,
                weights=str(weights) if weights is not None else "imagenet",
                input_tensor=_scaled(pictures, published),
                pooling="avg",
                name=name,
            )
    except MemoryError:
        raise
    except Exception as error:
        # Keras raises a bare Exception where it cannot fetch a file.
        raise _no_weights(name, weights, error) from error


def _scaled(pictures: Tensor, published: Published) -> Tensor:
    """Return pictures in colour and in the range that the weights were learned with."""
    layers = keras.layers
    x = pictures
    if x.shape[-1] == 1:
        x = layers.Concatenate(name="grey_as_colour")([x, x, x])
    if published.scale == "unit":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(x)
    if published.scale == "spread":
        scales = [1 / (255 * spread) for spread in _SPREADS]
        offsets = [-mean / spread for mean, spread in zip(_MEANS, _SPREADS, strict=True)]
        return layers.Rescaling(scales, offset=offsets, name="scale")(x)
    if published.scale == "centred":
        return layers.Rescaling(1.0, offset=[-centre for centre in _CENTRES], name="scale")(x)
    return x


def _take_red_first(network: KerasModel) -> None:
    """Turn the first filters, learned on blue, green, red, round: no layer then has to turn the picture."""
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, *bias = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *bias])


def _is_rescaled_by_keras(name: str) -> bool:
    """Return whether Keras puts a layer before its own published weights that a file of them needs too."""
    return name.startswith("efficientnetb")


def spread_as_published(network: KerasModel) -> None:
    """Divide by the spread, whose root alone is divided by where Keras does not know the weights.

    The file of EfficientNet holds spreads where the layer takes variances.
    """
    norm = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance, *count = norm.get_weights()
    norm.set_weights([mean, variance * np.asarray(_SPREADS, variance.dtype), *count])
    norm.finalize_state()


def _no_weights(name: str, weights: Path | None, error: Exception) -> TrainingError:
    """Return what to tell a person who has no weights, or the wrong ones."""
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if weights is not None:
        return TrainingError(
            f"these are no weights of {name} without its top layer: {said}",
            where=str(weights),
            fix="give the file that Keras publishes for it, the one with notop or no_top in its name",
        )
    found = _ADDRESS.search(str(error))
    if found is None:
        return TrainingError(f"the network cannot be made: {said}", where=name, fix="choose another --model")
    file = _cached_name(found[0])
    return TrainingError(
        f"its weights are not on this machine, and cannot be fetched from {found[0]}",
        where=name,
        fix=f"fetch that file and put it at {models_folder() / file}, or name it with --weights FILE",
    )


def _cached_name(address: str) -> str:
    """Return the name that a file has in Keras's cache, which is that of its address but for one family."""
    name = address.rsplit("/", 1)[-1]
    return name.lower().replace("-", "_") if name.startswith("NASNet") else name


def models_folder() -> Path:
    """Return the folder in which Keras keeps weights."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / _CACHE


@contextmanager
def _without_words() -> Iterator[None]:
    """Keep Keras from printing between the lines of a program, and from telling which size it takes."""
    spoke = keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`input_shape` is undefined", UserWarning)
            yield
    finally:
        if spoke:
            keras.config.enable_interactive_logging()
