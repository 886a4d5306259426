"""What is told of a workbook's cell besides its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.errors import shown
from labelprep.formats.grids import Aside, CellNote
from labelprep.formats.table_issues import Code, note, warning

if TYPE_CHECKING:
    from labelprep.model.issues import Issue

ONE_LABEL_NOTES = {
    Aside.DATE: (
        Code.DATE,
        "Excel holds a date here, read as {text}",
        "was it a text that Excel turned into a date?",
    ),
    Aside.BOOLEAN: (
        Code.BOOLEAN,
        "Excel holds a truth value here, read as {text}",
        "write the class as text",
    ),
}
FILL_MERGED = "pass --fill-merged to take the value of the merged cells"
SAVE_VALUES = "open the workbook in Excel and save it, or paste the values"


def cell_issue(where: str, cell: CellNote, text: str) -> Issue | None:
    """Return what is told of a cell with a role that holds a text, or should."""
    if cell.aside is Aside.SHOWN:
        problem = f"{shown(text)} is shown here and {shown(cell.detail)} stored: read as shown"
        return note(Code.SHOWN, where, problem, "make it a text cell if that is wrong")
    if cell.aside in ONE_LABEL_NOTES:
        code, problem, fix = ONE_LABEL_NOTES[cell.aside]
        return warning(code, where, problem.format(text=shown(text)), fix)
    if cell.aside is Aside.MERGED and text:
        return note(Code.MERGED, where, f"the cell is merged ({cell.detail}): filled with {shown(text)}")
    why, found, fix = why_blank(cell)
    return None if found is None else warning(found, where, why, fix)


def why_blank(cell: CellNote | None) -> tuple[str, Code | None, str]:
    """Return why a cell of a workbook holds no text, with the issue's code and what to do; else blanks."""
    if cell is None:
        return "", None, ""
    if cell.aside is Aside.MERGED:
        return f"the cell is merged ({cell.detail}) and blank", Code.MERGED, FILL_MERGED
    if cell.aside is Aside.FORMULA:
        return "its formula has no value stored", Code.FORMULA, SAVE_VALUES
    if cell.aside is Aside.ERROR:
        return f"the cell holds the error {cell.detail}", Code.ERROR_CELL, "mend its formula"
    return "", None, ""
