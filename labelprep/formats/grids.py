"""A table as rows of exact texts, each with its place, whatever file it came from.

::

    labels.csv:17              a row of a text file: its first line, counted from 1
    labels.xlsx:Sheet1!B17     a cell of a workbook
    labels.parquet:17          a row below the column names, counted from 1
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from labelprep.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from labelprep.model.issues import Issue

MAX_COLUMNS = 16_384  # what Excel holds; more is no table of labels
NUMBER_BASE = 26


class Aside(StrEnum):
    """What can be told of a cell besides its text."""

    NUMBER = "number"
    SHOWN = "shown"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    FORMULA = "formula"
    MERGED = "merged"
    NUL = "nul"


class CellNote(NamedTuple):
    """One thing told of a cell; ``detail`` is the stored value, the error or the merged range."""

    aside: Aside
    detail: str = ""


NO_NOTES: Mapping[int, CellNote] = {}


class Row(NamedTuple):
    """One row: its number in the source (1-based), its cells, and what is told of some, by column.

    ``problem`` says why the row as a whole cannot be read.
    """

    number: int
    cells: Sequence[str]
    notes: Mapping[int, CellNote] = NO_NOTES
    hidden: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """How the places of one table are written."""

    source: str
    sheet: str | None = None

    def row(self, number: int) -> str:
        """Return the place of a row within its source."""
        return str(number) if self.sheet is None else f"{self.sheet}!{number}"

    def cell(self, number: int, column: int) -> str:
        """Return the place of a cell within its source: of a text file its line."""
        return str(number) if self.sheet is None else f"{self.sheet}!{letters(column)}{number}"

    def full(self, place: str) -> str:
        """Return a place with the name of the file before it."""
        return f"{self.source}:{place}"


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: ``rows`` reads it from the start each time it is called.

    ``columns`` are the names that the format itself holds (JSON lines, Parquet); None where a header row may.
    """

    place: Place
    rows: Callable[[], Iterator[Row]]
    facts: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: ``part`` is where the format keeps it, ``key`` its index there."""

    name: str
    hidden: bool
    part: str = ""


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file of several sheets; ``grid`` opens one."""

    sheets: tuple[Sheet, ...]
    grid: Callable[[Sheet], Grid]


def letters(column: int) -> str:
    """Return the name of a column counted from 0: A, B, … Z, AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, NUMBER_BASE)
        text = chr(ord("A") + rest) + text
    return text


def column_of(name: str) -> int | None:
    """Return the number from 0 of a column named by capital letters, or None where it names none."""
    number = 0
    for character in name:
        if not "A" <= character <= "Z":
            return None
        number = number * NUMBER_BASE + ord(character) - ord("A") + 1
    return number - 1 if 0 < number <= MAX_COLUMNS else None


def is_blank(cells: Sequence[str]) -> bool:
    """Say whether a row holds nothing but spaces; the end-of-file mark of DOS counts as nothing."""
    return not "".join(cells).strip(" \t\r\n\f\v\x1a\u3000\xa0\ufeff")


@contextmanager
def explained_opening(source: Path) -> Iterator[None]:
    """Turn what the system says about a file into a sentence.

    Raises: SourceError.
    """
    try:
        yield
    except PermissionError as error:
        raise SourceError(
            "the file cannot be opened: another program holds it, or it may not be read",
            where=source.name,
            fix="close it in Excel, or save a copy and use that",
        ) from error
    except OSError as error:
        known = {errno.ENOENT: "there is no such file", errno.EISDIR: "this is a folder, not a file"}
        problem = known.get(error.errno or 0, f"the file cannot be read ({error.strerror or error})")
        raise SourceError(problem, where=source.name, fix="check the path and the disk") from error
