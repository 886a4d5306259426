"""Feeding a network: shuffled batches of pictures as a ``tf.data`` pipeline.

Only row numbers are shuffled, never pictures, and a whole batch is read by one call: memory is bounded
by a handful of batches whatever the size of the data.
"""

from __future__ import annotations

import itertools
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.ml.augmenting import Augment, augmented
from labelprep.ml.backend import tf
from labelprep.ml.samples import ReadsInto, Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import Dataset, Tensor

_AHEAD = 2
_THREADS = 2
# tf.numpy_function hands memory on without copying it where it begins at a multiple of this.
_ALIGNMENT_BYTES = 64
_POOL_BUFFERS = 8
# What sys.getrefcount counts while only the pool holds a buffer: the list and the call's own argument.
_FREE_REFERENCES = 2


@dataclass(frozen=True)
class FeedOptions:
    """How samples become batches.

    ``epoch`` is the number of the first pass: each further pass over the data set counts one on, and
    the order and the augmentation of a pass follow from ``seed`` and its number alone.
    ``even`` makes all batches of (nearly) the same size instead of leaving a small last one. ``weighted``
    gives a third tensor, ``(b,) float32``: what each picture counts.
    """

    batch_size: int
    shuffle: bool = False
    augment: Augment | None = None
    seed: int = 0
    epoch: int = 0
    even: bool = False
    weighted: bool = False


def batches(  # noqa: PLR0913 - each is an option of the public feed
    samples: Samples,
    *,
    batch_size: int,
    shuffle: bool = False,
    augment: Augment | None = None,
    seed: int = 0,
    epoch: int = 0,
) -> Dataset:
    """Return a ``tf.data.Dataset`` of ``((b, height, width, channels) uint8, (b,) int32)``.

    The last batch holds what is left. Every pass over it is a new order when ``shuffle`` is set: the
    permutation drawn from (seed, epoch), where the first pass is ``epoch``, the second ``epoch + 1`` …
    """
    return Feed(samples, FeedOptions(batch_size, shuffle, augment, seed, epoch)).dataset


class Feed:
    """Batches of samples; iterating it raises a source's own error instead of TensorFlow's wrapping."""

    def __init__(self, samples: Samples, options: FeedOptions) -> None:
        """Build the pipeline; nothing is read before the first iteration."""
        self.samples = samples
        self.options = options
        self.steps = -(-len(samples) // options.batch_size)
        self._epochs = itertools.count(options.epoch)
        self._first = 0
        self._failure: Exception | None = None
        self._pool = _Pool()
        self.dataset = self._pipeline()

    def __len__(self) -> int:
        """Return the number of batches of one pass."""
        return self.steps

    def begin_at(self, epoch: int, batch: int = 0) -> None:
        """Make the next pass the one of this number, from this batch on: what an interrupted one left."""
        self._epochs = itertools.count(epoch)
        self._first = batch

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the batches of one pass: pictures, labels, and weights where they are asked for.

        Raises:
            PixelsError: a picture can no longer be read.
        """
        self._failure = None
        try:
            yield from self.dataset
        except tf.errors.OpError:
            if self._failure is not None:
                raise self._failure from None
            raise

    def _pipeline(self) -> Dataset:
        """Plan (epoch, batch, positions) in Python, read each batch in a function, keep two ahead."""
        plan = tf.data.Dataset.from_generator(
            self._plan,
            output_signature=(tf.TensorSpec((2,), tf.int64), tf.TensorSpec((None,), tf.int64)),
        )
        fed = plan.map(self._fed).prefetch(_AHEAD)
        options = tf.data.Options()
        # With autotune TensorFlow can block for seconds when an iterator is destroyed.
        options.autotune.enabled = False
        options.deterministic = True
        options.threading.private_threadpool_size = _THREADS
        fed = fed.with_options(options)
        return fed.apply(tf.data.experimental.assert_cardinality(self.steps))

    def _plan(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield ((epoch, batch), positions in the samples) for one pass."""
        options, count = self.options, len(self.samples)
        epoch = next(self._epochs)
        first, self._first = self._first, 0
        order = np.arange(count, dtype=np.int64)
        if options.shuffle:
            order = np.random.default_rng((options.seed, epoch)).permutation(order)
        if options.even:
            parts = np.array_split(order, max(self.steps, 1))
        else:
            parts = [order[at : at + options.batch_size] for at in range(0, count, options.batch_size)]
        for number, positions in enumerate(parts):
            if number >= first:
                yield np.array((epoch, number), dtype=np.int64), positions

    def _fed(self, key: Tensor, positions: Tensor) -> tuple[Tensor, ...]:
        """Return the pictures, labels and weights of one batch as tensors whose shapes are known."""
        kinds = [tf.uint8, label_type(self.samples.labels), *([tf.float32] if self.options.weighted else [])]
        parts = tf.numpy_function(self._read, [key, positions], kinds, stateful=True)
        parts[0].set_shape((None, *self.samples.source.shape))
        parts[1].set_shape((None, *self.samples.labels.shape[1:]))
        for weights in parts[2:]:
            weights.set_shape((None,))
        return tuple(parts)

    def _read(self, key: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """Read one batch and augment it; an error is kept, since TensorFlow passes on only its text."""
        samples, augment = self.samples, self.options.augment
        try:
            rows = samples.rows[positions]
            if isinstance(samples.source, ReadsInto):
                pictures = self._pool.array((len(rows), *samples.source.shape))
                samples.source.read_into(rows, pictures)
            else:
                pictures = samples.source.read(rows)
            if augment is not None:
                pictures = augmented(
                    pictures, augment, np.random.default_rng((self.options.seed, *key.tolist()))
                )
        except Exception as error:
            self._failure = error
            raise
        labels = samples.labels[positions].astype(label_type(samples.labels).as_numpy_dtype, copy=False)
        if not self.options.weighted:
            return pictures, labels
        if samples.weights is None:
            return pictures, labels, np.ones(len(rows), np.float32)
        return pictures, labels, samples.weights[positions].astype(np.float32, copy=False)


def label_type(labels: np.ndarray) -> Any:  # noqa: ANN401 - tf.DType
    """Return the type of labels in a network: whole numbers, or a share of each class."""
    return tf.int32 if labels.ndim == 1 else tf.float32


class _Pool:
    """Aligned memory for batches, used again once TensorFlow has let go of it.

    New memory for each batch costs more than reading it: the kernel clears every page (at 224 px half
    of the time), and what is not aligned is copied once more.
    """

    def __init__(self) -> None:
        """Begin empty; buffers are made as they are needed."""
        self._buffers: list[np.ndarray] = []
        self._lock = threading.Lock()

    def array(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return aligned uint8 memory of this shape, its content undefined."""
        size_bytes = int(np.prod(shape))
        buffer = self._buffer(size_bytes + _ALIGNMENT_BYTES)
        begin = -buffer.ctypes.data % _ALIGNMENT_BYTES
        return buffer[begin : begin + size_bytes].reshape(shape)

    def _buffer(self, size_bytes: int) -> np.ndarray:
        """Return a free buffer of at least this size, made where none is free."""
        with self._lock:
            for index in range(len(self._buffers)):
                # Views of a buffer, and so the tensors made of them, hold a reference to it.
                if (
                    sys.getrefcount(self._buffers[index]) == _FREE_REFERENCES
                    and self._buffers[index].nbytes >= size_bytes
                ):
                    return self._buffers[index]
            made = np.empty(size_bytes, np.uint8)
            if len(self._buffers) < _POOL_BUFFERS:
                self._buffers.append(made)
            return made
