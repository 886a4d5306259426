"""`export TARGET --copy-of SHEET`: a person's own sheet, with what became of each row beside it.

The sheet is read again as it was imported, so that each row is told of as the import would today; the file
itself is never written.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from labelprep.checks.conflicts import places
from labelprep.errors import SourceError, UsageError
from labelprep.formats.added_columns import WORDS, Added
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.cells import cell_of, neutralised
from labelprep.formats.table_copies import copy_table, ending_of_copy, start_of
from labelprep.formats.tables import Tables
from labelprep.manifest import classes, resolving, sources, staging
from labelprep.matching import Match
from labelprep.model.annotation import Kind, Record
from labelprep.model.images import TRAINABLE
from labelprep.workflows import edited, import_issues
from labelprep.workflows.finding import Finder
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.label_sources import digest_of
from labelprep.workflows.overruling import Claims
from labelprep.workflows.sheet_writing import mark_in, written_in_one_step
from labelprep.workflows.slips import Slips

if TYPE_CHECKING:
    from labelprep.formats.base import Item, Reading
    from labelprep.manifest.sources import KnownSource
    from labelprep.manifest.store import Store

MATCHED, UNMATCHED, SKIPPED, CONFLICT = WORDS
NUMBER: Final = re.compile(r"\d+\Z")
KINDS: Final = ("table", edited.KIND)

Cells = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """A copy that was written; ``statuses`` counts its rows by the first word of their status.

    ``suggestions`` are the rows that have one, for their file name or their class.
    ``notes`` say in words what a person should know: what could not stay as it was, what the copy rests on.
    """

    target: Path
    source: Path
    sheet: str | None
    statuses: dict[str, int]
    suggestions: int
    notes: tuple[str, ...]
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """The number of rows that have a status."""
        return sum(self.statuses.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "written": str(self.target),
            "copy_of": str(self.source),
            "sheet": self.sheet,
            "rows": self.rows,
            "statuses": self.statuses,
            "suggestions": self.suggestions,
            "notes": list(self.notes),
            "lost": [],
            "seconds": round(self.seconds, 3),
        }


def copy_sheet(store: Store, source: Path, target: Path, *, overwrite: bool = False) -> CopyReport:
    """Copy a sheet with four columns more: status, matched file, suggestion, label as resolved today.

    Raises: UsageError where the target cannot be a copy of it, exists, or is a source; SourceError where the
    sheet cannot be read or the copy cannot be written.
    """
    began = time.perf_counter()
    _check_target(store, source, target, overwrite=overwrite)
    with store.telling():
        known = _known(store, source)
        options = _options_of(known)
        finder = Finder(store, strict=options.strict)
        names = tuple(item.name for item in classes.listed(store.connection))
        context = ReadContext(store.root, finder.is_image, names, options.for_reading(), finder.size_of)
        reading = _reading(source, context, known)
        rows = _Rows(store, source, reading, finder).cells()
    facts = reading.facts
    added = Added(facts.get("sheet"), facts.get("header_line"), start_of(source, facts), rows)
    notes: list[str] = []
    with written_in_one_step(target) as part:
        notes += copy_table(source, part, context, added)
    statuses = Counter(cells[0].partition(":")[0] for cells in rows.values())
    return CopyReport(
        target=target,
        source=source,
        sheet=facts.get("sheet"),
        statuses={word: statuses[word] for word in WORDS if statuses[word]},
        suggestions=sum(bool(cells[2]) for cells in rows.values()),
        notes=(*_doubts(source, known), *notes),
        seconds=time.perf_counter() - began,
    )


def _check_target(store: Store, source: Path, target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be a copy of the sheet, exists, or is one that labels came from.

    Raises: UsageError.
    """
    ending = ending_of_copy(source)
    if target.suffix.lower() != ending:
        raise UsageError(
            f"the copy of {source.name} is a file that ends in {ending}",
            where=str(target),
            fix=f"name it {target.stem or 'checked'}{ending}",
        )
    folder = store.path.parent
    own = [source, *(Path(folder, one.location) for one in sources.listed(store.connection))]
    if any(one.exists() and target.exists() and target.samefile(one) for one in own):
        raise UsageError(
            "labels came from this file, so it is not written over", where=str(target), fix="name another"
        )
    if target.is_dir() or (os.path.lexists(target) and not overwrite):
        raise UsageError("it exists already", where=str(target), fix="name another, or pass --overwrite")


def _known(store: Store, source: Path) -> KnownSource | None:
    """Return what is known of the last import of a sheet; None where it was not imported."""
    location = sources.location_of(store.path, source)
    found = (sources.find(store.connection, kind, location) for kind in KINDS)
    return next((one for one in found if one is not None and one.state.rows), None)


