"""Arrays in ``.npy`` and ``.npz`` files, read without pickles and piece by piece.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import SourceError, shown
from labelprep.formats.bounded import HARMLESS_BYTES, SUSPICIOUS_RATIO
from labelprep.formats.picture_arrays import Pictures, checked_shape, read_chunks, read_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC: Final = b"\x93NUMPY"
ENDING: Final = ".npy"
MOST_ARRAYS: Final = 1_000
LARGEST_WHOLE_BYTES: Final = 512 << 20
"""Of arrays that cannot be read piece by piece."""
AGAIN: Final = "copy or download it again"
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    # NumPy reads headers as Python's literals.
    tokenize.TokenError,
    SyntaxError,
    TypeError,
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class Array:
    """One array of a file: ``part`` is its name in an ``.npz``, empty in an ``.npy``."""

    source: Path
    part: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    offset: int

    @property
    def place(self) -> str:
        """What reports call it."""
        return f"{self.source.name}:{self.part}" if self.part else self.source.name

    @property
    def name(self) -> str:
        """What it is called: in the file, or by it."""
        return self.part or self.source.stem

    @property
    def size_bytes(self) -> int:
        """How many bytes its values take."""
        return math.prod(self.shape) * self.dtype.itemsize

    def pictures(self) -> Pictures:
        """Open it as pictures.

        Raises: SourceError where it holds none.
        """
        if self.dtype != np.uint8:
            raise SourceError(
                f"its values are {self.dtype.name}: pictures are read as bytes (uint8) alone",
                where=f"{self.source}:{self.part}".rstrip(":"),
                fix="store them as uint8 from 0 to 255",
            )
        count, shape = checked_shape(self.shape, f"{self.source}:{self.part}".rstrip(":"))

        def chunks() -> Iterator[NDArray[np.uint8]]:
            if self.is_fortran:
                yield self.whole().reshape(count, *shape)
                return
            with _opened(self.source, self.part) as file:
                file.read(self.offset)
                yield from read_chunks(file, count, shape, str(self.source))

        return Pictures(self.place, count, shape, chunks)

    def whole(self) -> NDArray[Any]:
        """Return all of it.

        Raises: SourceError where that is too much.
        """
        if self.size_bytes > LARGEST_WHOLE_BYTES:
            raise SourceError(
                f"its {self.size_bytes:,} bytes would have to be read at once",
                where=str(self.source),
                fix="store it in C order (numpy.ascontiguousarray), or in parts",
            )
        with _opened(self.source, self.part) as file:
            file.read(self.offset)
            data = read_exactly(file, self.size_bytes, str(self.source))
        return np.frombuffer(data, self.dtype).reshape(self.shape, order="F" if self.is_fortran else "C")


def arrays_in(source: Path) -> list[Array]:
    """Return the arrays of a file, in its order.

    Raises: SourceError where it is damaged, or holds Python objects.
    """
    if source.suffix.lower() == ENDING:
        return [_array(source, "", source.stat().st_size)]
    with _explained(source), zipfile.ZipFile(source) as archive:
        parts = archive.infolist()
    names = [part.filename.removesuffix(ENDING) for part in parts]
    if len(parts) > MOST_ARRAYS or len({*names}) < len(parts):
        problem = (
            f"{len(parts):,} arrays, some of the same name"
            if len({*names}) < len(parts)
            else "too many arrays"
        )
        raise SourceError(
            f"it holds {problem}", where=str(source), fix="store pictures and labels as two arrays"
        )
    for part in parts:
        if part.file_size > HARMLESS_BYTES and part.file_size > SUSPICIOUS_RATIO * part.compress_size:
            raise SourceError(
                f"its part {shown(part.filename)} would unpack from {part.compress_size:,} to "
                f"{part.file_size:,} bytes: no pictures do",
                where=str(source),
                fix=AGAIN,
            )
    found = [
        _array(source, name, part.file_size)
        for name, part in zip(names, parts, strict=True)
        if part.filename.endswith(ENDING)
    ]
    if not found:
        raise SourceError(
            "it holds no NumPy arrays", where=str(source), fix="store pictures and labels in it"
        )
    return found


def _array(source: Path, part: str, size_bytes: int) -> Array:
    where = f"{source}:{part}".rstrip(":")
    with _opened(source, part) as file, warnings.catch_warnings():
        # Headers that Python 2 wrote are told of; they read as well.
        warnings.simplefilter("ignore", UserWarning)
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise SourceError(
                f"it is of version {version}, which is not read", where=where, fix="save it anew"
            )
        shape, is_fortran, dtype = read(file)
        offset = file.tell()
    if dtype.hasobject:
        raise SourceError(
            "it holds Python objects, which can run code when they are read: it is not read",
            where=where,
            fix="ask for plain numbers: numpy.save(…, allow_pickle=False)",
        )
    array = Array(source, part, shape, dtype, is_fortran, offset)
    if min(shape, default=0) < 0 or array.size_bytes > size_bytes - offset:
        raise SourceError(
            f"it is cut off: its {array.size_bytes:,} bytes are stated, {size_bytes - offset:,} are there",
            where=where,
            fix=AGAIN,
        )
    return array


@contextmanager
def _opened(source: Path, part: str) -> Iterator[IO[bytes]]:
    with _explained(source):
        if not part:
            with source.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(source) as archive, archive.open(part + ENDING) as file:
            yield file


@contextmanager
def _explained(source: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGES as error:
        raise SourceError(f"it is damaged or cut off ({error})", where=str(source), fix=AGAIN) from error
    except OSError as error:
        problem = f"it cannot be read: {error.strerror or error}"
        raise SourceError(problem, where=str(source), fix="check the disk") from error
