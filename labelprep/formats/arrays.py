"""Pictures with class numbers in one NumPy archive, as Keras's small data sets are passed around.

::

    mnist.npz
    ├── x_train   (60000, 28, 28) uint8      grey (n, height, width), or colour (n, height, width, 3)
    ├── y_train   (60000,) any integer       class number of each picture, from 0; (n, 1) is taken too
    ├── x_test    (10000, 28, 28) uint8
    └── y_test    (10000,)
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import SourceError, shown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

KEYS = ("x_train", "y_train", "x_test", "y_test")
_FORM = "the file must hold x_train, y_train, x_test and y_test: uint8 pictures and their class numbers"


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures of one split, (n, height, width) or (n, height, width, 3) uint8, and labels, (n,) int64."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arrays:
    """What trains and what tests, in the order of the file."""

    train: Part
    test: Part


def read_arrays(file: Path) -> Arrays:
    """Read the four arrays of an ``.npz``; nothing in the file can run code (no pickles are read).

    Raises: SourceError where there is no such file, it is no such archive, or an array is not as drawn above.
    """
    if not file.is_file():
        raise SourceError("there is no such file", where=str(file), fix="give the path of an .npz file")
    try:
        if not zipfile.is_zipfile(file):
            raise SourceError("this is not an .npz file (a zip of NumPy arrays)", where=str(file), fix=_FORM)
        with np.load(file, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            if missing:
                raise SourceError(
                    f"{', '.join(missing)} missing; the file holds {shown(sorted(archive))}",
                    where=str(file),
                    fix=_FORM,
                )
            train, test = (
                checked_part(archive[f"x_{split}"], archive[f"y_{split}"], where=f"{file}:{{}}_{split}")
                for split in ("train", "test")
            )
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"cannot be read: {error}", where=str(file), fix=_FORM) from error
    return Arrays(train, test)


def checked_part(pixels: NDArray[np.generic], labels: NDArray[np.generic], *, where: str) -> Part:
    """Return pictures and labels as a ``Part``; ``where`` holds ``{}`` for x or y.

    Raises: SourceError naming the array where dtype, shape, count or a class number is not usable.
    """
    colour = pixels.ndim == 4 and pixels.shape[3] in {1, 3}  # noqa: PLR2004 - n, height, width, channels
    if pixels.dtype != np.uint8 or not (pixels.ndim == 3 or colour) or 0 in pixels.shape:  # noqa: PLR2004 - grey
        raise SourceError(
            f"{pixels.dtype} of shape {pixels.shape} are no pictures",
            where=where.format("x"),
            fix="store uint8 of shape (n, height, width) or (n, height, width, 3)",
        )
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels  # noqa: PLR2004 - as CIFAR-10
    if flat.shape != pixels.shape[:1] or not np.issubdtype(flat.dtype, np.integer) or flat.min() < 0:
        raise SourceError(
            f"{labels.dtype} of shape {labels.shape} are no class numbers of {len(pixels)} pictures",
            where=where.format("y"),
            fix="store one integer for each picture, from 0",
        )
    grey = pixels[..., 0] if colour and pixels.shape[3] == 1 else pixels
    return Part(grey.astype(np.uint8, copy=False), flat.astype(np.int64))
