"""YOLO text labels: one file an image, one shape a line, read and written.

::

    data.yaml                  train: images/train      val: images/val      names: {0: cat, 1: dog}
    classes.txt                cat⏎dog                  the first is class 0
    images/train/a.jpg
    labels/train/a.txt         0 0.5 0.5 0.25 0.125     class, then shares (0-1) of width and height
    labels/train/b.txt         (empty)                  looked at, nothing there

An image without a label file is unlabelled. Shares say nothing of the frame they were drawn in: they are
taken as of the upright picture, whose size is asked for.

Source: the documented data set and label formats of Darknet and of Ultralytics.
"""

from __future__ import annotations

import os
import posixpath
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats import json_files
from labelprep.formats.base import Keeps, ReadContext, Reading, Sniffed
from labelprep.formats.label_files import unheard, walk
from labelprep.formats.yolo_files import ENDINGS, POINT_KINDS, SUFFIX, Pass, Set, facts_of, text_of
from labelprep.formats.yolo_layout import LABELS, Pictures, is_image_name, posix
from labelprep.formats.yolo_lines import FARTHEST, Lines, rows
from labelprep.formats.yolo_names import LIST_NAMES, described, kind_of
from labelprep.model.images import SPLIT_NAMES

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing, Written
    from labelprep.model.annotation import Kind

SNIFFED_FILES: Final = 20
SNIFFED_ENTRIES: Final = 2_000
LEAST_NUMBERS: Final = 4
NO_CLASSES: Final = frozenset({"images", "labels"})


class Yolo:
    """Read and write YOLO text labels."""

    name: ClassVar[str] = "yolo"
    suffix: ClassVar[str] = ""
    keeps: ClassVar[frozenset[Keeps]] = frozenset({Keeps.SPLIT, Keeps.BOX, Keeps.ROTATED_BOX, Keeps.POLYGON})

    def sniff(self, source: Path) -> Sniffed:
        """Look at the first lines of a text file, or of the first few in a folder."""
        if source.is_dir():
            return _sniff_folder(source)
        if kind_of(source.name) in {"yaml", "data"}:
            return _sniff_description(source)
        if source.suffix.lower() != SUFFIX or not source.is_file():
            return Sniffed(0.0, "neither .txt nor data.yaml")
        looks = _looks(str(source))
        if looks is None:
            return _sniff_empty(source)
        return Sniffed(0.96, "lines of a class and shares") if looks else _sniff_broken(source)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a folder, a ``data.yaml`` or one label file: one item a label file, in order of their names.

        All files are looked over first: what lines of four points are is decided over the whole set.
        ``facts`` are the list of classes, how many files, empty ones and predictions there are, what shapes
        of four points are taken for, and, when all is read, shapes by kind and splits.

        Raises: SourceError where there is no label file, or a list of classes cannot be read; UsageError
        where lists of classes disagree, or an option is not known.
        """
        encoding = json_files.check_encoding(context.options.get("encoding"))
        wished = _four_points(context.options.get("four_points"))
        if not source.exists():
            raise SourceError("there is no such file or folder", where=str(source), fix="check the path")
        files = Set(source.resolve(), context, encoding)
        if next(files.label_files(), None) is None:
            raise SourceError(
                "no label file (.txt) is there", where=str(source), fix="name the folder that holds labels"
            )
        columns = files.survey.columns(*files.four_points(wished))
        reading = Reading(facts_of(files), iter(()), list(files.lists.issues))
        if columns.why:
            reading.facts["four_points"] = f"{columns.four_points}: {columns.why}"
        for number, name in (files.lists.names or {}).items():
            if name:
                reading.class_ids.setdefault(name, number)
        reading.items = Pass(files, Lines(files.lists.names, columns), reading, context).items()
        return reading

    def write(self, export: Export, target: Path) -> Written:
        """Write images, labels, ``data.yaml`` and ``classes.txt``."""
        from labelprep.formats.yolo_writing import write  # noqa: PLC0415 - what reads does without

        return write(export, target)

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count what the lines cannot hold of one image."""
        from labelprep.formats.yolo_writing import lost  # noqa: PLC0415 - the same

        return lost(outgoing, self.keeps)


