"""Networks as bytes in Keras's two file formats.

Keras picks the format by the name of what it is handed, and takes open files as well as paths; these
carry a name, so that its public functions write to memory.
"""

from __future__ import annotations

import io
import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import h5py

from labelprep.ml.backend import keras

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.ml.backend import KerasModel


class _KerasMemory(io.BytesIO):
    """Memory that Keras takes for a ``.keras`` file."""

    def __str__(self) -> str:
        """Return a name by which Keras picks the format."""
        return "model.keras"


class _H5Memory(h5py.File):  # type: ignore[misc] # h5py has no type information
    """An HDF5 file in memory that Keras takes for an ``.h5`` file."""

    def __str__(self) -> str:
        """Return a name by which Keras picks the format."""
        return "model.h5"


def keras_bytes(network: KerasModel) -> bytes:
    """Return a network in the native Keras format."""
    memory = _KerasMemory()
    with _without_known_warnings():
        keras.saving.save_model(network, memory)
    return memory.getvalue()


def h5_bytes(network: KerasModel) -> bytes:
    """Return a network in the older HDF5 format, which many courses and tools still ask for."""
    memory = io.BytesIO()
    with _H5Memory(memory, "w") as file, _without_known_warnings():
        keras.saving.save_model(network, file, include_optimizer=False)
    return memory.getvalue()


@contextmanager
def _without_known_warnings() -> Iterator[None]:
    """Hold back two sentences that are no news to a person who trains a network.

    Keras recommends its own format while it writes the other (both are written), and numpy 2 tells that
    Keras's variables lack a keyword which it then does without.
    """

    def others(record: logging.LogRecord) -> bool:
        return "file format is considered legacy" not in record.getMessage()

    logger = logging.getLogger("absl")
    logger.addFilter(others)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", r"__array__ implementation doesn't accept a copy", DeprecationWarning
            )
            yield
    finally:
        logger.removeFilter(others)
