"""Copies of Excel workbooks with columns added to one sheet; every other byte of their parts stays.

::

    <row r="17" spans="1:2" ht="20"><c r="A17" t="s"><v>4</v></c><c r="B17" s="3"/></row>
    <row r="17" ht="20"><c r="A17" t="s"><v>4</v></c><c r="B17" s="3"/><c r="C17" t="inlineStr">…</c></row>

The sheet's XML is patched in place and not written anew by a library: formulas keep their values, and
pictures, charts, macros, pivots, filters and whatever else a workbook holds stay as they are.
Source: ECMA-376 part 1, 18.3.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from labelprep.errors import SourceError
from labelprep.formats.added_columns import HEADS
from labelprep.formats.excel import open_excel
from labelprep.formats.grids import MAX_COLUMNS, column_of, letters
from labelprep.formats.zipped import local, new_parser, opened_zip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.added_columns import Added

COPY_BYTES: Final = 1 << 20
WIDTHS: Final = (16, 30, 26, 22)
SPANS: Final = re.compile(rb"""\s+spans\s*=\s*("[^"]*"|'[^']*')""")
REFERENCE: Final = re.compile(rb"""(\sref\s*=\s*["'])[^"']*""")
TAG: Final = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
DECLARED: Final = re.compile(r"""(<\?xml[^>]*encoding\s*=\s*["'])[^"']+""")
WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
NOT_IN_XML: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)"
)

Edit = tuple[int, int, bytes]
"""Bytes from a place to a place, and what stands there afterwards."""


