"""The rows of an Excel sheet, gathered from the events of its XML."""

from __future__ import annotations

import re

from labelprep.formats.grids import MAX_COLUMNS, NO_NOTES, Aside, CellNote, Row, column_of
from labelprep.formats.number_formats import GENERAL, NumberFormat, number_text, shown_number
from labelprep.formats.zipped import local

ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
DIGITS = "0123456789"
LAST_ROW = 1_048_576
NUMBER_NOTE = CellNote(Aside.NUMBER)


def unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold, written ``_x000D_``, put back."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class SheetError(Exception):
    """A sheet's XML does not say what a sheet's must."""


class SheetReader:
    """Gathers rows from the events of a sheet's XML."""

    def __init__(self, texts: list[str], formats: list[NumberFormat], *, since_1904: bool) -> None:
        """Take what the cells refer to."""
        self.number = 0
        self._texts = texts
        self._formats = formats
        self._since_1904 = since_1904
        self._rows: list[Row] = []
        self._cells: list[str] = []
        self._notes: dict[int, CellNote] = {}
        self._hidden = False
        self._column = -1
        self._kind = self._style = ""
        self._has_formula = False
        self._pieces: list[str] = []
        self._taking = self._phonetic = False
        self._columns: dict[str, int] = {}
        self._plain: dict[str, str] = {}

    def taken(self) -> list[Row]:
        """Return the rows finished since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        name = tag if ":" not in tag else local(tag)
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "t"}:
            self._taking = not self._phonetic
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._start_row(attributes)
        elif name == "rPh":
            self._phonetic = True

    def text(self, data: str) -> None:
        """Take a piece of text."""
        if self._taking:
            self._pieces.append(data)

    def end(self, tag: str) -> None:
        """Take an element's end."""
        name = tag if ":" not in tag else local(tag)
        if name in {"v", "t"}:
            self._taking = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            notes = self._notes or NO_NOTES
            self._rows.append(Row(self.number, self._cells, notes, self._hidden))
            self._cells, self._notes = [], {}
        elif name == "rPh":
            self._phonetic = False

    def _start_row(self, attributes: dict[str, str]) -> None:
        given = attributes.get("r")
        number = self.number + 1
        if given is not None:
            if not given.isdecimal() or not self.number < int(given[:9]):
                raise SheetError("its rows are not numbered in order")
            number = int(given[:9])
        if number > LAST_ROW:
            raise SheetError("it has more rows than a sheet can hold")
        self.number = number
        self._hidden = attributes.get("hidden") in {"1", "true"}
        self._column = -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = self._column + 1
        if place is not None:
            name = place.rstrip(DIGITS)
            found = self._columns.get(name)
            if found is None:
                found = column_of(name)
                if found is None:
                    raise SheetError(f"it has a cell at {place[:20]!r}, which is no place")
                self._columns[name] = found
            column = found
        if column >= MAX_COLUMNS:
            raise SheetError("it has more columns than a sheet can hold")
        self._column = column
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._has_formula = False
        self._pieces.clear()

    def _end_cell(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        kind = self._kind
        column = self._column
        aside = None
        if self._has_formula and not text and kind != "str":
            aside = CellNote(Aside.FORMULA)
        elif kind == "s":
            text = self._shared(text)
        elif kind in {"inlineStr", "str"}:
            text = unescaped(text)
        elif text:
            text, aside = self._value(kind, text.strip())
        if text or aside is not None:
            cells = self._cells
            if column >= len(cells):
                cells.extend([""] * (column - len(cells)))
                cells.append(text)
            else:
                cells[column] = text
            if aside is not None:
                self._notes[column] = aside

    def _shared(self, text: str) -> str:
        try:
            return self._texts[int(text)] if text else ""
        except (ValueError, IndexError):
            raise SheetError("a cell refers to a text that the workbook does not hold") from None

    def _value(self, kind: str, text: str) -> tuple[str, CellNote | None]:
        if kind == "b":
            return ("TRUE" if text in {"1", "true"} else "FALSE"), CellNote(Aside.BOOLEAN)
        if kind == "e":
            return "", CellNote(Aside.ERROR, text)
        if kind == "d":
            return text, CellNote(Aside.DATE, text)
        style = self._style
        form = GENERAL
        if style:
            form = (
                self._formats[int(style)]
                if style.isdecimal() and int(style) < len(self._formats)
                else GENERAL
            )
        if form is GENERAL or form.kind == "general":
            known = self._plain.get(text)
            if known is None:
                known = number_text(text)
                if len(self._plain) < LAST_ROW:
                    self._plain[text] = known
            return known, NUMBER_NOTE
        return shown_number(text, form, since_1904=self._since_1904)
