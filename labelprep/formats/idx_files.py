"""Arrays in IDX files, plain or packed with gzip, as MNIST comes.

::

    00 00 08 03    zero, zero, the type (08: bytes), how many axes
    00 00 EA 60    the length of each, most significant byte first: pictures
    00 00 00 1C    height
    00 00 00 1C    width
    …              the values, row by row

Source: Yann LeCun, "The MNIST database of handwritten digits", file formats.
"""

from __future__ import annotations

import gzip
import math
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

import numpy as np

from labelprep.errors import SourceError, shown
from labelprep.formats.bounded import BombError, opened_gzip
from labelprep.formats.picture_arrays import (
    CHUNK_BYTES,
    EXTRA,
    Pictures,
    checked_shape,
    read_chunks,
    read_exactly,
)
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.sniffing import sniff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

GZIP: Final = b"\x1f\x8b"
TYPES: Final = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MOST_AXES: Final = 4
HEAD_BYTES: Final = 4 + 4 * MOST_AXES
AGAIN: Final = "copy or download it again"


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the values."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    @property
    def offset(self) -> int:
        """How many bytes it takes."""
        return 4 + 4 * len(self.shape)

    @property
    def size_bytes(self) -> int:
        """How many bytes the values take."""
        return math.prod(self.shape) * self.dtype.itemsize


def header_of(head: bytes) -> Header | None:
    """Return the header of an IDX file from its first bytes, None where they are none."""
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 0 < head[3] <= MOST_AXES:  # noqa: PLR2004 - bytes
        return None
    axes = head[3]
    if len(head) < 4 + 4 * axes:
        return None
    lengths = [int.from_bytes(head[at : at + 4], "big") for at in range(4, 4 + 4 * axes, 4)]
    return Header(np.dtype(TYPES[head[2]]), tuple(lengths))


def first_bytes(source: Path) -> bytes:
    """Return the first bytes of a file, unpacked where it is packed; none where it cannot be read."""
    try:
        with opened(source) as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error, BombError):
        return b""


@contextmanager
def opened(source: Path) -> Iterator[IO[bytes]]:
    """Open a file; what is packed with gzip is unpacked, whatever it is called."""
    with source.open("rb") as file:
        if file.read(len(GZIP)) != GZIP:
            file.seek(0)
            yield file
            return
    with opened_gzip(source) as packed:
        yield cast("IO[bytes]", packed)


@contextmanager
def _explained(source: Path) -> Iterator[IO[bytes]]:
    try:
        with opened(source) as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"it is damaged or cut off ({error})", where=str(source), fix=AGAIN) from error
    except BombError as error:
        problem = f"it would unpack to {error}: no pictures do"
        raise SourceError(problem, where=str(source), fix=AGAIN) from error
    except OSError as error:
        problem = f"it cannot be read: {error.strerror or error}"
        raise SourceError(problem, where=str(source), fix="check the disk") from error


def _checked(source: Path, issues: list[Issue]) -> Header:
    """Return the header of a file that is as long as its header says.

    Raises: SourceError.
    """
    with _explained(source) as file:
        head = file.read(HEAD_BYTES)
        header = header_of(head)
        if header is None:
            kind = sniff(head)
            what = f": it looks like {kind}" if kind not in {None, "cur", "ico"} else ""
            raise SourceError(
                f"it begins with {shown(head[:8])}, which is no header of an IDX file{what}",
                where=str(source),
                fix=AGAIN,
            )
        file.seek(header.offset)
        found = _count(file)
    if found < header.size_bytes:
        raise SourceError(
            f"it is cut off: {header.size_bytes + header.offset:,} bytes are stated, "
            f"{found + header.offset:,} are there",
            where=str(source),
            fix=AGAIN,
        )
    if found > header.size_bytes:
        extra = found - header.size_bytes
        problem = f"{extra:,} bytes behind the last value were left out"
        issues.append(Issue(EXTRA, Severity.WARNING, source.name, problem, "compare it with its origin"))
    return header


def _count(file: IO[bytes]) -> int:
    total = 0
    while part := file.read(CHUNK_BYTES):
        total += len(part)
    return total


def idx_pictures(source: Path, issues: list[Issue]) -> Pictures:
    """Open the pictures of a file.

    Raises: SourceError where it is damaged or holds no pictures.
    """
    header = _checked(source, issues)
    if header.dtype != np.uint8:
        raise SourceError(
            f"its values are {header.dtype.name}: pictures are read as bytes (uint8) alone",
            where=str(source),
            fix="store them as bytes from 0 to 255",
        )
    if len(header.shape) == 1:
        raise SourceError(
            f"it holds {header.shape[0]:,} labels, no pictures",
            where=str(source),
            fix="name the file of pictures",
        )
    count, shape = checked_shape(header.shape, str(source))

    def chunks() -> Iterator[NDArray[np.uint8]]:
        with _explained(source) as file:
            file.seek(header.offset)
            yield from read_chunks(file, count, shape, str(source))

    return Pictures(source.name, count, shape, chunks)


def idx_labels(source: Path, issues: list[Issue]) -> NDArray[np.int64]:
    """Return the class numbers of a file, (n,).

    Raises: SourceError where it is damaged or holds no class numbers.
    """
    header = _checked(source, issues)
    if len(header.shape) != 1 or header.dtype.kind not in "ui":
        raise SourceError(
            f"{header.dtype.name} of shape {header.shape} are no class numbers, one for each picture",
            where=str(source),
            fix="name the file of labels like that of the pictures, with labels and idx1",
        )
    with _explained(source) as file:
        file.seek(header.offset)
        data = read_exactly(file, header.size_bytes, str(source))
    return np.frombuffer(data, header.dtype).astype(np.int64)
