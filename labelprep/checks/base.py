"""What a check is: a code with its words, and a function that finds it in a manifest.

::

    checks/dark.py      CHECK = Check(code="LP113", name="dark", …, find=_find)
    checks/__init__.py  CHECKS, the table of all of them

A check reads the manifest only, never a file. It finds in SQLite what SQLite can find, and yields as it
reads: a million findings need no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from labelprep.manifest import classes
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    import sqlite3

    from labelprep.manifest.classes import LabelClass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    ``where``: a path, ``path: shape 3``, a class, a source. ``fix``: where empty, the check's own.
    ``image_id``: the image it is about, where it is about one. ``key``: what tells it from others at the
    same place; it holds nothing that changes with other images, such as a number of them, so that a baseline
    knows it again.
    """

    where: str
    problem: str
    fix: str = ""
    image_id: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth a word; shares are 0–1."""

    few_images: int = 10
    imbalance: float = 20.0
    small_split: int = 10
    path_characters: int = 240
    name_bytes: int = 143


@dataclass(frozen=True)
class CheckContext:
    """What a check may look at: the manifest's tables and the limits.

    ``since`` narrows checks of names to the images that this command or a later one has added.
    ``near_version``: the version of the verdicts on near pictures that count. What several checks need is
    worked out once, so a context is good for one state of the manifest.
    """

    connection: sqlite3.Connection
    limits: Limits = field(default_factory=Limits)
    since: int = 0
    near_version: int = 0
    _made: set[str] = field(default_factory=set, repr=False)

    def once(self, name: str, make: Callable[[sqlite3.Connection], None]) -> None:
        """Let something be made, a temporary table, unless that was done for another check already."""
        if name not in self._made:
            make(self.connection)
            self._made.add(name)

    @cached_property
    def classes(self) -> tuple[LabelClass, ...]:
        """The classes in use, in id order: neither retired nor merged into another."""
        known = classes.listed(self.connection)
        return tuple(item for item in known if item.merged_into is None and not item.retired)

    @cached_property
    def counts_of_splits(self) -> Mapping[str, Mapping[str | None, int]]:
        """How many readable images of each split have each class, in natural order of the classes.

        Where shapes say the classes, as for a detector, these are the images with a shape of it.
        """
        return classes.counts_of_splits(self.connection, drawn=classes.is_drawn(self.connection))

    @cached_property
    def all_counts(self) -> Mapping[str, int]:
        """How many readable images have each class that any has, retired ones too, in natural order."""
        return {name: sum(splits.values()) for name, splits in self.counts_of_splits.items()}

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many readable images have each class in use that any has, in natural order."""
        used = {item.name for item in self.classes}
        return {name: number for name, number in self.all_counts.items() if name in used}


@dataclass(frozen=True, slots=True)
class Repair:
    """One safe repair, of the manifest only: what is done in words, and the command that does the same.

    ``apply`` takes a connection and the number of the command whose journal the changes belong to; it
    returns the images whose label has to be worked out again.
    """

    says: str
    by_hand: str
    apply: Callable[[sqlite3.Connection, int], Iterable[int]]


Find = Callable[[CheckContext], Iterator[Finding]]
Repairs = Callable[[CheckContext], Iterable[Repair]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    ``title``: what it finds, in a few words for a table. ``why``: why it matters. ``fix``: what to do, a
    command where there is one. ``example``: one finding as it is shown. ``repairs``: what `check --fix` does
    about it; only a check whose findings can be mended without a guess has some. ``is_comparing``: it asks
    for pairs of near pictures, which have to be searched before.
    """

    code: str
    name: str
    severity: Severity
    title: str
    why: str
    fix: str
    example: str
    find: Find
    repairs: Repairs | None = None
    is_comparing: bool = False

    def issue(self, finding: Finding) -> Issue:
        """Return a finding as the issue that reports list."""
        return Issue(self.code, self.severity, finding.where, finding.problem, finding.fix or self.fix)
