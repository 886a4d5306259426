"""Copies of a person's table with columns added: what file it becomes, and what cannot stay as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import UsageError
from labelprep.formats.added_columns import FACT
from labelprep.formats.excel import open_excel
from labelprep.formats.grids import explained_opening
from labelprep.formats.tables import HEAD_BYTES, LINES_ENDINGS, PARQUET, TEXT_ENDINGS, opener_of
from labelprep.formats.text_copies import copy_text, padded_to
from labelprep.formats.workbook_copies import copy_workbook
from labelprep.formats.workbook_saving import save_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labelprep.formats.added_columns import Added
    from labelprep.formats.base import ReadContext
    from labelprep.formats.grids import Grid, Workbook
    from labelprep.formats.tables import Opener

EXCEL_ENDINGS: Final = frozenset({".xlsx", ".xlsm", ".xltx"})
WORKBOOK: Final = ".xlsx"
NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def ending_of_copy(source: Path) -> str:
    """Return the ending that a copy of a table has to have.

    Raises: UsageError where it is no sheet that people edit; SourceError where it cannot be read.
    """
    with explained_opening(source), source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    ending = source.suffix.lower()
    if head.startswith(PARQUET) or ending in LINES_ENDINGS:
        raise UsageError(
            "only sheets that people edit are copied",
            where=str(source),
            fix="name a workbook or a text table",
        )
    if ending in TEXT_ENDINGS:
        return ending
    is_excel = opener_of(source, head) is open_excel
    return ending if is_excel and ending in EXCEL_ENDINGS else WORKBOOK


def start_of(source: Path, facts: Mapping[str, Any]) -> int:
    """Return the column, from 0, in which a copy adds cells: behind the last filled one, or where they are.

    ``facts`` are those of the reading of the table.
    """
    if FACT in facts:
        return int(facts[FACT]) - 1
    sheet, header = facts.get("sheet"), facts.get("header_line") or 0
    if sheet is None:
        return len(facts["columns"])
    book = _opener_for(source)(source, fill_merged=False)
    grid = book.grid(next(one for one in book.sheets if one.name == sheet))
    return max((len(row.cells) for row in grid.rows() if row.number >= header), default=0)


def _opener_for(source: Path) -> Opener:
    with source.open("rb") as file:
        return opener_of(source, file.read(HEAD_BYTES))


def copy_table(source: Path, target: Path, context: ReadContext, added: Added) -> list[str]:
    """Copy a table with cells added; return in words what could not stay as it was.

    Raises: SourceError, OSError.
    """
    if added.sheet is None:
        return copy_text(source, target, context, added)
    opener = _opener_for(source)
    if opener is open_excel:
        copy_workbook(source, target, added)
        return []
    _copy_values(opener(source, fill_merged=False), target, added)
    return [f"it is a workbook of values as they are shown; styles and formulas stay in {source.name}"]


def _copy_values(book: Workbook, target: Path, added: Added) -> None:
    import openpyxl

    # A place that refuses writing is found out first: openpyxl would leave a half-written file to complain.
    with target.open("wb"):
        pass
    copy = openpyxl.Workbook(write_only=True)
    for sheet in book.sheets:
        page = copy.create_sheet(sheet.name)
        page.sheet_state = "hidden" if sheet.hidden else "visible"
        _copy_sheet(page, book.grid(sheet), added if sheet.name == added.sheet else None)
    save_workbook(copy, target)


def _copy_sheet(page: Any, grid: Grid, added: Added | None) -> None:  # noqa: ANN401 - openpyxl loads late
    written = 0
    for row in grid.rows():
        for _blank in range(written, row.number - 1):
            page.append([])
        written = max(written + 1, row.number)
        more = added.cells(row.number) if added is not None else ()
        cells = padded_to(row.cells, added.start, more) if added is not None else row.cells
        page.append([_text(page, cell) for cell in cells])


def _text(page: Any, text: str) -> Any:  # noqa: ANN401 - the same
    from openpyxl.cell import WriteOnlyCell

    if not text:
        return None
    cell = WriteOnlyCell(page)
    cell.value = NOT_IN_XML.sub("\ufffd", text)
    # Set after the value: a text that begins with = would make it a formula.
    cell.data_type = "s"
    return cell
