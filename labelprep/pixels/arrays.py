"""Raw arrays of pixels: the fastest way to feed a network.

::

    <cache>/arrays/224x224x3-crop-v1.u8     rows of height × width × channels bytes, end to end

Which image a row belongs to is the manifest's knowledge. A row counts once its bytes are synced and its
number is committed; a row without a commit is garbage.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import PixelsError
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.opening import PIXEL_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from labelprep.pixels.fitting import ArrayShape, Pixels
    from labelprep.pixels.sources import Source
    from labelprep.progress import Track

ARRAY_FOLDER: Final = "arrays"
BATCH_ROWS: Final = 64


@dataclass(frozen=True, slots=True)
class Job:
    """One row to fill and where its pixels come from."""

    row: int
    source: Source


def array_path(cache: Path, shape: ArrayShape) -> Path:
    """Return the array file of a shape; another decoder version has another file."""
    name = f"{shape.height}x{shape.width}x{shape.channels}-{shape.fit}-v{DECODER_VERSION}.u8"
    return cache / ARRAY_FOLDER / name


def extend_array(file: Path, shape: ArrayShape, rows: int) -> None:
    """Make the file hold at least so many rows; those that are there stay as they are.

    Raises:
        PixelsError: the disk has not that much space, or the file cannot be written.

    """
    wanted = rows * shape.row_bytes
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as array:
            missing = wanted - array.tell()
            free = shutil.disk_usage(file.parent).free
            if missing > free:
                raise PixelsError(
                    f"{rows:,} rows need {missing:,} bytes more; the disk has {free:,} free",
                    where=str(file),
                    fix="free disk space, or choose a smaller --image-size",
                )
            if missing > 0:
                array.truncate(wanted)
    except OSError as error:
        raise _unusable(file, error) from error


def fill_array(  # noqa: PLR0913 - a limit is neither of a shape nor of an engine
    file: Path,
    shape: ArrayShape,
    jobs: Iterable[Job],
    engine: LocalEngine,
    track: Track | None = None,
    *,
    pixel_limit: int = PIXEL_LIMIT,
) -> Iterator[dict[str, Any]]:
    """Write the rows of these jobs, and yield row, status and problem of each once its bytes are synced.

    Status ``missing``: the original is gone or changed since the scan; ``corrupt``: it does not decode any
    more.
    ``extend_array`` comes first. Order is that of finished batches.
    """
    options = {
        "cache": str(file.parent.parent),
        "file": str(file),
        "height": shape.height,
        "width": shape.width,
        "channels": shape.channels,
        "fit": shape.fit,
        "pixel_limit": pixel_limit,
    }
    given: dict[int, list[Job]] = {}
    remaining = iter(jobs)

    def batches() -> Iterator[Batch]:
        for number in count():
            some = list(islice(remaining, BATCH_ROWS))
            if not some:
                return
            given[number] = some
            yield Batch(number, [{"row": job.row, "source": job.source.as_json()} for job in some])

    for done in engine.run(batches(), Work("array", options)):
        for job, result in zip(given.pop(done.number), done.results, strict=True):
            # A crashed worker could not say which row it was on.
            yield {**result.value, "row": job.row}
        if track is not None:
            track.advance(len(done.results))


def open_array(file: Path, shape: ArrayShape, rows: int) -> Pixels:
    """Map the first rows of an array read-only: (rows, height, width, channels) uint8.

    Raises:
        PixelsError: the file is gone or holds fewer rows.

    """
    dimensions = (rows, shape.height, shape.width, shape.channels)
    if rows == 0:
        return np.empty(dimensions, np.uint8)
    try:
        return np.memmap(file, np.uint8, mode="r", shape=dimensions)
    except (OSError, ValueError) as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> PixelsError:
    """Name the array file and the reason."""
    reason = getattr(error, "strerror", None) or str(error)
    return PixelsError(
        f"the array cannot be used: {reason}", where=str(file), fix="delete it: it is made again"
    )