def _options_of(known: KnownSource | None) -> ImportOptions:
    names = {one.name for one in fields(ImportOptions)}
    kept = {} if known is None else known.state.options
    return ImportOptions(**{name: value for name, value in kept.items() if name in names})


def _reading(source: Path, context: ReadContext, known: KnownSource | None) -> Reading:
    try:
        return Tables().read(source, context)
    except UsageError as error:
        if known is not None:
            raise
        fix = f"import it first with what it asks for; {error.fix}"
        raise UsageError(error.problem, where=error.where, fix=fix) from error


def _doubts(source: Path, known: KnownSource | None) -> tuple[str, ...]:
    if known is None:
        return (f"{source.name} was not imported: its own labels do not count yet",)
    if known.state.sha256 != digest_of(source):
        return (f"{source.name} has changed since it was imported: import it again first",)
    return ()


@dataclass(slots=True)
class _Row:
    """What is known of one row: its image, the names that it states, or why it is not used."""

    image_id: int | None = None
    labels: tuple[str, ...] = ()
    status: str = MATCHED
    suggestion: str = ""


class _Rows:
    """Finds out what becomes of each row of a sheet."""

    def __init__(self, store: Store, source: Path, reading: Reading, finder: Finder) -> None:
        self._store = store
        self._source = source
        self._reading = reading
        self._finder = finder
        self._claims = Claims(store.connection)
        self._staged = staging.Staging(store.connection)
        self._rows: dict[int, _Row] = {}
        self._is_ours = mark_in(reading.facts.get("columns") or ()) is not None

    def cells(self) -> dict[int, Cells]:
        """Return the four cells of each row by its number, guarded against being run as formulas."""
        for item in self._reading.items:
            self._take(item)
        self._staged.flush()
        for row in self._claims.overruled():
            self._rows[
                row.number
            ].status = (
                f"{UNMATCHED}: {import_issues.reason_of_overruled(row, f'{self._source.name}:{row.plain}')}"
            )
            self._rows[row.number].image_id = None
            self._rows[row.number].suggestion = row.path
        return {number: self._cells(row) for number, row in self._rows.items()}

    def _take(self, item: Item) -> None:
        locator = item.issue.where if isinstance(item, Rejected) else item.locator
        number = NUMBER.search(locator)
        if number is None:
            raise SourceError("a row has no number", where=locator, fix="save the sheet again")
        row = self._rows[int(number[0])] = _Row()
        if isinstance(item, Rejected):
            row.status = f"{SKIPPED}: {item.issue.problem}"
            found = self._finder.find(Record(item.image, "")) if item.image else None
            row.image_id = found.image_id if isinstance(found, Match) else None
            return
        self._match(int(number[0]), row, replace(item, beside=None) if self._is_ours else item)

    def _match(self, number: int, row: _Row, record: Record) -> None:
        found = self._finder.find(record)
        if isinstance(found, Match):
            row.image_id = found.image_id
            classes_of = (item.label for item in record.annotations if item.kind is Kind.CLASS)
            row.labels = tuple(label for label in classes_of if label is not None)
            self._claims.note(number, found.image_id, found.rule, record.image)
            self._staged.add_seen(number, found.image_id, record.locator)
            return
        row.status = f"{UNMATCHED}: {import_issues.reason_of(found)}"
        row.suggestion = "; ".join(self._finder.nearest(record.image))

    def _cells(self, row: _Row) -> Cells:
        if row.image_id is None:
            texts = (row.status, "", row.suggestion, "")
        else:
            path, labels, conflict, status = self._images[row.image_id]
            word = row.status
            if conflict and row.labels:
                word = f"{CONFLICT}: {', '.join(places(self._store.connection, row.image_id))}"
            elif word == MATCHED and status not in TRAINABLE:
                word = f"{MATCHED}: the image is {status}"
            slips = [f"{name} → {self._meant[name]}" for name in row.labels if name in self._meant]
            texts = (word, path, "; ".join(slips), cell_of(json.loads(labels)))
        status_cell, file, suggestion, label = map(neutralised, texts)
        return status_cell, file, suggestion, label

    @cached_property
    def _images(self) -> dict[int, tuple[str, str, int, str]]:
        rows = self._store.connection.execute("SELECT id, path, labels, conflict, status FROM image")
        return {row[0]: row[1:] for row in rows}

    @cached_property
    def _meant(self) -> dict[str, str]:
        counts = resolving.label_counts(self._store.connection)
        used = {name for row in self._rows.values() for name in row.labels}
        return Slips(self._store.connection, 0, self._source.name, counts).meant(used)
