"""Sheets that people edit and import again: CSV and XLSX with the same cells.

::

    file        label  split  group  labelprep export 4f2a… 12
    cat/1.png   cat    train
    cat/2.png

The last header cell says which manifest the sheet came from and how far its journal was; the cells below it
are empty. It stands in the header in both forms, since that survives what else gets lost: sorting, saving as
another format, copying into another program. (A workbook hides the column.)

A cell that a program would take for a formula gets an apostrophe in front; reading takes it off again.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.cells import neutralised
from labelprep.formats.workbook_saving import save_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

MARK = re.compile(r"labelprep (?P<kind>template|export) (?P<manifest>[0-9a-f]{32}) (?P<revision>\d+)")
SUFFIXES = (".csv", ".xlsx")
MOST_ROWS = 1_048_575
# Characters that XML, and so a workbook, cannot hold.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TEXT = "@"
THUMBNAIL_PX = 72
POINTS_A_PIXEL = 0.75
COLUMN_WIDTHS = {"file": 44, "label": 22, "split": 10, "group": 14, "picture": 13}
CLASS_SHEET = "labelprep classes"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the last header cell says: what the sheet was made for, by which manifest, at which command."""

    kind: str
    manifest: str
    revision: int

    @property
    def text(self) -> str:
        """The header cell."""
        return f"labelprep {self.kind} {self.manifest} {self.revision}"


