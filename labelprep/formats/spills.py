"""Pieces of bytes by number, put aside in a temporary file: millions of them in little memory."""

from __future__ import annotations

import os
import tempfile
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from numpy.typing import NDArray

HELD_BYTES: Final = 1 << 20
BLOCK_BYTES: Final = 1 << 20
FEW_A_BLOCK: Final = 500
"""Fewer pieces than that are faster read one by one than found in the block of the file they lie in."""

_PREAD: Final = getattr(os, "pread", None)
"""Windows has none."""


class Spill:
    """Pieces in the order they were added, at 8 bytes of memory each. The file goes when it closes."""

    def __init__(self) -> None:
        """Make the file, in the folder for temporary ones."""
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `__exit__`
        self._descriptor = self._file.fileno()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._starts = array("q", [0])

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, which removes it."""
        self._file.close()

    def __len__(self) -> int:
        """Return how many pieces there are."""
        return len(self._starts) - 1

    def add(self, data: bytes) -> None:
        """Put a piece aside; its number is how many were there before.

        Raises: OSError, such as for a full disk.
        """
        self._starts.append(self._starts[-1] + len(data))
        self._hold(data)

    def add_all(self, data: bytes, size: int) -> None:
        """Put pieces aside that have all one size, given one after the other; see `add`."""
        start = self._starts[-1]
        self._starts.extend(range(start + size, start + len(data) + 1, size))
        self._hold(data)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes >= HELD_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._file.seek(0, 2)
        left = memoryview(b"".join(self._held))
        while left:
            left = left[self._file.write(left) :]
        self._held.clear()
        self._held_bytes = 0

    def read(self, number: int) -> bytes:
        """Return a piece."""
        return self.read_all((number,))[0]

    def read_all(self, numbers: Iterable[int]) -> list[bytes]:
        """Return some pieces."""
        if self._held:
            self._flush()
        starts, pread, descriptor = self._starts, _PREAD or self._pread, self._descriptor
        places = ((starts[number], starts[number + 1]) for number in numbers)
        return [pread(descriptor, end - start, start) for start, end in places]

    def sizes(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bytes that some pieces have."""
        starts = np.frombuffer(self._starts, np.int64)
        sizes: NDArray[np.int64] = starts[numbers + 1] - starts[numbers]
        return sizes

    def rows(self, numbers: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """Return some pieces of one size as (count, size); others are cut or filled to it.

        Where many are wanted, wherever they lie, the file is read in order and in large blocks.
        """
        starts = np.frombuffer(self._starts, np.int64)[numbers]
        order = np.argsort(starts, kind="stable")
        places = starts[order]
        blocks = places // BLOCK_BYTES
        firsts = np.flatnonzero(np.diff(blocks, prepend=-1))
        found = np.zeros((len(numbers), size), np.uint8)
        for first, end in pairwise([*firsts.tolist(), len(places)]):
            cut = self._one_by_one if end - first < FEW_A_BLOCK else self._at_once
            found[order[first:end]] = cut(places[first:end], size)
        return found

    def _one_by_one(self, places: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        data = [self._read(start, size).ljust(size, b"\0") for start in places.tolist()]
        return np.frombuffer(b"".join(data), np.uint8).reshape(-1, size)

    def _at_once(self, places: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        start = int(places[0])
        wanted = int(places[-1]) - start + size
        data = np.frombuffer(self._read(start, wanted).ljust(wanted, b"\0"), np.uint8)
        return np.lib.stride_tricks.sliding_window_view(data, size)[places - start]

    def _read(self, start: int, size: int) -> bytes:
        if self._held:
            self._flush()
        return (_PREAD or self._pread)(self._descriptor, size, start)

    def _pread(self, _: int, size: int, start: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)
