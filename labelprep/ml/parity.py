"""Real pictures with what the network said of them: by these its other formats and machines are judged.

Imports no TensorFlow.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.ml.samples import Samples

PICTURES = 64
# Formats that compute in float may differ by this in a probability.
TOLERANCE = 1e-4
# By so much less a format in whole numbers may be right.
ACCURACY_LOSS = 0.02


@dataclass(frozen=True, eq=False)
class Parity:
    """Pictures ``(n, height, width, channels) uint8``, ``labels (n,) int32``, ``outputs (n, classes)``."""

    pictures: np.ndarray
    labels: np.ndarray
    outputs: np.ndarray

    def as_bytes(self) -> bytes:
        """Return them as a compressed ``.npz``."""
        memory = io.BytesIO()
        np.savez_compressed(memory, pictures=self.pictures, labels=self.labels, outputs=self.outputs)
        return memory.getvalue()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How outputs compare with Keras's on ``pictures`` pictures; shares are 0–1.

    ``same_class``: the share whose likeliest class is the same.
    """

    pictures: int
    max_difference: float
    same_class: float
    accuracy: float
    keras_accuracy: float

    @property
    def is_exact(self) -> bool:
        """Whether it is the same network but for the last digits; never where an output is no number."""
        return self.max_difference <= TOLERANCE

    @property
    def is_as_good(self) -> bool:
        """Whether it is right as often, within two points; one picture may be lost in fewer than fifty."""
        lost = round((self.keras_accuracy - self.accuracy) * self.pictures)
        return lost <= max(1.0, ACCURACY_LOSS * self.pictures)


def compared(outputs: np.ndarray, expected: np.ndarray, labels: np.ndarray) -> Agreement:
    """Return how ``outputs`` compare with those that Keras gives, all ``(n, classes)``."""
    said, meant = outputs.argmax(axis=1), expected.argmax(axis=1)
    return Agreement(
        pictures=len(labels),
        max_difference=float(np.abs(outputs - expected).max()),
        same_class=float((said == meant).mean()),
        accuracy=float((said == labels).mean()),
        keras_accuracy=float((meant == labels).mean()),
    )


def evenly(count: int, most: int) -> list[int]:
    """Return up to ``most`` of the places 0 to ``count`` - 1, as far apart as can be."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, most))}) if count else []


def parity_of(samples: Samples, outputs: np.ndarray) -> Parity | None:
    """Return some of these samples with their outputs; None where there are none, or of several labels."""
    chosen = evenly(len(samples), PICTURES)
    if not chosen or samples.labels.ndim > 1:
        return None
    pictures = samples.source.read(samples.rows[chosen])
    return Parity(pictures, samples.labels[chosen].astype(np.int32), outputs[chosen].astype(np.float32))


def load_parity(path: Path, shape: Sequence[int], classes: int) -> Parity:
    """Read what ``as_bytes`` wrote; no code from the file runs.

    Raises: TrainingError where it is damaged, or of other pictures or classes than the network.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            parity = Parity(held["pictures"], held["labels"], held["outputs"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TrainingError(f"it cannot be read: {error}", where=str(path), fix="train again") from error
    count = len(parity.pictures)
    found = parity.pictures.shape[1:], parity.labels.shape, parity.outputs.shape
    if found != (tuple(shape), (count,), (count, classes)) or parity.pictures.dtype != np.uint8:
        raise TrainingError(
            "its pictures are not those of this network", where=str(path), fix="copy the whole folder again"
        )
    return parity
