"""CIFAR-10 and CIFAR-100 in their binary and their Python version.

::

    data_batch_1.bin, test_batch.bin    CIFAR-10: again and again a byte for the class, 3,072 for the picture
    train.bin, test.bin                 CIFAR-100: a byte for the group, one for the class, 3,072
    data_batch_1, test_batch            CIFAR-10 as pickles, see `cifar_pickles`
    train, test                         CIFAR-100 as pickles
    batches.meta.txt, batches.meta      the names of the classes
    fine_label_names.txt, meta          those of CIFAR-100; coarse_label_names.txt those of its groups

A picture is 32 rows of 32 pixels in red, then in green, then in blue.

Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import SourceError
from labelprep.formats.array_names import SPLITS
from labelprep.formats.cifar_pickles import read_pickle
from labelprep.formats.picture_arrays import CHUNK_BYTES, GREY, Labels, Pictures, PictureSet, class_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SIDE: Final = 32
PIXELS: Final = 3 * SIDE * SIDE
LARGEST_FILE_BYTES: Final = 1 << 29
LARGEST_NAMES_BYTES: Final = 1 << 20
AGAIN: Final = "copy or download it again"
PICKLED: Final = re.compile(r"data_batch_\d+|test_batch|train|test", re.IGNORECASE)
BINARY: Final = ".bin"
FILE_NAME: Final = re.compile(r"[\w-][\w.-]{0,200}\.png")
PICKLE_START: Final = b"\x80"
AT_ONCE: Final = max(1, CHUNK_BYTES // PIXELS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two sets: bytes before a picture, how many classes, and where their names are."""

    before: int
    classes: int
    groups: int
    text_files: tuple[str, ...]
    pickles: tuple[tuple[str, str], ...]


TEN = Kind(1, 10, 0, ("batches.meta.txt",), (("batches.meta", "label_names"),))
HUNDRED = Kind(
    2,
    100,
    20,
    ("fine_label_names.txt", "coarse_label_names.txt"),
    (("meta", "fine_label_names"), ("meta", "coarse_label_names")),
)


def is_pickle(source: Path, head: bytes) -> bool:
    """Tell whether a file is called as the pickles of CIFAR are, or begins as pickles do."""
    return head.startswith(PICKLE_START) and (
        PICKLED.fullmatch(source.name) is not None or source.suffix.lower() in {".pkl", ".pickle"}
    )


def kind_of_binary(size_bytes: int, stem: str) -> Kind | None:
    """Return which of the two sets a binary file of this size is; where it can be both, its name tells."""
    fitting = [kind for kind in (TEN, HUNDRED) if size_bytes and size_bytes % (kind.before + PIXELS) == 0]
    if len(fitting) > 1:
        return HUNDRED if stem.casefold() in {"train", "test"} else TEN
    return fitting[0] if fitting else None


def binary_set(source: Path) -> PictureSet:
    """Open a binary file.

    Raises: SourceError where its size or a label does not fit.
    """
    size_bytes = source.stat().st_size
    kind = kind_of_binary(size_bytes, source.stem)
    if kind is None:
        raise SourceError(
            f"its {size_bytes:,} bytes are no whole number of pictures, neither of CIFAR-10 "
            f"({1 + PIXELS:,} bytes each) nor of CIFAR-100 ({2 + PIXELS:,})",
            where=str(source),
            fix=AGAIN,
        )
    count = size_bytes // (kind.before + PIXELS)
    records = np.memmap(source, np.uint8, "r", shape=(count, kind.before + PIXELS))
    named = _names_from_text(source, kind)
    coarse = np.array(records[:, 0]) if kind.groups else None
    labels = _labels(source, kind, np.array(records[:, kind.before - 1]), coarse, named)

    def chunks() -> Iterator[NDArray[np.uint8]]:
        with source.open("rb") as file:
            while data := file.read(AT_ONCE * (kind.before + PIXELS)):
                rows = np.frombuffer(data, np.uint8).reshape(-1, kind.before + PIXELS)
                yield _upright(rows[:, kind.before :])

    return _set(source, Pictures(source.name, count, (SIDE, SIDE, 3), chunks), labels)


