"""What every reader and writer of a format is: a small Protocol, and the values that pass through it.

A reader never looks at the manifest: it yields records that name their images as written, and the workflow
finds out which image that is. For every row, file or entry it meets it yields exactly one item, a `Record` or
a `Rejected` with its reason, so that rows in = rows used + each reason with its count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from labelprep.model.annotation import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labelprep.model.issues import Issue


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
    """

    root: Path
    is_image: Callable[[str], bool]
    classes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Reading:
    """One source under reading.

    ``facts`` are what was found out and is shown (encoding, delimiter, sheet, header line, roles of columns);
    ``items`` yields a record or a rejection for each row, in source order; ``issues`` fills while it is
    consumed with what is told besides (notes by cell, what was inferred). ``place_of_image`` turns the
    locator of a record into the place where its image is named, such as ``Sheet1!B17`` into ``Sheet1!A17``.
    """

    facts: dict[str, Any]
    items: Iterator[Item]
    issues: list[Issue] = field(default_factory=list)
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
