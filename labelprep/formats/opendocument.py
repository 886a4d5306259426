"""OpenDocument spreadsheets (.ods).

::

    content.xml
      table:table table:name="Sheet1"
        table:table-row table:number-rows-repeated="3"
          table:table-cell office:value-type="float" office:value="7"
            text:p 007

Each cell holds the text it is shown as; that is what is read.
Source: OASIS OpenDocument 1.3 part 3, chapter 9 and 6.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats.grids import MAX_COLUMNS, NO_NOTES, Aside, CellNote, Grid, Place, Row, Sheet, Workbook
from labelprep.formats.merging import Merge, with_merges
from labelprep.formats.number_formats import number_text
from labelprep.formats.zipped import fed, has_part, local, new_parser, opened_zip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = "content.xml"
MANIFEST = "META-INF/manifest.xml"
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = re.compile(r"[ \t\r\n]+")
MIDNIGHT = "T00:00:00"
DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"})
LONGEST_REPEAT = 1 << 21
MOST_SPACES = 1024
SPACE = "\u0001"  # one that is meant; those of the XML's layout count once
MAX_MERGES = 10_000
NUMBER_NOTE = CellNote(Aside.NUMBER)


def open_opendocument(source: Path, *, fill_merged: bool) -> Workbook:
    """Open a spreadsheet.

    Raises: SourceError.
    """
    with opened_zip(source) as archive:
        if not has_part(archive, CONTENT):
            raise SourceError(
                "this is a zip archive, but no spreadsheet lies in it",
                where=source.name,
                fix="give the sheet",
            )
        if has_part(archive, MANIFEST) and b"encryption-data" in archive.open(MANIFEST).read(1 << 20):
            raise SourceError(
                "the spreadsheet is protected by a password", where=source.name, fix="save a copy without one"
            )
        finder = SheetFinder()
        for _piece in fed(new_parser(finder.start, None, None), archive, CONTENT):
            pass

    def grid(sheet: Sheet) -> Grid:
        index = int(sheet.part)

        def rows() -> Iterator[Row]:
            reader = ContentReader(index)
            with opened_zip(source) as archive:
                yield from _rows(source, sheet.name, reader, archive)

        def merged() -> Iterator[Row]:
            merges = finder.merges.get(index, [])
            return with_merges(rows(), merges, fill=fill_merged)

        return Grid(Place(source.name, sheet.name), merged, {"sheet": sheet.name})

    return Workbook(finder.sheets(), grid)


def _rows(source: Path, sheet: str, reader: ContentReader, archive: object) -> Iterator[Row]:
    parser = new_parser(reader.start, reader.end, reader.text)
    for _piece in fed(parser, archive, CONTENT):  # type: ignore[arg-type]
        for row, times in reader.taken():
            if len(row.cells) > MAX_COLUMNS:
                raise SourceError(
                    "the row has more columns than a sheet can hold",
                    where=f"{source.name}:{sheet}!{row.number}",
                    fix="give the sheet that holds the labels",
                )
            if row.number + times > LONGEST_REPEAT:
                raise SourceError(
                    "it has more rows than a sheet can hold",
                    where=f"{source.name}:{sheet}!{row.number}",
                    fix="give the sheet that holds the labels",
                )
            yield row
            for step in range(1, times):
                yield row._replace(number=row.number + step)
        if reader.finished:
            return


class SheetFinder:
    """Gathers the names of the sheets, which are hidden, and the merged ranges of each."""

    def __init__(self) -> None:
        """Begin with none."""
        self.merges: dict[int, list[Merge]] = {}
        self._names: list[tuple[str, str]] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._row = self._column = 0
        self._next_row = 1
        self._depth = 0

    def sheets(self) -> tuple[Sheet, ...]:
        """Return what was found."""
        return tuple(
            Sheet(name, style in self._hidden_styles, str(index))
            for index, (name, style) in enumerate(self._names)
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        name = local(tag)
        if name == "style":
            self._style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)
        elif name == "table":
            self._names.append((attributes.get("table:name", ""), attributes.get("table:style-name", "-")))
            self._next_row = 1
        elif name == "table-row":
            self._row, self._column = self._next_row, 0
            self._next_row += repeat_of(attributes, "table:number-rows-repeated")
        elif name in {"table-cell", "covered-table-cell"}:
            self._take_merge(attributes)
            self._column += repeat_of(attributes, "table:number-columns-repeated")

    def _take_merge(self, attributes: dict[str, str]) -> None:
        down = repeat_of(attributes, "table:number-rows-spanned")
        across = repeat_of(attributes, "table:number-columns-spanned")
        found = self.merges.setdefault(len(self._names) - 1, [])
        if (down > 1 or across > 1) and len(found) < MAX_MERGES:
            found.append(Merge(self._row, self._column, self._row + down - 1, self._column + across - 1))


def repeat_of(attributes: dict[str, str], name: str) -> int:
    """Return how often something stands there; what is no number counts once."""
    given = attributes.get(name, "1")
    return min(max(int(given), 1), LONGEST_REPEAT) if given.isdecimal() and len(given) < 9 else 1  # noqa: PLR2004 - digits


@dataclass(slots=True)
class _Cell:
    """A cell under reading."""

    attributes: dict[str, str]
    pieces: list[str]
    paragraphs: int = 0


class ContentReader:
    """Gathers the rows of one sheet, each with how often it is repeated."""

    def __init__(self, index: int) -> None:
        """Take the number of the sheet."""
        self.finished = False
        self._index = index
        self._table = -1
        self._inside = False
        self._number = 1
        self._repeat = 1
        self._hidden = False
        self._rows: list[tuple[Row, int]] = []
        self._cells: list[str] = []
        self._notes: dict[int, CellNote] = {}
        self._blanks = 0
        self._cell: _Cell | None = None
        self._in_paragraph = 0
        self._aside_depth = 0

    def taken(self) -> list[tuple[Row, int]]:
        """Return the rows finished since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        name = local(tag)
        if name == "table":
            self._table += 1
            self._inside = self._table == self._index
        if not self._inside:
            return
        if name == "table-row":
            self._repeat = repeat_of(attributes, "table:number-rows-repeated")
            self._hidden = attributes.get("table:visibility") in {"collapse", "filter"}
        elif name in {"table-cell", "covered-table-cell"}:
            self._cell = _Cell(attributes, [])
        elif self._cell is not None:
            self._start_text(name, attributes, self._cell)

    def _start_text(self, name: str, attributes: dict[str, str], cell: _Cell) -> None:
        if name in {"annotation", "note", "shapes", "frame"}:
            self._aside_depth += 1
        elif self._aside_depth:
            return
        elif name == "p":
            if cell.paragraphs:
                cell.pieces.append("\n")
            cell.paragraphs += 1
            self._in_paragraph += 1
        elif name == "s":
            cell.pieces.append(SPACE * min(repeat_of(attributes, "text:c"), MOST_SPACES))
        elif name == "tab":
            cell.pieces.append("\t")
        elif name == "line-break":
            cell.pieces.append("\n")

    def text(self, data: str) -> None:
        """Take a piece of text; runs of white space count as one space."""
        if self._inside and self._in_paragraph and not self._aside_depth and self._cell is not None:
            self._cell.pieces.append(SPACES.sub(" ", data))

    def end(self, tag: str) -> None:
        """Take an element's end."""
        name = local(tag)
        if not self._inside:
            return
        if name == "table":
            self._inside = False
            self.finished = True
        elif name == "table-row":
            self._rows_end()
        elif name in {"annotation", "note", "shapes", "frame"}:
            self._aside_depth = max(0, self._aside_depth - 1)
        elif name == "p":
            self._in_paragraph = max(0, self._in_paragraph - 1)
        elif name in {"table-cell", "covered-table-cell"} and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None

    def _rows_end(self) -> None:
        if self._cells:
            row = Row(self._number, self._cells, self._notes or NO_NOTES, self._hidden)
            self._rows.append((row, self._repeat))
        self._number += self._repeat
        self._cells, self._notes, self._blanks = [], {}, 0

    def _end_cell(self, cell: _Cell) -> None:
        times = repeat_of(cell.attributes, "table:number-columns-repeated")
        text, aside = _read("".join(cell.pieces).replace(SPACE, " "), cell.attributes)
        if not text and aside is None:
            self._blanks += times
            return
        # Blank cells count only where something follows: a row is padded to its 16,384 columns.
        self._cells.extend([""] * min(self._blanks, MAX_COLUMNS))
        self._blanks = 0
        times = min(times, MAX_COLUMNS + 1)
        if aside is not None:
            self._notes.update(dict.fromkeys(range(len(self._cells), len(self._cells) + times), aside))
        self._cells.extend([text] * times)


