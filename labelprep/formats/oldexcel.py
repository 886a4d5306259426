"""Excel workbooks of the years before 2007 (.xls), read by xlrd."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError
from labelprep.formats.grids import (
    NO_NOTES,
    Aside,
    CellNote,
    Grid,
    Place,
    Row,
    Sheet,
    Workbook,
    explained_opening,
)
from labelprep.formats.merging import Merge, with_merges
from labelprep.formats.number_formats import GENERAL, NumberFormat, compiled, shown_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_ENDINGS = frozenset({".xlsx", ".xlsm"})  # such a file is no zip only when it is encrypted
LARGEST_BYTES = 256 << 20
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
TEXT, NUMBER, DATE, BOOLEAN, ERROR = 1, 2, 3, 4, 5  # what xlrd calls the kinds of cells
WORD_FILE = "WordDocument".encode("utf-16-le")


def open_old_excel(source: Path, *, fill_merged: bool) -> Workbook:
    """Open a workbook.

    Raises: SourceError.
    """
    data = _checked_bytes(source)
    try:
        xlrd: Any = import_module("xlrd")
    except ImportError as error:
        raise SourceError(
            "this is a workbook of an Excel before 2007, which needs the package xlrd",
            where=source.name,
            fix="save it as .xlsx, or install xlrd",
        ) from error
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except Exception as error:  # the parser has no error of its own for broken files
        if isinstance(error, MemoryError):
            raise
        locked = "encrypt" in str(error).lower() or source.suffix.lower() in NEW_ENDINGS
        raise SourceError(
            "the workbook cannot be read; is it protected by a password?"
            if locked
            else "the workbook is damaged",
            where=source.name,
            fix="open it in Excel and save a copy without a password as .xlsx",
        ) from error
    sheets = tuple(
        Sheet(sheet.name, sheet.visibility != 0, str(index)) for index, sheet in enumerate(book.sheets())
    )

    def grid(sheet: Sheet) -> Grid:
        table = book.sheet_by_index(int(sheet.part))
        names = dict(xlrd.error_text_from_code)
        merges = [Merge(top + 1, left, bottom, right - 1) for top, bottom, left, right in table.merged_cells]

        def rows() -> Iterator[Row]:
            return with_merges(_rows(book, table, names), merges, fill=fill_merged)

        return Grid(Place(source.name, sheet.name), rows, {"sheet": sheet.name})

    return Workbook(sheets, grid)


def _checked_bytes(source: Path) -> bytes:
    """Return the file's bytes, where they are a workbook that is not locked."""
    with explained_opening(source):
        if source.stat().st_size > LARGEST_BYTES:
            raise SourceError("it is larger than 256 MB", where=source.name, fix="save it as .xlsx or CSV")
        data = source.read_bytes()
    if ENCRYPTED_PACKAGE in data:
        raise SourceError(
            "the workbook is protected by a password", where=source.name, fix="save a copy without one"
        )
    if WORD_FILE in data:
        raise SourceError("this is a Word document", where=source.name, fix="give the sheet itself")
    return data


def _rows(book: Any, table: Any, error_names: dict[int, str]) -> Iterator[Row]:  # noqa: ANN401 - xlrd has no types
    formats = _formats(book)
    for index in range(table.nrows):
        cells: list[str] = []
        notes: dict[int, CellNote] = {}
        for column in range(table.row_len(index)):
            cell = table.cell(index, column)
            text, aside = _read(cell, formats, error_names, since_1904=bool(book.datemode))
            cells.append(text)
            if aside is not None:
                notes[column] = aside
        info = table.rowinfo_map.get(index)
        hidden = bool(info is not None and info.hidden)
        yield Row(index + 1, cells, notes or NO_NOTES, hidden)


def _formats(book: Any) -> dict[int, NumberFormat]:  # noqa: ANN401 - xlrd has no types
    found = {}
    for index, style in enumerate(book.xf_list):
        form = book.format_map.get(style.format_key)
        found[index] = compiled(form.format_str if form is not None else "General")
    return found


def _read(
    cell: Any,  # noqa: ANN401 - xlrd has no types
    formats: dict[int, NumberFormat],
    error_names: dict[int, str],
    *,
    since_1904: bool,
) -> tuple[str, CellNote | None]:
    if cell.ctype == TEXT:
        return str(cell.value), None
    if cell.ctype == BOOLEAN:
        return ("TRUE" if cell.value else "FALSE"), CellNote(Aside.BOOLEAN)
    if cell.ctype == ERROR:
        return "", CellNote(Aside.ERROR, error_names.get(cell.value, "#N/A"))
    if cell.ctype in {NUMBER, DATE}:
        form = formats.get(cell.xf_index or 0, GENERAL)
        if cell.ctype == DATE:
            form = NumberFormat("date")
        return shown_number(repr(cell.value), form, since_1904=since_1904)
    return "", None
