"""Pictures in arrays with their classes, whatever file they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from labelprep.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

CHUNK_BYTES: Final = 1 << 20
LARGEST_PICTURE_BYTES: Final = 256 << 20
GREY, COLOUR = 2, 3  # axes of one picture
CHANNELS: Final = frozenset({1, 3, 4})

EXTRA = "LP335"  # bytes behind the last picture
UNUSED = "LP336"  # an array or file that is neither pictures nor their labels, or one of two alike
NO_NAMES = "LP337"  # classes that have numbers alone


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one array: how many, and the shape of each, (height, width) or (height, width, channels).

    ``chunks`` yields them in order, some at a time: (k, height, width[, channels]) uint8.
    """

    place: str
    count: int
    shape: tuple[int, ...]
    chunks: Callable[[], Iterator[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes of each picture of one array, by name; ``numbers`` are those the names stand for."""

    place: str
    rows: list[tuple[str, ...]]
    numbers: dict[str, int]
    coarse: tuple[str, ...] = ()
    """CIFAR-100: the name of the group that the class of each picture is in."""


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures and their labels: one split, or a part of it.

    ``names`` are the file names of the pictures as the source has them, else they are numbered.
    """

    stem: str
    split: str | None
    pictures: Pictures
    labels: Labels
    names: tuple[str, ...] = ()

    def image(self, number: int) -> str:
        """Return the path of a picture (from 0), below the folder they are written to: numbers from 1."""
        digits = max(5, len(str(self.pictures.count)))
        name = self.names[number] if self.names else f"{self.stem}_{number + 1:0{digits}}.png"
        return f"{self.split}/{name}" if self.split else name


def checked_shape(shape: tuple[int, ...], where: str) -> tuple[int, tuple[int, ...]]:
    """Return how many pictures an array of this shape holds, and the shape of one.

    Raises: SourceError where these are no pictures.
    """
    one = shape[1:]
    is_colour = len(one) == COLOUR and one[2] in CHANNELS
    if (
        not (len(one) == GREY or is_colour)
        or 0 in shape
        or int(np.prod(one, dtype=object)) > LARGEST_PICTURE_BYTES
    ):
        raise SourceError(
            f"an array of shape {shape} holds no pictures",
            where=where,
            fix="pictures are (n, height, width), or (n, height, width, channels) of 1, 3 or 4 channels",
        )
    return shape[0], one[:2] if is_colour and one[2] == 1 else one


def read_chunks(
    file: IO[bytes], count: int, shape: tuple[int, ...], where: str
) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures from an open file, in which they follow each other row by row.

    Raises: SourceError where it ends too early.
    """
    picture_bytes = int(np.prod(shape))
    at_once = max(1, CHUNK_BYTES // picture_bytes)
    for start in range(0, count, at_once):
        number = min(at_once, count - start)
        data = read_exactly(file, number * picture_bytes, where)
        yield np.frombuffer(data, np.uint8).reshape(number, *shape)


def read_exactly(file: IO[bytes], size: int, where: str) -> bytes:
    """Read so many bytes, piece by piece: what is claimed costs nothing before it is there.

    Raises: SourceError where there are fewer.
    """
    parts = []
    missing = size
    while missing:
        part = file.read(min(missing, CHUNK_BYTES))
        if not part:
            raise SourceError(
                f"it is cut off: {size:,} bytes should follow, {size - missing:,} do",
                where=where,
                fix="copy or download it again",
            )
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def class_rows(
    numbers: NDArray[np.integer], names: tuple[str, ...], where: str
) -> tuple[list[tuple[str, ...]], dict[str, int]]:
    """Return the classes of each picture, and the numbers of their names.

    ``numbers`` are (n,) or (n, 1) class numbers from 0, or (n, k) with a 1 for each class of a picture.
    ``names`` are the classes in order, empty where they have numbers alone.

    Raises: SourceError for what is no class number.
    """
    flat = numbers[:, 0] if numbers.ndim == GREY and numbers.shape[1] == 1 else numbers
    if flat.ndim == 1:
        low, high = (int(flat.min()), int(flat.max())) if len(flat) else (0, 0)
        if low < 0 or (names and high >= len(names)):
            wrong = low if low < 0 else high
            at = int(np.flatnonzero(flat == wrong)[0])
            classes = f"the classes are 0 to {len(names) - 1}" if names else "classes are numbered from 0"
            raise SourceError(
                f"label {wrong} is no class: {classes}", where=f"{where}[{at}]", fix="mend it, or get it anew"
            )
        used = np.unique(flat).tolist()
        by_number = {number: (names[number] if names else str(number),) for number in used}
        return [by_number[number] for number in flat.tolist()], {one[0]: n for n, one in by_number.items()}
    if flat.ndim != GREY or not np.isin(flat, (0, 1)).all():
        raise SourceError(
            f"labels of shape {numbers.shape} are neither class numbers nor a 0 or 1 for each class",
            where=where,
            fix="store one integer for each picture, from 0",
        )
    columns = names or tuple(str(number) for number in range(flat.shape[1]))
    rows = [tuple(columns[at] for at in np.flatnonzero(row)) for row in flat]
    return rows, {name: number for number, name in enumerate(columns[: flat.shape[1]])}
