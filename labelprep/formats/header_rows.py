"""Where the header of a table is: its first row, below title rows, or nowhere.

It is the first row that holds a known column name, unless a row above it names an image already; then it is
the row above that one, or there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.dialects import has_image_ending
from labelprep.formats.grids import Place, Row, column_of, is_blank
from labelprep.formats.headers import is_known_header, names_file, names_id, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.formats.base import ReadContext

HEADER_ROWS = 50
CONTENT_COLUMNS = 200
IMAGES_ACROSS = 3
MANY_CELLS = 500


@dataclass(frozen=True, slots=True)
class Header:
    """Where the names of the columns stand: ``number`` is their row, None where there is none.

    ``skipped`` are the rows above it; ``first`` is the number of the first row that belongs to the table.
    """

    number: int | None
    names: tuple[str, ...]
    first: int = 0
    skipped: tuple[Row, ...] = ()


def column_name(header: Header, column: int) -> str:
    """Return how a column is called: its name, else its number from 1."""
    name = header.names[column].strip() if column < len(header.names) else ""
    return name or f"column {column + 1}"


class HeaderFinder:
    """Finds the header from the first rows of a table."""

    def __init__(
        self, place: Place, columns: tuple[str, ...] | None, sample: Sequence[Row], context: ReadContext
    ) -> None:
        """Take the first rows; ``columns`` are names that the format itself holds."""
        self._place = place
        self._columns = columns
        self._sample = [row for row in sample if not is_blank(row.cells)]
        self._options = context.options
        self._is_image = context.is_image
        self._known: dict[str, bool] = {}

    def header(self) -> Header:
        """Return the header.

        Raises: SourceError where the images stand across; UsageError where the row asked for is not there.
        """
        if self._columns is not None:
            return Header(None, self._columns)
        wanted = str(self._options.get("header") or "auto")
        if wanted.isdecimal():
            return self._header_at(int(wanted))
        if wanted not in {"auto", "none"}:
            raise UsageError(
                f"there is no header {shown(wanted)}", where="--header", fix="auto, none or a line"
            )
        if wanted == "none":
            return Header(None, ())
        return self._found_header()

    def _header_at(self, number: int) -> Header:
        above = [row for row in self._sample if row.number < number]
        row = next((row for row in self._sample if row.number == number), None)
        if row is None:
            raise UsageError(
                f"row {number} is blank or not among the first rows",
                where="--header",
                fix="give the number of the row that names the columns",
            )
        return Header(number, _names(row), number + 1, tuple(above))

    def _found_header(self) -> Header:
        rows = self._sample[:HEADER_ROWS]
        asked = self._asked_names()
        for place, row in enumerate(rows):
            self._refuse_across(row, rows[place + 1 : place + 2])
            header = Header(row.number, _names(row), row.number + 1, tuple(rows[:place]))
            known = sum(is_known_header(cell) for cell in row.cells)
            named = any(names_file(cell) or names_id(cell) for cell in row.cells)
            if (asked and asked <= {plain(cell) for cell in row.cells}) or (named and known > 1):
                return header
            if any(self.names_image(cell) for cell in row.cells[:CONTENT_COLUMNS]):
                return self._above_first_image(rows, place)
            if named and _may_be_header(row, rows):
                return header
        known_row = next((row for row in rows if any(is_known_header(cell) for cell in row.cells)), None)
        if known_row is None or not _may_be_header(known_row, rows):
            return _guessed_header(rows)
        above = tuple(row for row in rows if row.number < known_row.number)
        return Header(known_row.number, _names(known_row), known_row.number + 1, above)

    def _refuse_across(self, row: Row, after: Sequence[Row]) -> None:
        """Raise: SourceError where most cells of a row name images. Numbers do not count: labels are some."""
        filled = [cell for cell in row.cells if cell.strip()]
        if len(filled) < IMAGES_ACROSS or any(has_image_ending(cell) for row in after for cell in row.cells):
            return
        images = {
            cell for cell in filled[:MANY_CELLS] if not cell.strip().isdigit() and self.names_image(cell)
        }
        if len(images) >= IMAGES_ACROSS and len(images) * 2 > min(len(filled), MANY_CELLS):
            raise SourceError(
                f"the images stand across this row ({len(images)} of them or more), not down a column",
                where=self._place.full(self._place.row(row.number)),
                fix="transpose the table (copy, paste special, transpose), one image a row",
            )

    def _above_first_image(self, rows: Sequence[Row], place: int) -> Header:
        """Return the row above the first that names an image, where it can be a header."""
        first = rows[place]
        column = next(number for number, cell in enumerate(first.cells) if self.names_image(cell))
        if place:
            above = rows[place - 1]
            filled = [cell for cell in above.cells if cell.strip()]
            others = sum(bool(cell.strip()) for number, cell in enumerate(first.cells) if number != column)
            named = any(is_known_header(cell) for cell in filled)
            wide = len(above.cells) > column and len(filled) >= min(2, others + 1)
            if filled and (named or wide):
                return Header(above.number, _names(above), above.number + 1, tuple(rows[: place - 1]))
        return Header(None, (), first.number, tuple(rows[:place]))

    def _asked_names(self) -> set[str]:
        """Return the column names that options give, apart from numbers and letters."""
        given: list[str] = [str(name) for name in self._options.get("label_columns") or ()]
        given += [str(self._options[key]) for key in ("file_column", "split_column", "group_column")
                  if self._options.get(key)]  # fmt: skip
        return {plain(name) for name in given if not name.isdecimal() and column_of(name) is None}

    def names_image(self, text: str) -> bool:
        """Say whether a text names an image of the manifest, or ends as image files do."""
        known = self._known.get(text)
        if known is None:
            known = bool(text.strip()) and (has_image_ending(text) or self._is_image(text))
            self._known[text] = known
        return known


def _guessed_header(rows: Sequence[Row]) -> Header:
    """Return the first row as the header where all its cells hold words, though none is known."""
    if not rows:
        return Header(None, ())
    cells = [cell.strip() for cell in rows[0].cells]
    words = all(cells) and not any(cell.replace(".", "").isdigit() for cell in cells)
    if words and len(rows) > 1 and len(set(cells)) == len(cells):
        return Header(rows[0].number, _names(rows[0]), rows[0].number + 1)
    return Header(None, (), rows[0].number)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(row.cells)


def _may_be_header(row: Row, rows: Sequence[Row]) -> bool:
    """Say whether a row is as wide as a header is: two names, or one where the whole table has one column."""
    filled = sum(bool(cell.strip()) for cell in row.cells)
    return filled > 1 or max((len(other.cells) for other in rows), default=0) <= max(len(row.cells), 1)