def _read(text: str, attributes: dict[str, str]) -> tuple[str, CellNote | None]:
    """Return what a cell says, with what is told of it."""
    kind = attributes.get("office:value-type", "")
    value = attributes.get("office:value", "")
    if attributes.get("calcext:value-type") == "error" or ("table:formula" in attributes and text in ERRORS):
        return "", CellNote(Aside.ERROR, text)
    if not kind and not text and "table:formula" in attributes:
        return "", CellNote(Aside.FORMULA)
    if kind in {"float", "percentage", "currency"}:
        plain = number_text(value)
        if not text or text == plain:
            return plain, NUMBER_NOTE
        return text, CellNote(Aside.SHOWN, plain)
    return _read_other(kind, text, attributes)


def _read_other(kind: str, text: str, attributes: dict[str, str]) -> tuple[str, CellNote | None]:
    """Return what a cell says that holds no number."""
    if kind == "date":
        date = attributes.get("office:date-value", text)
        return date.removesuffix(MIDNIGHT), CellNote(Aside.DATE, text)
    if kind == "time":
        match = DURATION.fullmatch(attributes.get("office:time-value", ""))
        return (":".join(match.groups()) if match else text), CellNote(Aside.DATE, text)
    if kind == "boolean":
        return attributes.get("office:boolean-value", text).upper(), CellNote(Aside.BOOLEAN)
    return text or attributes.get("office:string-value", ""), None
