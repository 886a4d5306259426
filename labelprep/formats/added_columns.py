"""The columns that a copy of a person's sheet gets: where they stand, and how a reader leaves them out.

::

    photo  class  labelprep: status  labelprep: matched file  labelprep: suggestion  labelprep: label
    1      house  matched            1.jpg                                           house
    25     leaf   unmatched: no …                             5.jpg; 15.jpg

A table without a header has nowhere for the four names: its status cells begin with ``labelprep: `` then.
Either way no cell of the four is taken for an image, a class or anything else when the copy is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from labelprep.formats.grids import Grid, Row, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SIGN: Final = "labelprep: "
HEADS: Final = tuple(f"{SIGN}{name}" for name in ("status", "matched file", "suggestion", "label"))
WORDS: Final = ("matched", "unmatched", "skipped", "conflict")
STATUS: Final = re.compile(rf"({SIGN})?({'|'.join(WORDS)})(: .*)?", re.DOTALL)
FIRST: Final = re.compile(rf"{SIGN}({'|'.join(WORDS)})(: .*)?|{HEADS[0]}", re.DOTALL)
FIRST_ROWS: Final = 50
FACT: Final = "added_columns_from"


@dataclass(frozen=True, slots=True)
class Added:
    """What a copy adds to one table: cells by row number, from a column (counted from 0) on.

    ``sheet`` is None in text files; ``header`` is the row for the names, None where the table has no header.
    """

    sheet: str | None
    header: int | None
    start: int
    rows: Mapping[int, Sequence[str]]

    def cells(self, number: int) -> Sequence[str]:
        """Return what is added to a row; nothing to rows that are no data."""
        if number == self.header:
            return HEADS
        found = self.rows.get(number, ())
        return (f"{SIGN}{found[0]}", *found[1:]) if found and self.header is None else found


def is_added(cells: Sequence[str], start: int) -> bool:
    """Tell whether the cells of a row from a column on are what a copy added, or nothing."""
    return len(cells) <= start or cells[start] in {"", HEADS[0]} or bool(STATUS.fullmatch(cells[start]))


def first_added(rows: Iterable[Row]) -> int | None:
    """Return the column in which what a copy added begins, given the first rows of a table."""
    for row in islice((row for row in rows if not is_blank(row.cells)), FIRST_ROWS):
        for column, cell in enumerate(row.cells):
            if cell.startswith(SIGN) and FIRST.fullmatch(cell):
                return column
    return None


def without_added(grid: Grid) -> Grid:
    """Return a table without what a copy added to it; its facts then tell the column, counted from 1."""
    start = first_added(grid.rows())
    if start is None:
        return grid
    return replace(grid, rows=_cut(grid, start), facts=grid.facts | {FACT: start + 1})


def _cut(grid: Grid, start: int) -> Callable[[], Iterator[Row]]:
    end = start + len(HEADS)
    in_sheet = grid.place.sheet is not None

    def cut(row: Row) -> Row:
        cells = row.cells
        # A row that was too long before stays so, and is told of: its own cells stand where others begin.
        if len(cells) <= start or not is_added(cells, start):
            return row
        kept = list(cells[:start])
        if not is_blank(cells[end:]):
            kept += [""] * len(HEADS) + list(cells[end:])
        # The cells of a sheet end with the last one that is filled.
        while in_sheet and kept and not kept[-1] and len(kept) - 1 not in row.notes:
            kept.pop()
        notes = {column: told for column, told in row.notes.items() if not start <= column < end}
        return row._replace(cells=kept, notes=notes)

    return lambda: map(cut, grid.rows())
