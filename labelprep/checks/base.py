"""What a check is: a code with its words, and a function that finds it in a manifest.

::

    checks/dark.py      CHECK = Check(code="LP113", name="dark", …, find=_find)
    checks/__init__.py  CHECKS, the table of all of them

A check reads the manifest only, never a file. It finds in SQLite what SQLite can find, and yields as it
reads: a million findings need no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    ``where``: a path, ``path: shape 3``, a class, a source. ``fix``: where empty, the check's own.
    ``image_id``: the image it is about, where it is about one.
    """

    where: str
    problem: str
    fix: str = ""
    image_id: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth a word; shares are 0–1."""

    few_images: int = 10
    imbalance: float = 20.0
    split_off: float = 0.1


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two images, by id, that show the same picture; ``kind`` as in equal file, equal pixels, near."""

    left: int
    right: int
    kind: str


def no_pairs() -> Iterator[NearPair]:
    """Return nothing: where nobody has looked for duplicates."""
    return iter(())


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check may look at: the manifest's tables, the limits, and pairs of duplicates.

    ``pairs`` may cost a search, so it is asked for only by the checks that need it. ``since`` narrows
    checks of names to the images that this command or a later one has added.
    """

    connection: sqlite3.Connection
    limits: Limits = field(default_factory=Limits)
    pairs: Callable[[], Iterator[NearPair]] = no_pairs
    since: int = 0


Find = Callable[[CheckContext], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    ``title``: what it finds, in a few words for a table. ``why``: why it matters. ``fix``: what to do, a
    command where there is one. ``example``: one finding as it is shown.
    """

    code: str
    name: str
    severity: Severity
    title: str
    why: str
    fix: str
    example: str
    find: Find

    def issue(self, finding: Finding) -> Issue:
        """Return a finding as the issue that reports list."""
        return Issue(self.code, self.severity, finding.where, finding.problem, finding.fix or self.fix)
