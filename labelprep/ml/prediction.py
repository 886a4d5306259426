"""Probabilities for pictures, from a network that was trained before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelprep.ml.backend import tf
from labelprep.ml.batches import Feed, FeedOptions
from labelprep.ml.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.pixels.feeding import PixelSource

_BATCH = 64


def forward(
    model: KerasModel,
    shape: tuple[int, int, int],
) -> Callable[[Tensor | np.ndarray], np.ndarray]:
    """Return what turns ``(n, height, width, channels) uint8`` into ``(n, classes) float32`` probabilities.

    It is compiled once for any number of pictures, so keep it for as long as the model is used.
    """
    # Always training=False: a model that begins with a preprocessing layer otherwise runs its batch
    # normalisation in training mode.
    graph = tf.function(
        lambda pictures: model(pictures, training=False),
        input_signature=[tf.TensorSpec((None, *shape), tf.uint8)],
        autograph=False,
    )
    return lambda pictures: np.asarray(graph(pictures))


def probabilities(
    model: KerasModel,
    source: PixelSource,
    rows: np.ndarray,
    *,
    batch_size: int = _BATCH,
    advance: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Return ``(n, classes) float32`` probabilities for these rows of a source, in their order.

    ``advance`` is told the number of pictures after each batch.
    """
    return outputs(model, source, rows, batch_size=batch_size, advance=advance)


def outputs(  # noqa: PLR0913 - each is an option
    model: KerasModel,
    source: PixelSource,
    rows: np.ndarray,
    *,
    batch_size: int = _BATCH,
    advance: Callable[[int], object] | None = None,
    changed: Callable[[Tensor], Tensor] | None = None,
    likely: Callable[[Tensor | np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return what a model gives for these rows of a source, ``(n, outputs) float32``, in their order.

    ``changed`` is what a batch of pictures goes through first; ``likely`` the model as ``forward`` returns
    it, where it is there already.
    """
    likely = likely or forward(model, source.shape)
    result = np.zeros((len(rows), int(model.output_shape[-1])), np.float32)
    samples = Samples([], np.zeros(len(rows), np.int32), np.asarray(rows, np.int64), source)
    done = 0
    for pictures, *_ in Feed(samples, FeedOptions(batch_size)):
        part = likely(pictures if changed is None else changed(pictures))
        result[done : done + len(part)] = part
        done += len(part)
        if advance is not None:
            advance(len(part))
    return result
