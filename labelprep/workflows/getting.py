"""Write one of Keras's small data sets as picture files, in folders by split and class."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from labelprep.errors import SourceError, UsageError
from labelprep.formats.arrays import read_arrays
from labelprep.pixels.cores import usable_cores
from labelprep.workflows.walking import JUNK_FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from labelprep.formats.arrays import Arrays, Part
    from labelprep.progress import Progress, Track

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Known:
    """What is fixed about a data set: its class names by number, and the shape of a picture."""

    classes: tuple[str, ...]
    shape: tuple[int, ...]


DATASETS = {
    "mnist": Known(tuple("0123456789"), (28, 28)),
    "fashion_mnist": Known(
        (
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
        (28, 28),
    ),
    "cifar10": Known(
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        (32, 32, 3),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Got:
    """What was written, and what an earlier run had written already; pictures by class and by split."""

    dataset: str
    folder: Path
    written: int
    kept: int
    classes: dict[str, int]
    splits: dict[str, int]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields under their contract names."""
        return {
            "dataset": self.dataset,
            "dir": str(self.folder),
            "written": self.written,
            "kept": self.kept,
            "classes": self.classes,
            "splits": self.splits,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Picture:
    """One file to write: where, and what."""

    file: Path
    pixels: NDArray[np.uint8]


def folder_name(class_name: str) -> str:
    """Return a class name as a folder's: a slash would be two folders."""
    return class_name.replace("/", "_")


def get_dataset(name: str, target: Path, *, source: Path | None = None, progress: Progress) -> Got:
    """Write a data set below ``target`` as ``train|test/<class>/<class>_00001.png``.

    The number is the picture's place in the split's array, from 1.
    ``source`` is an ``.npz`` to take instead of what Keras has or fetches. A run that was broken off is
    gone on with: a file that is there already with the same picture is kept.

    Raises: UsageError for an unknown name, or a target that holds anything but an earlier run's files;
    SourceError for an unusable ``source`` or a target that cannot be written; TrainingError where the
    data set cannot be fetched.
    """
    started = time.perf_counter()
    if name not in DATASETS:
        raise UsageError(f"no data set {name!r} is known", where="NAME", fix=f"use {', '.join(DATASETS)}")
    existing = _existing(name, target)
    arrays = read_arrays(source) if source is not None else _from_keras(name, progress)
    parts = {"train": arrays.train, "test": arrays.test}
    _check_fits(name, arrays, where=str(source or name))
    pictures = [picture for split, part in parts.items() for picture in _pictures(target / split, name, part)]
    _check_expected(existing, pictures, target)
    for class_name in DATASETS[name].classes:
        if folder_name(class_name) != class_name:
            progress.say(f"Class {class_name!r} is written as folder {folder_name(class_name)!r}.")
    kept = _kept([picture for picture in pictures if picture.file in existing], progress)
    left = [picture for picture in pictures if picture.file not in kept]
    with progress.track("write", len(left)) as bar:
        write_pictures(left, bar)
    return Got(
        dataset=name,
        folder=target,
        written=len(pictures) - len(kept),
        kept=len(kept),
        classes=_class_counts(name, arrays),
        splits={split: len(part.labels) for split, part in parts.items()},
        seconds=time.perf_counter() - started,
    )


def _from_keras(name: str, progress: Progress) -> Arrays:
    from labelprep.ml.datasets import load_dataset  # noqa: PLC0415 - a file given does not need Keras

    progress.say(f"Asking Keras for {name}: from its cache folder, else over the network.")
    return load_dataset(name)


def _check_fits(name: str, arrays: Arrays, *, where: str) -> None:
    known = DATASETS[name]
    for split, part in (("train", arrays.train), ("test", arrays.test)):
        if part.pixels.shape[1:] != known.shape:
            raise SourceError(
                f"x_{split} holds pictures of {part.pixels.shape[1:]}, those of {name} are {known.shape}",
                where=where,
                fix="give the file of this data set, or another name",
            )
        if part.labels.max() >= len(known.classes):
            raise SourceError(
                f"y_{split} holds class number {part.labels.max()}, {name} has {len(known.classes)} classes",
                where=where,
                fix="give the file of this data set, or another name",
            )


def _existing(name: str, target: Path) -> set[Path]:
    """Return the files below the target; refuse one whose names show at once that they are not ours."""
    if not target.exists():
        return set()
    if not target.is_dir():
        raise UsageError("this is a file", where=str(target), fix="name a folder, new or empty")
    folders = {folder_name(class_name) for class_name in DATASETS[name].classes}
    found = {file for file in target.rglob("*") if not file.is_dir() and not _is_junk(file.name)}
    for file in sorted(found):
        parts = file.relative_to(target).parts
        if len(parts) != 3 or parts[0] not in {"train", "test"} or parts[1] not in folders:  # noqa: PLR2004
            raise _not_ours(target, file)
    return found


def _is_junk(file_name: str) -> bool:
    return file_name.startswith(".") or file_name.lower() in JUNK_FILES


def _check_expected(existing: set[Path], pictures: list[Picture], target: Path) -> None:
    foreign = existing - {picture.file for picture in pictures}
    if foreign:
        raise _not_ours(target, min(foreign))


def _not_ours(target: Path, file: Path) -> UsageError:
    return UsageError(
        f"the folder is not empty and holds what this command does not write: {file.relative_to(target)}",
        where=str(target),
        fix="name a folder that is new or empty",
    )


def _pictures(folder: Path, name: str, part: Part) -> list[Picture]:
    names = [folder_name(class_name) for class_name in DATASETS[name].classes]
    return [
        Picture(folder / names[label] / f"{names[label]}_{number:05}.png", pixels)
        for number, (label, pixels) in enumerate(zip(part.labels.tolist(), part.pixels, strict=True), start=1)
    ]


def _kept(pictures: list[Picture], progress: Progress) -> set[Path]:
    """Return the files that are whole; refuse one that is neither whole nor the beginning of ours."""
    with progress.track("compare", len(pictures)) as bar:
        return _in_threads(
            lambda chunk: {picture.file for picture in chunk if _is_whole(picture)}, pictures, bar
        )


def _is_whole(picture: Picture) -> bool:
    found, ours = picture.file.read_bytes(), _encoded(picture.pixels)
    if found == ours:
        return True
    if ours.startswith(found):  # an earlier run was broken off here
        return False
    decoded = _decoded(found)
    if decoded is not None and np.array_equal(decoded, picture.pixels):  # another encoder's version wrote it
        return True
    raise UsageError(
        "a file of this name is there and holds something else",
        where=str(picture.file),
        fix="nothing was changed; name a folder that is new or empty",
    )


def write_pictures(pictures: list[Picture], bar: Track) -> None:
    """Write pictures as PNG; their folders are made.

    Raises: SourceError where the system refuses.
    """

    def write(chunk: list[Picture]) -> set[Path]:
        for picture in chunk:
            picture.file.write_bytes(_encoded(picture.pixels))
        return set()

    try:
        for folder in sorted({picture.file.parent for picture in pictures}):
            folder.mkdir(parents=True, exist_ok=True)
        _in_threads(write, pictures, bar)
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror or error}",
            where=str(error.filename or pictures[0].file.parent),
            fix="make room or choose another folder, then run the same command again: it goes on",
        ) from error


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG (for pictures this small all compression levels take the same time)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _decoded(data: bytes) -> NDArray[np.uint8] | None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError):
        return None


def _in_threads(work: Callable[[list[Picture]], set[Path]], pictures: list[Picture], bar: Track) -> set[Path]:
    """Do the work chunk by chunk and return the files it names.

    Opening a file waits for the system, so there are twice as many threads as cores.
    """
    chunks = [pictures[start : start + CHUNK] for start in range(0, len(pictures), CHUNK)]
    named: set[Path] = set()
    pool = ThreadPoolExecutor(2 * usable_cores())
    try:
        for chunk, files in zip(chunks, pool.map(work, chunks), strict=True):
            named |= files
            bar.advance(len(chunk))
    finally:
        # After Ctrl-C the chunks that wait are dropped, those under way end.
        pool.shutdown(cancel_futures=True)
    return named


def _class_counts(name: str, arrays: Arrays) -> dict[str, int]:
    classes = DATASETS[name].classes
    counts = np.bincount(np.concatenate([arrays.train.labels, arrays.test.labels]), minlength=len(classes))
    return {
        folder_name(class_name): int(count)
        for class_name, count in zip(classes, counts, strict=True)
        if count
    }
