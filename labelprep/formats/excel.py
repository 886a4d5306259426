"""Excel workbooks (.xlsx, .xlsm), read by their parts.

::

    xl/workbook.xml             the sheets, whether dates count from 1904
    xl/_rels/workbook.xml.rels  which part each sheet is
    xl/sharedStrings.xml        the texts
    xl/styles.xml               how numbers are shown
    xl/worksheets/sheet1.xml    rows of cells, then the merged ranges

Read here and not through a library, because none tells, without reading all of a sheet into memory, what a
cell shows, that its formula has no value, that its row is hidden and what it is merged with.
Source: ECMA-376 part 1, 18.2–18.4, 18.8.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats.excel_sheets import SheetError, SheetReader, unescaped
from labelprep.formats.grids import Grid, Place, Row, Sheet, Workbook, column_of
from labelprep.formats.merging import Merge, with_merges
from labelprep.formats.number_formats import BUILT_IN, GENERAL, NumberFormat, compiled
from labelprep.formats.zipped import AGAIN, elements, fed, has_part, local, new_parser, opened_zip

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

OFFICE_DOCUMENT = "/officeDocument"
MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
MERGE_TAIL_BYTES = 256
MAX_MERGES = 200_000
MAX_SHEETS = 10_000
LARGEST_TEXTS_BYTES = 192 << 20


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
                if kind.endswith("/worksheet") and has_part(archive, part) and len(sheets) < MAX_SHEETS:
                    hidden = attributes.get("state", "visible") != "visible"
                    sheets.append(Sheet(attributes.get("name", part), hidden, part))
    parts = Parts(
        source,
        next(
            (part for kind, part in targets.values() if kind.endswith("/sharedStrings")),
            f"{folder}/sharedStrings.xml",
        ),
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
                    "its texts take more than 192 MB: this is no sheet of labels",
                    where=self.source.name,
                    fix="save the sheet with the labels as CSV",
                )
            reader = TextReader()
            parser = new_parser(reader.start, reader.end, reader.text)
            for _piece in fed(parser, archive, self.texts_part):
                pass
            return reader.texts

    @cached_property
    def _formats(self) -> list[NumberFormat]:
        with opened_zip(self.source) as archive:
            return _cell_formats(archive, self.styles_part) if has_part(archive, self.styles_part) else []


class TextReader:
    """Gathers the texts that the cells of all sheets refer to; how a word is spoken (``rPh``) is left out."""

    def __init__(self) -> None:
        """Begin with none."""
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._taking = self._phonetic = False

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        name = local(tag)
        if name == "t":
            self._taking = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def text(self, data: str) -> None:
        """Take a piece of text."""
        if self._taking:
            self._pieces.append(data)

    def end(self, tag: str) -> None:
        """Take an element's end."""
        name = local(tag)
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self.texts.append(unescaped("".join(self._pieces)))
            self._pieces.clear()


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
