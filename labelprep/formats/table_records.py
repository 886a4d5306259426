"""What the rows of a table say: one record or one rejection for each row that is not blank, in order."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from labelprep.errors import SourceError, shown
from labelprep.formats.base import Rejected
from labelprep.formats.cell_notes import cell_issue, why_blank
from labelprep.formats.cells import GUARDED, listed, restored, split_at
from labelprep.formats.grids import Aside, Grid, Row, is_blank
from labelprep.formats.header_rows import column_name
from labelprep.formats.headers import SPLIT_VALUES
from labelprep.formats.roles import TRUTHS, Roles
from labelprep.formats.table_findings import EXAMPLES, REMEMBERED, Found
from labelprep.formats.table_issues import Code, Told, warning
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labelprep.formats.base import Item, ReadContext

SEPARATORS = ("|", ";", ",", "；", "，", "、")
TOTALS = re.compile(
    r"(total|sum|subtotal|grand total|count|合计|总计|小计|总数|合計|總計|小計)\s*[:：]?.*", re.IGNORECASE
)
REMARKS = re.compile(r"(note|notes|remark|source|备注|注|说明|備註)\s*[:：].*", re.IGNORECASE | re.DOTALL)
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
MANGLED = re.compile(r"\d(\.\d+)?E\+\d+")
NO_CLASS: tuple[Annotation, ...] = ()


class TableRecords:
    """Reads the rows of one table by its roles."""

    def __init__(
        self, grid: Grid, roles: Roles, width: int, context: ReadContext, issues: list[Issue]
    ) -> None:
        """Take the table; ``width`` is the widest row of the sample, ``issues`` takes what is told.

        ``beside`` is to be set where names are to be looked for from the folder of the table's file.
        """
        self.beside: str | None = None
        self._grid = grid
        self._place = grid.place
        self._roles = roles
        self._width = width
        self._is_image = context.is_image
        separator = context.options.get("separator")
        self._separator = str(separator) if separator else ""
        self._issues = issues
        self._told = Told(issues, grid.place.source)
        self._found = Found()
        self._annotations: dict[str, tuple[Annotation, ...]] = {}
        self._combined: dict[tuple[str, ...], tuple[Annotation, ...]] = {}
        self._splits: dict[str, str | None] = {}
        self._locate = self._locator()

    def _locator(self) -> Callable[[int], str]:
        """Return how a row's statement is placed: at its label's cell, where one cell states it."""
        sheet = self._place.sheet
        if sheet is None:
            return str
        if len(self._roles.labels) == 1:
            column = self._roles.labels[0]
            start = self._place.cell(0, column)[:-1]
            return lambda number: f"{start}{number}"
        return lambda number: f"{sheet}!{number}"

    def place_of_image(self, locator: str) -> str:
        """Return where the image of a row is named, given the place of its statement."""
        number = re.search(r"\d+\Z", locator)
        return locator if number is None else self._place.cell(int(number[0]), self._roles.file)

    def items(self) -> Iterator[Item]:
        """Yield what each row says.

        Raises: SourceError where the file cannot be read to its end.
        """
        seen: set[int] = set()
        file, first = self._roles.file, self._roles.header.first
        for row in self._grid.rows():
            number, cells = row.number, row.cells
            if number < first:
                continue
            if (
                not (len(cells) > file and cells[file].strip())
                and not row.problem
                and not row.notes
                and is_blank(cells)
            ):
                continue
            key = _key(cells)
            if row.hidden:
                self._count_hidden(row)
            if row.problem:
                yield self._rejected("bad_row", Code.BAD_ROW, number, row.problem, "mend the row")
            elif key in seen and not is_blank(cells):
                yield self._rejected("repeated", Code.REPEATED, number, "the row stands there twice", "")
            else:
                seen.add(key)
                item = self._item(row)
                if item is not None:
                    yield item
        self._close()

    def _count_hidden(self, row: Row) -> None:
        self._found.hidden_rows += 1
        if len(self._found.hidden) < EXAMPLES:
            self._found.hidden.append(self._place.row(row.number))

    def _item(self, row: Row) -> Item | None:
        """Return what one row says; None where it is blank but for merged cells."""
        if row.notes:
            if self._holds_nul(row):
                return self._rejected(
                    "bad_row", Code.BAD_ROW, row.number, "the file name holds a NUL byte", "mend the row"
                )
            if is_blank(row.cells) and all(cell.aside is Aside.MERGED for cell in row.notes.values()):
                return None
        item = self._read_row(row)
        if row.notes:
            self._tell_notes(row, item)
        return item

    def _read_row(self, row: Row) -> Item:
        number, cells, roles = row.number, row.cells, self._roles
        image = cells[roles.file] if roles.file < len(cells) else ""
        if not image.strip():
            return self._without_file(row)
        if len(cells) > self._width and not is_blank(cells[self._width :]):
            problem = f"the row has {len(cells)} cells where the table has {self._width} columns"
            fix = "put quotes around cells that hold the delimiter"
            return self._rejected("bad_row", Code.BAD_ROW, number, problem, fix)
        annotations, problem = self._classes(row)
        if problem:
            return self._rejected("bad_row", Code.BAD_ROW, number, problem, "write 0 or 1")
        split = group = sha256 = None
        if roles.lesser:
            split, group, sha256 = self._split(row), self._lesser(row, "group"), self._sha256(row)
            if annotations and "weight" in roles.lesser:
                annotations = self._weighted(row, annotations)
        if not annotations and split is None and group is None:
            return self._without_label(row, image)
        self._found.statements += bool(annotations)
        if image[0] in "'0123456789":
            image = self._checked_name(image, number)
        return Record(
            image,
            self._locate(number),
            annotations,
            split,
            group,
            self.beside,
            sha256,
            is_silent=not annotations,
        )

    def _checked_name(self, image: str, number: int) -> str:
        """Return a file name without the guard of an export; count what Excel has made of a long number."""
        found = self._found
        if GUARDED.match(image):
            found.restored += 1
            return restored(image)
        if MANGLED.fullmatch(image):
            found.mangled_rows += 1
            if len(found.mangled) < EXAMPLES:
                found.mangled.append(f"{shown(image)} in {self._place.row(number)}")
        return image

    def _classes(self, row: Row) -> tuple[tuple[Annotation, ...], str]:
        """Return the classes that a row states, or what is wrong with them."""
        roles, cells = self._roles, row.cells
        if len(roles.labels) == 1:
            column = roles.labels[0]
            text = cells[column] if column < len(cells) else ""
            return self._of_cell(text, row), ""
        if roles.one_hot:
            return self._of_one_hot(row)
        texts = tuple(cells[column] for column in roles.labels if column < len(cells))
        known = self._combined.get(texts)
        if known is None:
            parts = [annotation for text in texts for annotation in self._of_cell(text, row)]
            known = tuple({annotation.label: annotation for annotation in parts}.values())
            if len(self._combined) < REMEMBERED:
                self._combined[texts] = known
        return known, ""

    def _of_cell(self, text: str, row: Row) -> tuple[Annotation, ...]:
        """Return the classes that one cell states."""
        known = self._annotations.get(text)
        if known is None:
            known = self._read_cell(text, row)
            if len(self._annotations) < REMEMBERED:
                self._annotations[text] = known
            else:
                self._found.many_labels = True
        if known and not self._found.many_labels:
            self._found.labels[text] += 1
        return known

    def _read_cell(self, text: str, row: Row) -> tuple[Annotation, ...]:
        if not text.strip():
            return NO_CLASS
        found = self._found
        items = listed(text)
        if items is not None:
            found.lists += 1
            names = [item for item in items if item.strip()]
        elif self._separator:
            names = split_at(text, self._separator)
        else:
            names = [restored(text)]
            found.restored += names[0] != text
            self._note_separator(text, row)
        return tuple(Annotation(Kind.CLASS, name) for name in dict.fromkeys(names))

    def _note_separator(self, text: str, row: Row) -> None:
        """Note a cell that may hold several classes."""
        if THOUSANDS.fullmatch(text):
            return
        for separator in SEPARATORS:
            if separator in text and len(split_at(text, separator)) > 1:
                where = self._found.separated.setdefault(separator, [])
                if len(where) < EXAMPLES:
                    where.append(f"{shown(text)} in {self._locate(row.number)}")
                return

    def _of_one_hot(self, row: Row) -> tuple[tuple[Annotation, ...], str]:
        roles, cells = self._roles, row.cells
        texts = tuple(cells[column] if column < len(cells) else "" for column in roles.labels)
        known = self._combined.get(texts)
        if known is None:
            names = []
            for column, text in zip(roles.labels, texts, strict=True):
                value = TRUTHS.get(text.strip(), False if not text.strip() else None)
                name = column_name(roles.header, column)
                if value is None:
                    return NO_CLASS, f"the cell of {shown(name)} is {shown(text)}, in a column of 0 and 1"
                if value:
                    names.append(name)
            known = tuple(Annotation(Kind.CLASS, name) for name in dict.fromkeys(names))
            if len(self._combined) < REMEMBERED:
                self._combined[texts] = known
        if len(known) > 1:
            self._found.several += 1
            if len(self._found.several_places) < EXAMPLES:
                self._found.several_places.append(self._place.row(row.number))
        return known, ""

    def _lesser(self, row: Row, role: str) -> str | None:
        column = self._roles.lesser.get(role)
        if column is None or column >= len(row.cells) or not row.cells[column].strip():
            return None
        text = row.cells[column]
        return restored(text) if text[0] == "'" else text

    def _split(self, row: Row) -> str | None:
        text = self._lesser(row, "split")
        if text is None:
            return None
        split = SPLIT_VALUES.get(text.strip().casefold())
        if split is None and len(self._found.splits) < REMEMBERED:
            self._found.splits[text] += 1
        return split

    def _weighted(self, row: Row, annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        """Return annotations with the weight that the row states, as text, in their attributes."""
        text = self._lesser(row, "weight")
        if text is None:
            return annotations
        try:
            good = math.isfinite(float(text)) and float(text) >= 0
        except ValueError:
            good = False
        if not good:
            where = self._full(row.number, self._roles.lesser["weight"])
            self._told.tell(
                warning(Code.WEIGHT, where, f"the weight {shown(text)} is no number", "write one ≥ 0")
            )
            return annotations
        return tuple(
            Annotation(annotation.kind, annotation.label, attributes={"weight": text.strip()})
            for annotation in annotations
        )

    def _sha256(self, row: Row) -> bytes | None:
        text = (self._lesser(row, "sha256") or "").strip()
        try:
            digest = bytes.fromhex(text)
        except ValueError:
            return None
        return digest if len(digest) == 32 else None  # noqa: PLR2004 - the bytes of a sha256

    def _without_file(self, row: Row) -> Rejected:
        aside = self._remark(row)
        if aside is not None:
            return aside
        why, code, fix = why_blank(row.notes.get(self._roles.file))
        return self._rejected(
            "no_file",
            code or Code.NO_FILE,
            row.number,
            why or "the cell of the file name is blank",
            fix or "write the name of the image",
        )

    def _without_label(self, row: Row, image: str) -> Rejected:
        aside = None if self._is_image(image) else self._remark(row)
        if aside is not None:
            return aside
        columns = self._roles.labels
        cell = next((row.notes[column] for column in columns if column in row.notes), None)
        why, code, fix = ("", None, "") if self._roles.one_hot else why_blank(cell)
        if self._roles.one_hot:
            why = "none of its columns of 0 and 1 is set"
        elif not why and columns and columns[0] >= len(row.cells):
            why = f"the row ends before the label: it has {len(row.cells)} cells"
        problem = f"{why or 'the label is blank'} ({shown(image)})"
        rejected = self._rejected(
            "no_label", code or Code.NO_LABEL, row.number, problem, fix or "write the class"
        )
        return replace(rejected, image=restored(image))

    def _remark(self, row: Row) -> Rejected | None:
        """Return a row that sums up others, or is a remark, as such."""
        texts = [cell.strip() for cell in row.cells if cell.strip()]
        if texts and TOTALS.fullmatch(texts[0]):
            problem = f"the row sums up others: {shown(texts[0])}"
            return self._rejected("total_row", Code.TOTAL_ROW, row.number, problem, "")
        if len(texts) == 1 and (REMARKS.fullmatch(texts[0]) or texts[0].startswith("#")):
            problem = f"the row is a remark: {shown(texts[0])}"
            return self._rejected("comment", Code.COMMENT, row.number, problem, "")
        return None

    def _rejected(self, reason: str, code: Code, number: int, problem: str, fix: str) -> Rejected:
        severity = Severity.NOTE if reason in {"repeated", "comment", "total_row"} else Severity.WARNING
        where = self._place.full(self._locate(number) if reason == "no_label" else self._place.row(number))
        return Rejected(reason, Issue(code, severity, where, problem, fix))

    def _full(self, number: int, column: int) -> str:
        return self._place.full(self._place.cell(number, column))

    def _holds_nul(self, row: Row) -> bool:
        """Say whether the file name holds a NUL byte.

        Raises: SourceError where another cell does: the file is damaged, not one name.
        """
        columns = [column for column, cell in row.notes.items() if cell.aside is Aside.NUL]
        if any(column != self._roles.file for column in columns):
            raise SourceError(
                f"the row holds a NUL byte, in {shown(row.cells[columns[-1]])}",
                where=self._place.full(self._place.row(row.number)),
                fix="the file is damaged: write it again, or delete the byte",
            )
        return bool(columns)

    def _tell_notes(self, row: Row, item: Item) -> None:
        """Tell what is to be told of the cells that have a role, apart from what a rejection says already."""
        roles = self._roles
        if isinstance(item, Rejected) and item.reason in {"total_row", "comment"}:
            return
        for column in (roles.file, *roles.labels, *roles.lesser.values()):
            cell = row.notes.get(column)
            if cell is None:
                continue
            text = row.cells[column] if column < len(row.cells) else ""
            if cell.aside is Aside.NUMBER:
                if column in roles.labels and len(self._found.numbers) < REMEMBERED:
                    self._found.numbers[text] += 1
            elif text or not isinstance(item, Rejected):
                issue = cell_issue(self._full(row.number, column), cell, text)
                if issue is not None:
                    self._told.tell(issue)

    def _close(self) -> None:
        """Tell what was counted."""
        self._told.close()
        if self._found.hidden_rows:
            self._grid.facts["hidden_rows"] = self._found.hidden_rows
        self._issues.extend(self._found.told(self._place))
        if not self._roles.one_hot:
            self._issues.extend(self._found.told_of_classes(self._place.source, self._annotations))


def widest(rows: Sequence[Row], names: int) -> int:
    """Return how many columns a table has: as many as its header names, or as most of its rows hold."""
    counts = Counter(len(row.cells) for row in rows if not is_blank(row.cells))
    common = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
    return max(names, common)


def _key(cells: Sequence[str]) -> int:
    """Return a number by which equal rows are known; empty cells at the end do not count."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return hash(tuple(cells[:end]))
