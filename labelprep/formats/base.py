"""What every reader and writer of a format is: a small Protocol, and the values that pass through it.

A reader never looks at the manifest: it yields records that name their images as written, and the workflow
finds out which image that is. For every row, file or entry it meets it yields exactly one item, a `Record` or
a `Rejected` with its reason, so that rows in = rows used + each reason with its count.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from labelprep.formats.placing import Files, place
from labelprep.model.annotation import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from labelprep.model.issues import Issue


OF_CLASSES = "attributes of whole-image labels"
"""How attributes of annotations of kind class are told in a loss."""


class Keeps(StrEnum):
    """What a format can hold; an export tells what would be lost."""

    CLASS = "class"
    CLASSES = "classes"
    SPLIT = "split"
    BOX = "box"
    ROTATED_BOX = "rotated_box"
    POLYGON = "polygon"
    POLYLINE = "polyline"
    POINTS = "points"
    CIRCLE = "circle"
    MASK = "mask"
    ATTRIBUTES = "attributes"
    CONFIDENCE = "confidence"
    GROUP = "group"
    UNNAMED = "unnamed"
    """Shapes without a class."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """How sure a reader is that a source is its own (0–1), and why."""

    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, file or entry that says nothing usable: ``reason`` is the key it is counted under.

    ``image`` is what it calls its image, where it names one and only says nothing of it.
    """

    reason: str
    issue: Issue
    image: str = ""


