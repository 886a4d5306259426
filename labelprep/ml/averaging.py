"""An exponential moving average of a network's weights, which is steadier than the weights themselves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from labelprep.ml.backend import tf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasModel, Tensor

DECAY = 0.999


class Average:
    """The average of all weights of a network, normalisations' statistics included."""

    def __init__(self, network: KerasModel) -> None:
        """Begin with the weights as they are."""
        self._weights = [variable.value for variable in network.weights]
        self.variables = [tf.Variable(weight, trainable=False) for weight in self._weights]

    def update(self, step: Tensor) -> None:
        """Move the average towards the weights, within a graph; the first steps weigh more.

        Source: https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage (num_updates).
        """
        done = tf.cast(step, tf.float32)
        keep = tf.minimum(DECAY, (1.0 + done) / (10.0 + done))
        for mean, weight in zip(self.variables, self._weights, strict=True):
            mean.assign_sub(tf.cast(1.0 - keep, mean.dtype) * (mean - weight))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the averaged weights for a while."""
        own = [weight.numpy() for weight in self._weights]
        self.put()
        try:
            yield
        finally:
            for weight, value in zip(self._weights, own, strict=True):
                weight.assign(value)

    def put(self) -> None:
        """Give the network the averaged weights for good."""
        for weight, mean in zip(self._weights, self.variables, strict=True):
            weight.assign(mean)