def copy_workbook(source: Path, target: Path, added: Added) -> None:
    """Copy a workbook part by part, with cells added to one sheet.

    Raises: SourceError, also where the sheet has no room for more columns; OSError.
    """
    sheet = next(sheet for sheet in open_excel(source, fill_merged=False).sheets if sheet.name == added.sheet)
    with opened_zip(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        copy.comment = archive.comment
        for info in archive.infolist():
            with archive.open(info) as part, copy.open(_renewed(info), "w") as file:
                if info.filename == sheet.part:
                    for piece in _patched(source, part.read(), added):
                        file.write(piece)
                    continue
                while piece := part.read(COPY_BYTES):
                    file.write(piece)


def _renewed(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return what is told of a part without the sizes and offsets of the old archive."""
    made = zipfile.ZipInfo(info.filename, info.date_time)
    made.compress_type = info.compress_type
    made.external_attr = info.external_attr
    made.file_size = info.file_size
    return made


@dataclass(slots=True)
class _Cell:
    column: int
    start: int
    style: str
    end: int = 0


@dataclass(slots=True)
class _Row:
    number: int
    start: int
    cells: list[_Cell] = field(default_factory=list)


def _patched(source: Path, data: bytes, added: Added) -> Iterator[bytes]:
    """Yield the XML of a sheet with the added cells, in pieces."""
    if added.start + len(HEADS) > MAX_COLUMNS:
        raise SourceError(
            "the sheet has no room for four columns more", where=source.name, fix="delete empty columns"
        )
    if data.startswith(WIDE_MARKS):
        text = data.decode("utf-16" if data.startswith(WIDE_MARKS[:2]) else f"utf-16-{'lb'[data[0] == 0]}e")
        data = DECLARED.sub(r"\g<1>UTF-8", text, count=1).encode("utf-8")
    at = 0
    for start, end, made in _SheetEdits(data, added).found():
        yield data[at:start]
        yield made
        at = end
    yield data[at:]


class _SheetEdits:
    """Finds what is to be changed in a sheet's XML, by the places of its elements."""

    def __init__(self, data: bytes, added: Added) -> None:
        self._data = data
        self._added = added
        self._edits: list[Edit] = []
        self._row: _Row | None = None
        self._prefix = ""
        self._last_row = 0
        self._last_column = added.start + len(HEADS) - 1
        self._dimension: int | None = None
        self._columns: list[int] = []
        self._columns_end: int | None = None
        self._sheet_data = 0
        self._parser = new_parser(self._start, self._end, None)
        self._parser.buffer_text = False

    def found(self) -> list[Edit]:
        """Return the changes in the order of their places."""
        self._parser.Parse(self._data, True)  # noqa: FBT003 - expat takes it by place
        self._edits += self._widths()
        if self._dimension is not None:
            tag = TAG.match(self._data, self._dimension)
            if tag is not None:
                area = f"A1:{letters(self._last_column)}{max(1, self._last_row)}".encode()
                self._edits.append((*tag.span(), REFERENCE.sub(rb"\g<1>" + area, tag[0], count=1)))
        return sorted(self._edits, key=lambda edit: edit[:2])

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name, place = local(tag), self._parser.CurrentByteIndex
        if name == "c" and self._row is not None:
            row = self._row
            column = column_of(attributes.get("r", "").rstrip("0123456789"))
            if column is None:
                column = row.cells[-1].column + 1 if row.cells else 0
            self._last_column = max(self._last_column, column)
            row.cells.append(_Cell(column, place, attributes.get("s", "")))
        elif name == "row":
            self._prefix = tag.removesuffix("row")
            given = attributes.get("r", "")
            self._last_row = int(given) if given.isdecimal() else self._last_row + 1
            self._row = _Row(self._last_row, place)
        elif name == "dimension":
            self._dimension = place
        elif name == "sheetData":
            self._sheet_data = place
            self._prefix = tag.removesuffix(name)
        elif name == "col":
            self._columns.append(int(attributes.get("max", "0")))

    def _end(self, tag: str) -> None:
        name = local(tag)
        if name == "c" and self._row is not None and self._row.cells:
            self._row.cells[-1].end = self._element_end()
        elif name == "row" and self._row is not None:
            self._edit_row(self._row)
            self._row = None
        elif name == "cols":
            self._columns_end = self._parser.CurrentByteIndex

    def _element_end(self) -> int:
        """Return where the element ends that the parser is leaving: of an empty one it stands behind it."""
        place = self._parser.CurrentByteIndex
        if self._data.startswith(b"</", place):
            return self._data.index(b">", place) + 1
        return place

    def _edit_row(self, row: _Row) -> None:
        texts = self._added.cells(row.number)
        if not texts:
            return
        start, end = self._added.start, self._added.start + len(texts)
        tag = TAG.match(self._data, row.start)
        place = self._parser.CurrentByteIndex
        is_empty = not self._data.startswith(b"</", place)
        if tag is None or is_empty:
            return
        self._edits.append((*tag.span(), SPANS.sub(b"", tag[0])))
        styles = {cell.column: cell.style for cell in row.cells}
        if row.number == self._added.header and row.cells:
            own = [cell for cell in row.cells if cell.column < start]
            usual = dict.fromkeys(range(start, end), (own or row.cells)[-1].style)
            styles = usual | {column: style for column, style in styles.items() if style}
        self._edits += [(cell.start, cell.end, b"") for cell in row.cells if start <= cell.column < end]
        after = next((cell.start for cell in row.cells if cell.column >= end), place)
        made = "".join(
            self._cell(row.number, start + at, text, styles.get(start + at, ""))
            for at, text in enumerate(texts)
        )
        self._edits.append((after, after, made.encode("ascii", "xmlcharrefreplace")))

    def _cell(self, number: int, column: int, text: str, style: str) -> str:
        if not text:
            return ""
        prefix, styled = self._prefix, f' s="{style}"' if style.isdecimal() else ""
        escaped = NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            escaped = escaped.replace(sign, name)
        return (
            f'<{prefix}c r="{letters(column)}{number}"{styled} t="inlineStr"><{prefix}is>'
            f'<{prefix}t xml:space="preserve">{escaped}</{prefix}t></{prefix}is></{prefix}c>'
        )

    def _widths(self) -> list[Edit]:
        """Return the widths of the added columns, unless the sheet sets some for these places itself."""
        start, prefix = self._added.start, self._prefix
        if any(last > start for last in self._columns):
            return []
        made = "".join(
            f'<{prefix}col min="{start + at}" max="{start + at}" width="{width}" customWidth="1"/>'
            for at, width in enumerate(WIDTHS, 1)
        )
        if self._columns_end is not None and self._data.startswith(b"</", self._columns_end):
            return [(self._columns_end, self._columns_end, made.encode())]
        if self._columns_end is not None:
            return []
        return [(self._sheet_data, self._sheet_data, f"<{prefix}cols>{made}</{prefix}cols>".encode())]