Item = Record | Rejected


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a reader may know of the manifest, and what a person has set.

    ``is_image`` tells whether a text names an image of the manifest (by any certain rule); ``classes`` are
    the class names known; ``options`` holds what was set on the command line under the option's name
    (``encoding``, ``sheet``, ``header``, ``file_column``, ``label_columns``, ``split_column``,
    ``group_column``, ``separator``, ``fill_merged``, ``multi_label``); ``root`` is the folder of the images.
    ``size_of`` gives the upright (width, height) in pixels of the one image that a text names, seen from a
    label file at ``beside`` (as `Record` has it), None where there is no such image or its size is not known.
    ``is_path`` tells in the same way whether it is the exact path of an image, much faster than ``is_image``.
    """

    root: Path
    is_image: Callable[[str], bool]
    classes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    size_of: Callable[[str, str | None], tuple[int, int] | None] = lambda _name, _beside: None
    is_path: Callable[[str, str | None], bool] = lambda _name, _beside: False


@dataclass(slots=True)
class Reading:
    """One source under reading.

    ``facts`` are what was found out and is shown (encoding, delimiter, sheet, header line, roles of columns);
    ``items`` yields a record or a rejection for each row, in source order; ``issues`` fills while it is
    consumed with what is told besides (notes by cell, what was inferred). ``class_ids`` are the numbers that
    the source itself gives to class names (of a class list), kept so that an export to the same format gives
    the same ones; like ``facts`` they may fill while items are consumed. ``place_of_image`` turns the locator
    of a record into the place where its image is named, such as ``Sheet1!B17`` into ``Sheet1!A17``.
    """

    facts: dict[str, Any]
    items: Iterator[Item]
    issues: list[Issue] = field(default_factory=list)
    class_ids: dict[str, int] = field(default_factory=dict)
    place_of_image: Callable[[str], str] = str


class Reader(Protocol):
    """Reads one format."""

    name: ClassVar[str]
    keeps: ClassVar[frozenset[Keeps]]

    def sniff(self, source: Path) -> Sniffed:
        """Say how sure it is that a file or folder is of this format, from a look at little of it."""

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a source.

        Raises: SourceError where it cannot be read at all; UsageError where a question needs an option.
        """


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One image as a writer gets it.

    ``record`` says what its labels resolve to: ``image`` is its path below the root (POSIX), ``size_wh`` the
    upright size, ``annotations`` first one of kind class for each class that a source names for the whole
    image, then the shapes. ``file`` is the original. ``is_stated``: some source has spoken of it; if not it
    is unlabelled, which is not the same as stated to show nothing. ``labels`` are its classes, also those
    that follow from its shapes alone, for formats that hold classes only.
    """

    record: Record
    file: Path
    is_stated: bool
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """What a writer writes.

    ``items`` gives the images in path order, and may be called more than once. ``classes`` are all class
    names in id order, retired ones left out. ``class_ids`` are numbers that a source of the same format gave
    to some of them. ``root`` is the folder of the originals. ``placed`` fills while it is written: of which
    image (path below the root) each image file in the export is a copy or link.
    """

    root: Path
    classes: tuple[str, ...]
    items: Callable[[], Iterator[Outgoing]]
    class_ids: Mapping[str, int] = field(default_factory=dict)
    files: Files = Files.COPY
    options: Mapping[str, Any] = field(default_factory=dict)
    placed: dict[Path, str] = field(default_factory=dict)

    def place(self, item: Outgoing, target: Path) -> int:
        """Put the file of an image into the export, unless images stay; return how many files that makes.

        Raises: SourceError where the system refuses.
        """
        if not place(item.file, target, self.files):
            return 0
        self.placed[target] = item.record.image
        return 1

    def numbers(self) -> dict[str, int]:
        """Return a number for each class: those of ``class_ids`` stay, the others take the free ones."""
        taken = {name: number for name, number in self.class_ids.items() if name in self.classes}
        free = (number for number in count() if number not in set(taken.values()))
        return {name: taken[name] if name in taken else next(free) for name in self.classes}


@dataclass(frozen=True, slots=True)
class Written:
    """What an export holds: images it tells of, annotations in it, files (labels and images) written."""

    images: int
    annotations: int
    files: int


class Writer(Protocol):
    """Writes one format."""

    name: ClassVar[str]
    keeps: ClassVar[frozenset[Keeps]]
    suffix: ClassVar[str]
    """The ending of the one file it writes; empty where it writes a folder."""

    def write(self, export: Export, target: Path) -> Written:
        """Write everything below (or into) ``target``, which does not exist yet; nothing outside it.

        Equal exports give equal bytes. What the format cannot hold is left out: `lost` has told of it.
        Raises: SourceError where something cannot be written.
        """

    def lost(self, outgoing: Outgoing) -> Counter[str]:
        """Count, by kind, what of one image this format cannot hold; `not_kept` does for most."""


def not_kept(record: Record, keeps: frozenset[Keeps]) -> Counter[str]:
    """Count, by kind, what of a record is not among what a format keeps."""
    lost: Counter[str] = Counter()
    stated = sum(item.kind is Kind.CLASS for item in record.annotations)
    if stated > 1 and Keeps.CLASS in keeps and Keeps.CLASSES not in keeps:
        lost["further classes"] += stated - 1
    for item in record.annotations:
        if Keeps(item.kind) not in keeps and not (item.kind is Kind.CLASS and Keeps.CLASSES in keeps):
            lost[str(item.kind)] += 1
            continue
        if Keeps.ATTRIBUTES not in keeps and says_more(item.attributes):
            lost[OF_CLASSES if item.kind is Kind.CLASS else "attributes"] += 1
        if item.confidence is not None and Keeps.CONFIDENCE not in keeps:
            lost["confidence"] += 1
        if item.label is None and Keeps.UNNAMED not in keeps:
            lost["shapes without a class"] += 1
    if record.split is not None and Keeps.SPLIT not in keeps:
        lost["split"] += 1
    if record.group is not None and Keeps.GROUP not in keeps:
        lost["group"] += 1
    return lost


def says_more(attributes: Mapping[str, Any]) -> bool:
    """Tell whether attributes hold more than flags of a file that are all false: these the class implies."""
    return any(
        not (isinstance(value, dict) and value.keys() == {"flags"} and _all_false(value["flags"]))
        for value in attributes.values()
    )


def _all_false(flags: object) -> bool:
    return isinstance(flags, dict) and all(value is False for value in flags.values())
