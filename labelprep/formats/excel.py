"""Excel workbooks (.xlsx, .xlsm), read by their parts.

::

    xl/workbook.xml             the sheets, whether dates count from 1904
    xl/_rels/workbook.xml.rels  which part each sheet is
    xl/sharedStrings.xml        the texts
    xl/styles.xml               how numbers are shown
    xl/worksheets/sheet1.xml    rows of cells, then the merged ranges

Read here and not through a library, because none tells at once and without reading all of a sheet into memory what
a cell shows, that its formula has no value, that its row is hidden and what it is merged with.
Source: ECMA-376 part 1, 18.2–18.4, 18.8.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats.grids import (
    MAX_COLUMNS,
    NO_NOTES,
    Aside,
    CellNote,
    Grid,
    Place,
    Row,
    Sheet,
    Workbook,
    column_of,
)
from labelprep.formats.merging import Merge, with_merges
from labelprep.formats.number_formats import (
    BUILT_IN,
    NumberFormat,
    compiled,
    date_text,
    plain_number,
    rendered,
)
from labelprep.formats.zipped import AGAIN, elements, fed, has_part, local, new_parser, opened_zip

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

OFFICE_DOCUMENT = "/officeDocument"
MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
MERGE_TAIL_BYTES = 256
MAX_MERGES = 200_000
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LARGEST_TEXTS_BYTES = 512 << 20
DIGITS = "0123456789"
GENERAL = NumberFormat("general")
LAST_ROW = 1_048_576
NUMBER_NOTE = CellNote(Aside.NUMBER)


def open_excel(source: Path, *, fill_merged: bool) -> Workbook:
    """Open a workbook.

    Raises: SourceError.
    """
    with opened_zip(source) as archive:
        main = _main_part(source, archive)
        folder = posixpath.dirname(main)
        targets = _targets(archive, main)
        sheets: list[Sheet] = []
        since_1904 = False
        for tag, attributes in elements(archive, main):
            if tag == "workbookPr":
                since_1904 = attributes.get("date1904") in {"1", "true"}
            elif tag == "sheet":
                kind, part = targets.get(attributes.get("id", ""), ("", ""))
                if kind.endswith("/worksheet") and has_part(archive, part):
                    hidden = attributes.get("state", "visible") != "visible"
                    sheets.append(Sheet(attributes.get("name", part), hidden, part))
    parts = Parts(
        source,
        next((part for kind, part in targets.values() if kind.endswith("/sharedStrings")), f"{folder}/sharedStrings.xml"),
        next((part for kind, part in targets.values() if kind.endswith("/styles")), f"{folder}/styles.xml"),
        since_1904,
        fill_merged,
    )
    return Workbook(tuple(sheets), parts.grid)


def _main_part(source: Path, archive: zipfile.ZipFile) -> str:
    if has_part(archive, "_rels/.rels"):
        for tag, attributes in elements(archive, "_rels/.rels"):
            if tag == "Relationship" and attributes.get("Type", "").endswith(OFFICE_DOCUMENT):
                name = attributes.get("Target", "").lstrip("/")
                if name.endswith(".bin"):
                    raise SourceError(
                        "this is a binary workbook (.xlsb)", where=source.name, fix="save it as .xlsx"
                    )
                if name.startswith("xl/") and has_part(archive, name):
                    return name
    if has_part(archive, "xl/workbook.xml"):
        return "xl/workbook.xml"
    raise SourceError(
        "this is a zip archive, but no workbook lies in it", where=source.name, fix="give the sheet itself"
    )


def _targets(archive: zipfile.ZipFile, main: str) -> dict[str, tuple[str, str]]:
    """Return the kind and the part of each relation of the workbook."""
    folder, name = posixpath.split(main)
    relations = f"{folder}/_rels/{name}.rels"
    if not has_part(archive, relations):
        return {}
    found = {}
    for tag, attributes in elements(archive, relations):
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            found[attributes.get("Id", "")] = (attributes.get("Type", ""), part)
    return found


@dataclass(frozen=True)
class Parts:
    """What the sheets of one workbook share; read when the first of them is."""

    source: Path
    texts_part: str
    styles_part: str
    since_1904: bool
    fill_merged: bool

    def grid(self, sheet: Sheet) -> Grid:
        """Return one sheet."""
        merges: list[Merge] | None = None

        def rows() -> Iterator[Row]:
            nonlocal merges
            with opened_zip(self.source) as archive:
                if merges is None:
                    merges = _merges(archive, sheet.part)
                yield from with_merges(self._rows(archive, sheet), merges, fill=self.fill_merged)

        return Grid(Place(self.source.name, sheet.name), rows, {"sheet": sheet.name})

    def _rows(self, archive: zipfile.ZipFile, sheet: Sheet) -> Iterator[Row]:
        reader = SheetReader(self._texts, self._formats, since_1904=self.since_1904)
        parser = new_parser(reader.start, reader.end, reader.text)
        try:
            for _piece in fed(parser, archive, sheet.part):
                yield from reader.taken()
        except SheetError as error:
            raise SourceError(
                str(error), where=f"{self.source.name}:{sheet.name}!{reader.number}", fix=AGAIN
            ) from error

    @cached_property
    def _texts(self) -> list[str]:
        with opened_zip(self.source) as archive:
            if not has_part(archive, self.texts_part):
                return []
            if archive.getinfo(self.texts_part).file_size > LARGEST_TEXTS_BYTES:
                raise SourceError(
                    "its texts take more than 512 MB: this is no sheet of labels",
                    where=self.source.name,
                    fix="save the sheet with the labels as CSV",
                )
            return _shared_texts(archive, self.texts_part)

    @cached_property
    def _formats(self) -> list[NumberFormat]:
        with opened_zip(self.source) as archive:
            return _cell_formats(archive, self.styles_part) if has_part(archive, self.styles_part) else []


def _shared_texts(archive: zipfile.ZipFile, part: str) -> list[str]:
    texts: list[str] = []
    pieces: list[str] = []
    inside = phonetic = False

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal inside, phonetic
        name = local(tag)
        if name == "t":
            inside = not phonetic
        elif name == "rPh":
            phonetic = True

    def end(tag: str) -> None:
        nonlocal inside, phonetic
        name = local(tag)
        if name == "t":
            inside = False
        elif name == "rPh":
            phonetic = False
        elif name == "si":
            texts.append(unescaped("".join(pieces)))
            pieces.clear()

    def text(data: str) -> None:
        if inside:
            pieces.append(data)

    for _piece in fed(new_parser(start, end, text), archive, part):
        pass
    return texts


def _cell_formats(archive: zipfile.ZipFile, part: str) -> list[NumberFormat]:
    """Return the number format of each cell style, in the order that cells name them by."""
    codes = dict(BUILT_IN)
    formats: list[NumberFormat] = []
    inside = False
    for tag, attributes in elements(archive, part):
        if tag == "numFmt" and attributes.get("numFmtId", "").isdecimal():
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "General")
        elif tag in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            number = attributes.get("numFmtId", "0")
            formats.append(compiled(codes.get(int(number), "General")) if number.isdecimal() else GENERAL)
    return formats


def _merges(archive: zipfile.ZipFile, part: str) -> list[Merge]:
    """Return the merged ranges, which a sheet lists behind its rows."""
    found: list[Merge] = []
    rest = b""
    with archive.open(part) as file:
        while chunk := file.read(1 << 20):
            data = rest + chunk
            if b"mergeCell" in data:
                end = 0
                for match in MERGE.finditer(data):
                    end = match.end()
                    if len(found) < MAX_MERGES:
                        found.append(_merge(*(group.decode() for group in match.groups())))
                rest = data[max(end, len(data) - MERGE_TAIL_BYTES) :]
            else:
                rest = data[-MERGE_TAIL_BYTES:]
    return found


def _merge(left: str, top: str, right: str, bottom: str) -> Merge:
    columns = (column_of(left) or 0, column_of(right) or 0)
    return Merge(int(top[:8]), min(columns), int(bottom[:8]), max(columns))


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
            if not given.isdecimal() or not self.number < int(given[:9]) <= LAST_ROW:
                raise SheetError("its rows are not numbered in order")
            number = int(given)
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
            form = self._formats[int(style)] if style.isdecimal() and int(style) < len(self._formats) else GENERAL
        if form is GENERAL or form.kind == "general":
            known = self._plain.get(text)
            if known is None:
                known = number_text(text)
                if len(self._plain) < LAST_ROW:
                    self._plain[text] = known
            return known, NUMBER_NOTE
        return shown_number(text, form, since_1904=self._since_1904)


def number_text(text: str) -> str:
    """Return a stored number as text; what is none, as it stands."""
    try:
        return plain_number(text)
    except ValueError:
        return text


def shown_number(text: str, form: NumberFormat, *, since_1904: bool) -> tuple[str, CellNote]:
    """Return a stored number as its format shows it, with what is told of that."""
    plain = number_text(text)
    if form.kind == "date":
        try:
            date = date_text(float(text), since_1904=since_1904)
        except ValueError:
            date = None
        return (date, CellNote(Aside.DATE, plain)) if date is not None else (plain, NUMBER_NOTE)
    shown = rendered(plain, form)
    if shown is None or shown == plain:
        return plain, NUMBER_NOTE
    return shown, CellNote(Aside.SHOWN, plain)
