"""Rows of pixels for training: raw rows, or proxies and originals decoded on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from labelprep.errors import PixelsError
from labelprep.pixels.arrays import open_array
from labelprep.pixels.cores import usable_cores
from labelprep.pixels.fitting import ArrayShape, Pixels, fit_into
from labelprep.pixels.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.pixels.sources import Source

Rows = npt.NDArray[np.integer[Any]]


class PixelSource(Protocol):
    """Anything that gives rows of pixels."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a row."""

    def read(self, rows: Rows) -> Pixels:
        """Return (rows, height, width, channels) uint8 in the order asked for."""

    def close(self) -> None:
        """Let go of files and threads."""


class ArraySource:
    """Rows of a raw array file, gathered from memory."""

    def __init__(self, file: Path, shape: ArrayShape, rows: int) -> None:
        """Map the file; ``rows`` is how many it holds."""
        self.shape = (shape.height, shape.width, shape.channels)
        # Without the class of a memory map, whose indexing is slower.
        self._array = np.asarray(open_array(file, shape, rows))

    def read(self, rows: Rows) -> Pixels:
        """Copy the rows out of the file."""
        return self._array[rows]

    def read_into(self, rows: Rows, out: Pixels) -> None:
        """Copy the rows into memory that is there already, which is the larger part of the cost of ``read``.

        Raises:
            IndexError: a row is not in the file.

        """
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(self._array):
            raise IndexError(f"rows {rows.min()} to {rows.max()} are not all in 0 to {len(self._array) - 1}")
        # With "clip" numpy writes straight into out; the default checks bounds through a copy of it.
        np.take(self._array, rows, axis=0, out=out, mode="clip")

    def close(self) -> None:
        """Unmap the file once nobody uses it."""
        self._array = np.empty((0, *self.shape), np.uint8)


class PackSource:
    """Proxies and small originals, decoded as they are asked for by a few threads."""

    def __init__(
        self, sources: Sequence[Source], shape: ArrayShape, cache: Path, threads: int | None = None
    ) -> None:
        """Take the source of every row; decoding releases the interpreter, so threads are enough."""
        self.shape = (shape.height, shape.width, shape.channels)
        self._fitting = shape
        self._sources = sources
        self._cache = cache
        self._pool = ThreadPoolExecutor(threads or usable_cores(), thread_name_prefix="labelprep-decode")

    def read(self, rows: Rows) -> Pixels:
        """Decode the rows, reading packs in offset order.

        Raises:
            PixelsError: a file is gone, changed or cannot be decoded; it names the file.

        """
        pixels = np.empty((len(rows), *self.shape), np.uint8)
        self.read_into(rows, pixels)
        return pixels

    def read_into(self, rows: Rows, out: Pixels) -> None:
        """Decode the rows into memory that is there already.

        Raises:
            PixelsError: a file is gone, changed or cannot be decoded; it names the file.

        """
        order = sorted(range(len(rows)), key=lambda place: self._position(int(rows[place])))

        def decode_one(place: int) -> None:
            self._decode_into(out[place], self._sources[int(rows[place])])

        for _ in self._pool.map(decode_one, order):
            pass

    def _position(self, row: int) -> tuple[str, int]:
        """Return what rows are read in order of."""
        source = self._sources[row]
        return (source.proxy.pack, source.proxy.offset) if source.proxy else (source.path, 0)

    def _decode_into(self, out: Pixels, source: Source) -> None:
        """Read and decode one row."""
        data = read_source(self._cache, source)
        try:
            fit_into(out, data, self._fitting.fit)
        except PixelsError as error:
            raise PixelsError(error.problem, where=source.path, fix="run labelprep scan again") from error

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
