"""Merged ranges of a sheet: only the first cell of each holds a value; the others are told of, or filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from labelprep.formats.grids import Aside, CellNote, Row, letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MERGED_WIDTH = 256
MAX_ACTIVE = 1000  # more at one row overlap, which no program writes


class Merge(NamedTuple):
    """A merged range: rows from 1, columns from 0, all inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def name(self) -> str:
        """The range as a spreadsheet writes it."""
        return f"{letters(self.left)}{self.top}:{letters(self.right)}{self.bottom}"


def with_merges(rows: Iterable[Row], merges: Sequence[Merge], *, fill: bool) -> Iterator[Row]:
    """Yield rows in which each blank cell of a merged range tells of it, or holds its value (``fill``)."""
    if not merges:
        yield from rows
        return
    waiting = sorted(merges, reverse=True)
    active: list[Merge] = []
    values: dict[Merge, str] = {}
    for row in rows:
        while waiting and waiting[-1].top <= row.number:
            merge = waiting.pop()
            if len(active) < MAX_ACTIVE:
                active.append(merge)
        active = [merge for merge in active if merge.bottom >= row.number]
        yield _merged(row, active, values, fill=fill) if active else row


def _merged(row: Row, active: Sequence[Merge], values: dict[Merge, str], *, fill: bool) -> Row:
    cells = list(row.cells)
    notes = dict(row.notes)
    for merge in active:
        if row.number == merge.top:
            values[merge] = cells[merge.left] if merge.left < len(cells) else ""
        value = values.get(merge, "")
        for column in range(merge.left, min(merge.right, merge.left + MERGED_WIDTH) + 1):
            if (row.number, column) == (merge.top, merge.left):
                continue
            if column >= len(cells):
                cells.extend([""] * (column + 1 - len(cells)))
            if not cells[column]:
                notes[column] = CellNote(Aside.MERGED, merge.name)
                if fill:
                    cells[column] = value
    return Row(row.number, cells, notes, row.hidden, row.problem)
