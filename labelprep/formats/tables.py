r"""Tables of labels: CSV, TSV, text, Excel, OpenDocument, JSON lines, Parquet.

::

    file,label,split            {"file": "a.jpg", "label": "cat"}       file,cat,dog
    a.jpg,cat,train             {"file": "b.jpg", "label": ["dog"]}     a.jpg,1,0
    b.jpg,"['cat', 'dog']",val                                          b.jpg,1,1
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Protocol

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.added_columns import FACT, without_added
from labelprep.formats.base import Keeps, Reading, Sniffed
from labelprep.formats.dialects import text_grid
from labelprep.formats.excel import open_excel
from labelprep.formats.grids import Grid, Place, Row, Sheet, Workbook, explained_opening, is_blank
from labelprep.formats.header_rows import Header, column_name
from labelprep.formats.keyed import lines_grid, parquet_grid
from labelprep.formats.oldexcel import open_old_excel
from labelprep.formats.opendocument import open_opendocument
from labelprep.formats.roles import Finder, Roles
from labelprep.formats.table_issues import Code, note, warning
from labelprep.formats.table_records import TableRecords, widest
from labelprep.formats.textbytes import refuse_other_kinds
from labelprep.formats.zipped import has_part, opened_zip
from labelprep.manifest.paths import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.formats.base import ReadContext
    from labelprep.model.issues import Issue

    class Opener(Protocol):
        """Opens one kind of workbook."""

        def __call__(self, source: Path, *, fill_merged: bool) -> Workbook:
            """Open it."""


TEXT_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".txt"})
LINES_ENDINGS = frozenset({".jsonl", ".ndjson"})
WORKBOOK_ENDINGS = frozenset({".xlsx", ".xlsm", ".xltx", ".xls", ".ods"})
PARQUET_ENDINGS = frozenset({".parquet", ".pq"})
SURE, LIKELY = 0.9, 0.5
SAMPLE_ROWS = 3000
HEAD_BYTES = 512
ZIP, OLE, PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
OLD_BIFF = (
    b"\x09\x08\x10\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x00\x04\x00",
)
LISTED = 12
OWN = "labelprep "  # sheets that exports hide


class Tables:
    """Reads a table of labels, whatever kind of file it is in."""

    name: ClassVar[str] = "table"
    keeps: ClassVar[frozenset[Keeps]] = frozenset({Keeps.CLASS, Keeps.CLASSES, Keeps.SPLIT, Keeps.GROUP})

    def sniff(self, source: Path) -> Sniffed:
        """Say how sure it is that a file is a table, by its name's ending."""
        ending = source.suffix.lower()
        if source.is_dir():
            return Sniffed(0.0, "a folder")
        if ending in TEXT_ENDINGS | LINES_ENDINGS | WORKBOOK_ENDINGS | PARQUET_ENDINGS:
            return Sniffed(LIKELY if ending == ".txt" else SURE, f"a table ({ending})")
        return Sniffed(0.0, "not a table's ending")

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open a table and find what its columns are.

        Raises: SourceError where it cannot be read at all; UsageError where a question needs an option.
        """
        issues: list[Issue] = []
        grid = without_added(opened_grid(source, context, issues))
        issues.extend(grid.issues)
        if FACT in grid.facts:
            issues.append(note(Code.ADDED, source.name, "columns that a copy of the sheet got are left out"))
        sample = list(islice(grid.rows(), SAMPLE_ROWS))
        if all(is_blank(row.cells) and not row.problem for row in sample):
            raise SourceError("it holds no rows", where=source.name, fix="save the table again")
        roles = Finder(grid.place, grid.columns, sample, context).roles()
        body = [row for row in sample if row.number >= roles.header.first]
        _tell_header(grid.place, roles, body, issues)
        width = widest(body, len(roles.header.names))
        records = TableRecords(grid, roles, width, context, issues)
        records.beside = _beside(source, context.root)
        grid.facts.update(
            roles=roles.as_facts(),
            header_line=roles.header.number,
            columns=[column_name(roles.header, place) for place in range(width)],
        )
        return Reading(grid.facts, records.items(), issues, place_of_image=records.place_of_image)


def _beside(source: Path, root: Path) -> str | None:
    """Return the place below the root of a sheet that lies in a folder of images: its names begin there.

    A sheet in the root itself or elsewhere names images from the root; then it is None.
    """
    folder, top = source.resolve().parent, root.resolve()
    if folder == top or not folder.is_relative_to(top):
        return None
    return escaped((folder / source.name).relative_to(top).as_posix())


def opened_grid(source: Path, context: ReadContext, issues: list[Issue]) -> Grid:
    """Return the table of a file, by what its bytes are; what is told of it goes to ``issues``.

    Raises: SourceError where it cannot be read; UsageError where several sheets could be meant.
    """
    if source.name.startswith("~$"):
        raise SourceError(
            "this is Excel's lock file, not the workbook",
            where=source.name,
            fix=f"give {source.name[2:]} (close it in Excel first)",
        )
    with explained_opening(source):
        if source.exists() and not source.is_file() and not source.is_dir():
            raise SourceError("this is no plain file", where=source.name, fix="give the sheet itself")
        with source.open("rb") as file:
            head = file.read(HEAD_BYTES)
    ending = source.suffix.lower()
    if head.startswith(PARQUET):
        return parquet_grid(source, context)
    if ending in PARQUET_ENDINGS:
        raise SourceError("the bytes are no Parquet file's", where=source.name, fix="write it again")
    if ending in LINES_ENDINGS:
        return lines_grid(source, context)
    if ending in TEXT_ENDINGS:
        return text_grid(source, context)
    opener = opener_of(source, head)
    fill_merged = bool(context.options.get("fill_merged"))
    return _chosen(source, opener(source, fill_merged=fill_merged), context, issues)


def opener_of(source: Path, head: bytes) -> Opener:
    """Return what opens a workbook: its bytes decide, not its name."""
    if head.startswith(ZIP):
        with opened_zip(source) as archive:
            return open_opendocument if has_part(archive, "content.xml") else open_excel
    if head.startswith((OLE, *OLD_BIFF)):
        return open_old_excel
    if not head:
        raise SourceError("the file is empty", where=source.name, fix="save the workbook again")
    refuse_other_kinds(source, head)
    raise SourceError(
        "the name says workbook, the bytes do not", where=source.name, fix="rename it to .csv if it is text"
    )


def _chosen(source: Path, workbook: Workbook, context: ReadContext, issues: list[Issue]) -> Grid:
    """Return the sheet that was asked for, or the one with a column of images.

    Raises: UsageError where several have one.
    """
    if not workbook.sheets:
        raise SourceError("the workbook has no sheets", where=source.name, fix="save it again in Excel")
    hidden = [sheet.name for sheet in workbook.sheets if sheet.hidden and not sheet.name.startswith(OWN)]
    if hidden:
        names = ", ".join(shown(name) for name in hidden[:LISTED])
        issues.append(note(Code.HIDDEN_SHEETS, source.name, f"hidden sheets: {names}"))
    wanted = context.options.get("sheet")
    if wanted not in {None, ""}:
        return workbook.grid(_asked(source, workbook.sheets, str(wanted)))
    visible = [sheet for sheet in workbook.sheets if not sheet.hidden] or list(workbook.sheets)
    if len(visible) == 1:
        return workbook.grid(visible[0])
    return _qualified(source, workbook, visible, context)


def _asked(source: Path, sheets: Sequence[Sheet], wanted: str) -> Sheet:
    exact = [sheet for sheet in sheets if sheet.name == wanted]
    alike = [sheet for sheet in sheets if sheet.name.strip().casefold() == wanted.strip().casefold()]
    for found in (exact, alike):
        if len(found) == 1:
            return found[0]
    if wanted.isdecimal() and 0 < int(wanted[:6]) <= len(sheets):
        return sheets[int(wanted) - 1]
    names = ", ".join(shown(sheet.name) for sheet in sheets[:LISTED])
    raise UsageError(
        f"{source.name} has no sheet {shown(wanted)}",
        where="--sheet",
        fix=f"its sheets are {names}; name one, or give its number from 1",
    )


def _qualified(source: Path, workbook: Workbook, sheets: Sequence[Sheet], context: ReadContext) -> Grid:
    fitting: list[Grid] = []
    filled: list[Grid] = []
    for sheet in sheets:
        grid = without_added(workbook.grid(sheet))
        sample: list[Row] = list(islice(grid.rows(), SAMPLE_ROWS))
        if all(is_blank(row.cells) for row in sample):
            continue
        filled.append(grid)
        if Finder(grid.place, None, sample, context).has_file_column():
            fitting.append(grid)
    if len(fitting) > 1:
        names = ", ".join(shown(grid.place.sheet) for grid in fitting[:LISTED])
        raise UsageError(
            f"{len(fitting)} sheets have a column of images: {names}",
            where=source.name,
            fix=f'choose one with --sheet "{fitting[0].place.sheet}"',
        )
    if not filled:
        raise SourceError("all of its sheets are blank", where=source.name, fix="save the workbook again")
    # None fits: what is wrong is said of the first that holds anything.
    return fitting[0] if fitting else filled[0]


def _tell_header(place: Place, roles: Roles, body: Sequence[Row], issues: list[Issue]) -> None:
    """Tell what was skipped, what has no name, and what was taken for its content."""
    header: Header = roles.header
    source = place.source
    if header.skipped:
        numbers = ", ".join(str(row.number) for row in header.skipped[:LISTED])
        first = next(cell for cell in header.skipped[0].cells if cell.strip())
        problem = f"rows above the table were skipped ({numbers}), such as {shown(first)}"
        issues.append(note(Code.TITLE_ROWS, source, problem, "pass --header N if the header is among them"))
    if header.number is None and not header.names:
        problem = "there is no header: the first row already names an image"
        issues.append(note(Code.HEADER, source, problem, "pass --header 1 if that is wrong"))
    used = (roles.file, *roles.labels, *roles.lesser.values())
    names = [name.strip() for name in header.names]
    for column in used:
        if header.names and not (column < len(names) and names[column]):
            problem = f"the header of column {column + 1} is blank; it is used for what its cells hold"
            issues.append(note(Code.HEADER, place.full(place.cell(header.number or 1, column)), problem))
        elif names and names.count(names[column]) > 1:
            same = f"{names.count(names[column])} columns are called {shown(names[column])}"
            problem = f"{same}; column {column + 1} is used"
            issues.append(warning(Code.HEADER, source, problem, "give each column its own name"))
    for role in ("file", "label"):
        if roles.how.get(role) in {"its cells name images", "the only other column"}:
            column = roles.file if role == "file" else roles.labels[0]
            problem = (
                f"{shown(column_name(header, column))} was taken as the {role} column: {roles.how[role]}"
            )
            issues.append(note(Code.COLUMN, source, problem, f"pass --{role}-column if that is wrong"))
    if not body:
        issues.append(
            warning(Code.NO_ROWS, source, "there are no rows below the header", "fill in the table")
        )