def _four_points(wished: object) -> Kind | None:
    """Raise: UsageError for a kind of shape that four points cannot be."""
    if wished is None:
        return None
    if wished not in POINT_KINDS:
        raise UsageError(
            f"{shown(wished)} is none of {', '.join(POINT_KINDS)}",
            where="--four-points",
            fix="name one of them",
        )
    return POINT_KINDS[str(wished)]


def _sniff_description(source: Path) -> Sniffed:
    try:
        says = described(str(source), source.name, None)
    except SourceError as error:
        return Sniffed(0.6, f"it speaks of classes, but {error.problem}")
    return (
        Sniffed(0.95, "it describes a set") if says else Sniffed(0.0, "it names neither classes nor images")
    )


def _sniff_empty(source: Path) -> Sniffed:
    """Take an empty file for a looked-at image where it lies as label files do."""
    folder = source.resolve().parent
    is_among = LABELS in map(str.casefold, folder.parts)
    has_list = any((folder / name).is_file() for name in LIST_NAMES)
    if (is_among or has_list) and kind_of(source.name) != "list":
        return Sniffed(0.9, "an empty file among labels: nothing is on its image")
    return Sniffed(0.1, "an empty text file")


def _sniff_broken(source: Path) -> Sniffed:
    """Take a file of other numbers for labels where an image has its name: reading says what is wrong."""
    path = posix(str(source.resolve()))
    folder, name = posixpath.split(path)
    has_image = bool(Pictures().of(folder, posixpath.splitext(name)[0]))
    if has_image and all(map(_is_like_a_line, _first(path))):
        return Sniffed(0.9, "lines of a word and numbers, and an image has its name")
    return Sniffed(0.0, "other lines")


def _looks(path: str) -> bool | None:
    """Tell whether the first lines of a file are a class number and shares; None where there are none."""
    try:
        lines = _first(path)
    except OSError:
        return False
    return all(map(_is_line, lines)) if lines else None


def _first(path: str) -> list[list[str]]:
    return [values for _, values in islice(rows(text_of(path)), SNIFFED_FILES)]


def _is_like_a_line(values: list[str]) -> bool:
    """Tell whether a word and as many numbers as a box has, or more, stand in a line."""
    return len(values) > LEAST_NUMBERS and not is_image_name(values[0]) and all(map(_is_number, values[1:]))


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_line(values: list[str]) -> bool:
    try:
        shares = [float(value) for value in values]
    except ValueError:
        return False
    return (
        len(values) > LEAST_NUMBERS
        and shares[0].is_integer()
        and all(FARTHEST[0] <= one <= FARTHEST[1] for one in shares[1:])
    )


def _sniff_folder(source: Path) -> Sniffed:
    found = list(islice(walk(str(source), ENDINGS, unheard), 10 * SNIFFED_FILES))
    texts = [path for path, name in found if not kind_of(os.path.basename(name))][:SNIFFED_FILES]  # noqa: PTH119 - a text
    looks = [look for look in map(_looks, texts) if look is not None]
    has_list = any(kind_of(os.path.basename(name)) for _, name in found)  # noqa: PTH119 - a text
    if any(looks):
        share = sum(looks) / len(looks)
        return Sniffed(
            0.4 + 0.5 * share + 0.05 * has_list, f"{sum(looks)} of {len(looks)} .txt files have its lines"
        )
    if looks and (has_list or any(LABELS in name.replace(os.sep, "/").split("/") for _, name in found)):
        return Sniffed(0.3, "files lie as in a set, but no lines of a class and shares are in them")
    if looks:
        return Sniffed(0.0, "the .txt files hold other lines")
    if texts:
        return Sniffed(0.3 if has_list else 0.15, "all .txt files are empty")
    folders = _class_folders(source)
    if folders:
        return Sniffed(0.0, f"no .txt file; class folders such as {folders}, which `labelprep scan` reads")
    return Sniffed(0.0, "there is no .txt file with labels")


def _class_folders(source: Path) -> str:
    """Return a folder of pictures such as train/cat, nothing where there is none."""
    for split in _folders(source):
        for folder in _folders(split) if split.name.casefold() in SPLIT_NAMES else ():
            names = (path.name for path in islice(folder.iterdir(), SNIFFED_ENTRIES))
            if folder.name.casefold() not in NO_CLASSES and any(map(is_image_name, names)):
                return f"{split.name}/{folder.name}"
    return ""


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in islice(folder.iterdir(), SNIFFED_ENTRIES) if path.is_dir())
    except OSError:
        return []