def mark_in(columns: Sequence[object]) -> Mark | None:
    """Return the mark of a sheet that this program wrote, given its header cells."""
    for cell in columns:
        found = MARK.fullmatch(str(cell).strip())
        if found:
            return Mark(found["kind"], found["manifest"], int(found["revision"]))
    return None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to write: header, rows of texts, mark, classes to choose from, pictures by row (PNG, JPEG)."""

    header: tuple[str, ...]
    rows: Callable[[], Iterator[Sequence[str]]]
    mark: Mark
    classes: tuple[str, ...] = ()
    pictures: Callable[[], Iterator[bytes | None]] | None = field(default=None)


def checked_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be written as a sheet, or exists.

    Raises: UsageError.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"sheets are written as {' or '.join(SUFFIXES)}",
            where=str(target),
            fix=f"name it {target.stem or 'labels'}.xlsx or {target.stem or 'labels'}.csv",
        )
    if target.is_dir():
        raise UsageError("this is a folder", where=str(target), fix="name a file")
    if target.exists() and not overwrite:
        raise UsageError(
            "there is such a file already, maybe with labels in it",
            where=str(target),
            fix="name another file, or pass --overwrite",
        )


def write_sheet(target: Path, sheet: Sheet) -> int:
    """Write a sheet in one step and return the number of its rows.

    Raises: SourceError where it cannot be written; UsageError where a workbook cannot hold it.
    """
    writer = _write_workbook if target.suffix.lower() == ".xlsx" else _write_csv
    with written_in_one_step(target) as part:
        return writer(part, sheet)


@contextmanager
def written_in_one_step(target: Path) -> Iterator[Path]:
    """Give a place beside a sheet to write it to; it is renamed when it is whole, else removed.

    Raises: SourceError where it cannot be written.
    """
    if not target.parent.is_dir():
        raise SourceError(
            "the folder that it should lie in is not there", where=str(target), fix="make the folder first"
        )
    temporary = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        try:
            yield temporary
            temporary.replace(target)
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, UsageError):
                # A person knows the file by the name that was asked for.
                error.where = str(target)
            raise
    except OSError as error:
        raise SourceError(
            f"it cannot be written: {error.strerror or error}",
            where=str(target),
            fix="close it where it is open (Excel keeps it to itself), or name another file",
        ) from error


def _write_csv(target: Path, sheet: Sheet) -> int:
    number = 0
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*sheet.header, sheet.mark.text))
        for row in sheet.rows():
            writer.writerow((*(neutralised(cell) for cell in row), ""))
            number += 1
    return number


def _write_workbook(target: Path, sheet: Sheet) -> int:
    """Write the rows as text cells; a person may type any class, the list only proposes those known."""
    import openpyxl

    _check_cells(sheet, target)
    # A place that refuses writing is found out first: openpyxl would leave a half-written sheet to complain.
    with target.open("wb"):
        pass
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("labels")
    _lay_out(page, sheet)
    number = 0
    pictures = sheet.pictures() if sheet.pictures else None
    page.append([*(_text_cell(page, name) for name in sheet.header), _text_cell(page, sheet.mark.text)])
    for number, row in enumerate(sheet.rows(), start=1):
        page.append([_text_cell(page, neutralised(cell)) if cell else None for cell in row])
        picture = next(pictures) if pictures else None
        if picture:
            _place_picture(page, picture, number, sheet)
    if sheet.classes:
        _offer_classes(book, page, sheet, number)
    save_workbook(book, target)
    return number


def _check_cells(sheet: Sheet, target: Path) -> None:
    """Refuse what a workbook cannot hold, before any of it is written.

    Raises: UsageError.
    """
    for number, row in enumerate(sheet.rows(), start=1):
        if number > MOST_ROWS:
            raise UsageError(
                f"a workbook holds {MOST_ROWS:,} rows, and there are more images",
                where=str(target),
                fix="write a .csv",
            )
        for cell in row:
            _check_text(cell, target)
    for name in sheet.classes:
        _check_text(name, target)


def _check_text(text: str, target: Path) -> None:
    found = NOT_IN_XML.search(text)
    if found:
        raise UsageError(
            f"a workbook cannot hold the character {found[0]!r} of {shown(text)}",
            where=str(target),
            fix="write a .csv, or rename the image or class",
        )


def _lay_out(page: Any, sheet: Sheet) -> None:  # noqa: ANN401 - openpyxl loads late
    from openpyxl.utils import get_column_letter

    for index, name in enumerate(sheet.header, start=1):
        column = page.column_dimensions[get_column_letter(index)]
        column.width = COLUMN_WIDTHS.get(name, 14)
        # So that what is typed into the empty cells stays as typed: 007, 1e5, 1/2.
        column.number_format = TEXT
    page.column_dimensions[get_column_letter(len(sheet.header) + 1)].hidden = True
    page.freeze_panes = "A2"
    if sheet.pictures:
        page.sheet_format.defaultRowHeight = (THUMBNAIL_PX + 6) * POINTS_A_PIXEL
        page.sheet_format.customHeight = True


def _text_cell(page: Any, text: str) -> Any:  # noqa: ANN401 - openpyxl loads late
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page)
    cell.value = text
    # Set after the value: a text that begins with = would make it a formula.
    cell.data_type = "s"
    cell.number_format = TEXT
    return cell


def _place_picture(page: Any, data: bytes, number: int, sheet: Sheet) -> None:  # noqa: ANN401 - the same
    from openpyxl.drawing.image import Image
    from openpyxl.utils import get_column_letter

    picture = Image(io.BytesIO(data))
    picture.anchor = f"{get_column_letter(sheet.header.index('picture') + 1)}{number + 1}"
    page.add_image(picture)


def _offer_classes(book: Any, page: Any, sheet: Sheet, number: int) -> None:  # noqa: ANN401 - the same
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    names = book.create_sheet(CLASS_SHEET)
    names.sheet_state = "veryHidden"
    names.append([_text_cell(names, CLASS_SHEET)])
    for name in sheet.classes:
        names.append([_text_cell(names, neutralised(name))])
    choice = DataValidation(
        type="list",
        formula1=f"'{CLASS_SHEET}'!$A$2:$A${len(sheet.classes) + 1}",
        allow_blank=True,
        showErrorMessage=False,
    )
    letter = get_column_letter(sheet.header.index("label") + 1)
    choice.add(f"{letter}2:{letter}{number + 1}")
    page.data_validations.append(choice)
