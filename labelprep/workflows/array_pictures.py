"""Pictures in arrays written as files, for whatever needs files."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from labelprep.formats.array_files import ArrayFiles, picture_sets
from labelprep.formats.base import Outgoing, ReadContext
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.workflows.getting import Picture, write_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.base import Writer
    from labelprep.formats.picture_arrays import PictureSet
    from labelprep.progress import Progress

ARRAYS: Final = ArrayFiles.name
AT_ONCE: Final = 2_000
LARGEST_AT_ONCE_BYTES: Final = 64 << 20


def write_arrays(source: Path, folder: Path, progress: Progress) -> int:
    """Write the pictures of a file or folder of arrays as PNG below a new folder; return how many.

    They are called what their labels call them when they are read.

    Raises: SourceError where a file is damaged, has no labels, or the system refuses.
    """
    sets = picture_sets(source, [])
    with progress.track("write", sum(one.pictures.count for one in sets)) as bar:
        for one in sets:
            picture_bytes = max(1, _size_of(one))
            at_once = max(1, min(AT_ONCE, LARGEST_AT_ONCE_BYTES // picture_bytes))
            pictures = _pictures(one, folder)
            while chunk := list(islice(pictures, at_once)):
                write_pictures(chunk, bar)
    return sum(one.pictures.count for one in sets)


def lost_of_arrays(source: Path, made: Writer) -> Counter[str]:
    """Count by kind what a format cannot hold of what arrays say, before any picture of them is written.

    Raises: SourceError where a file is damaged, or has no labels.
    """
    lost: Counter[str] = Counter()
    for record in ArrayFiles().read(source, ReadContext(source.parent, lambda _: True)).items:
        if isinstance(record, Record):
            lost += made.lost(_as_exported(record, source))
    return lost


def _as_exported(record: Record, source: Path) -> Outgoing:
    """Return a picture as an export gets it from a manifest: its classes once, by name alone."""
    labels = tuple(sorted({item.label for item in record.annotations if item.label is not None}))
    annotations = tuple(Annotation(Kind.CLASS, label) for label in labels)
    return Outgoing(Record(record.image, "", annotations, record.split), source, bool(labels), labels)


def _size_of(one: PictureSet) -> int:
    size_bytes = 1
    for length in one.pictures.shape:
        size_bytes *= length
    return size_bytes


def _pictures(one: PictureSet, folder: Path) -> Iterator[Picture]:
    number = 0
    for chunk in one.pictures.chunks():
        for pixels in chunk:
            yield Picture(folder / one.image(number), pixels)
            number += 1
