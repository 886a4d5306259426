"""Reading of compressed bytes that may be a bomb: it ends when they grow beyond measure."""

from __future__ import annotations

import gzip
import io
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HARMLESS_BYTES: Final = 256 << 20
SUSPICIOUS_RATIO: Final = 200
"""Tables of equal cells reach 40, blank pictures 1,000: but not many of them."""
LARGEST_READ_BYTES: Final = 1 << 20
"""No header of a tar archive is longer; a longer one would be read as a whole."""


class BombError(Exception):
    """Bytes grow beyond measure; the message is what they grow to."""


class Bounded(io.RawIOBase):
    """A file that can be read forwards, up to a size that is plausible for the bytes it is packed in."""

    def __init__(self, file: IO[bytes], packed_bytes: int | None) -> None:
        """Take an open file; ``packed_bytes`` is the size of its compressed form, None where it has none."""
        super().__init__()
        self._file = file
        self._most = None if packed_bytes is None else max(HARMLESS_BYTES, SUSPICIOUS_RATIO * packed_bytes)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to a number of bytes, which must be stated.

        Raises: BombError for too many.
        """
        if not 0 <= size <= LARGEST_READ_BYTES:
            raise BombError(f"{size:,} bytes in a header")
        self._check(self._file.tell() + size)
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place from the start; the bytes on the way are read.

        Raises: BombError for a place that is too far.
        """
        self._check(offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def _check(self, place: int) -> None:
        if self._most is not None and place > self._most:
            raise BombError(f"more than {self._most:,} bytes")


@contextmanager
def opened_gzip(source: Path) -> Iterator[Bounded]:
    """Open a file packed with gzip."""
    with gzip.open(source) as file:
        yield Bounded(cast("IO[bytes]", file), source.stat().st_size)