def pickled_set(source: Path) -> PictureSet:
    """Open a pickle of the Python version; nothing in it can run.

    Raises: SourceError where it is none of CIFAR.
    """
    found = _read(source)
    data = found.get("data")
    kind = HUNDRED if "fine_labels" in found else TEN
    numbers = found.get("fine_labels" if kind is HUNDRED else "labels")
    coarse = found.get("coarse_labels") if kind is HUNDRED else None
    lists = [numbers, *([] if coarse is None else [coarse])]
    if not isinstance(data, np.ndarray) or data.ndim != GREY or data.shape[1] != PIXELS or not len(data):
        raise SourceError("it holds no pictures of CIFAR", where=str(source), fix=AGAIN)
    if not all(_are_numbers(one, len(data)) for one in lists):
        problem = f"it holds no label for each of its {len(data):,} pictures"
        raise SourceError(problem, where=str(source), fix=AGAIN)
    named = _names_from_pickles(source, kind)
    groups = None if coarse is None else np.array(coarse, np.int64)
    labels = _labels(source, kind, np.array(numbers, np.int64), groups, named)

    def chunks() -> Iterator[NDArray[np.uint8]]:
        for start in range(0, len(data), AT_ONCE):
            yield _upright(data[start : start + AT_ONCE])

    pictures = Pictures(source.name, len(data), (SIDE, SIDE, 3), chunks)
    return _set(source, pictures, labels, _file_names(found.get("filenames"), len(data)))


def _set(source: Path, pictures: Pictures, labels: Labels, names: tuple[str, ...] = ()) -> PictureSet:
    stem = source.stem if source.suffix.lower() in {BINARY, ".pkl", ".pickle"} else source.name
    split = "train" if stem.casefold().startswith("data_batch") else SPLITS.get(stem.casefold().split("_")[0])
    return PictureSet(stem, split, pictures, labels, names)


def _upright(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def _labels(
    source: Path,
    kind: Kind,
    numbers: NDArray[np.integer[Any]],
    coarse: NDArray[np.integer[Any]] | None,
    named: list[tuple[str, ...]],
) -> Labels:
    names, groups = named[0], named[1] if len(named) > 1 else ()
    for values, most in ((numbers, kind.classes), (coarse, kind.groups)):
        if values is not None and not (int(values.min()) >= 0 and int(values.max()) < most):
            at = int(np.flatnonzero((values < 0) | (values >= most))[0])
            raise SourceError(
                f"label {int(values[at])} is no class: they are 0 to {most - 1}",
                where=f"{source}[{at}]",
                fix=AGAIN,
            )
    rows, known = class_rows(numbers, names, str(source))
    above = () if coarse is None else tuple(groups[n] if groups else str(n) for n in coarse.tolist())
    return Labels(source.name, rows, known, above)


def _are_numbers(value: Any, count: int) -> bool:  # noqa: ANN401 - what a pickle held
    return (
        isinstance(value, list)
        and len(value) == count
        and all(type(one) is int and abs(one) < 1 << 31 for one in value)
    )


def _file_names(value: Any, count: int) -> tuple[str, ...]:  # noqa: ANN401 - what a pickle held
    """Return the names that pictures had, where each has one of its own that is a plain file name."""
    if not isinstance(value, list) or len(value) != count or not all(isinstance(one, str) for one in value):
        return ()
    is_usable = len({one.casefold() for one in value}) == count and all(map(FILE_NAME.fullmatch, value))
    return tuple(value) if is_usable else ()


def _names_from_text(source: Path, kind: Kind) -> list[tuple[str, ...]]:
    found = []
    for name, count in zip(kind.text_files, (kind.classes, kind.groups), strict=False):
        file = source.with_name(name)
        lines: list[str] = []
        if file.is_file() and file.stat().st_size <= LARGEST_NAMES_BYTES:
            lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
        names = tuple(line for line in lines if line)
        found.append(names if len({*names}) == count else ())
    return found


def _names_from_pickles(source: Path, kind: Kind) -> list[tuple[str, ...]]:
    found = []
    for (name, key), count in zip(kind.pickles, (kind.classes, kind.groups), strict=False):
        file = source.with_name(name)
        names = _read(file).get(key) if file.is_file() else None
        is_usable = isinstance(names, list) and all(isinstance(one, str) for one in names)
        found.append(tuple(names) if names and is_usable and len({*names}) == count else ())
    return found


def _read(source: Path) -> dict[str, Any]:
    if source.stat().st_size > LARGEST_FILE_BYTES:
        problem = f"its {source.stat().st_size:,} bytes are more than a file of CIFAR has"
        raise SourceError(problem, where=str(source), fix="give the files as they are distributed")
    with source.open("rb") as file:
        return read_pickle(file, str(source))
