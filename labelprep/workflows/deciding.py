"""`audit --apply`: what a person decided in the sheet of an audit, as that person's word in one command.

::

    path        given_label  predicted_label  decision  new_label
    cat/17.jpg  cat          dog              keep                    the label is right
    cat/18.jpg  cat          dog              relabel                 it is what the network says
    cat/19.jpg  cat          dog              relabel   fox           it is a fox
    cat/20.jpg  cat          dog                        fox           the same
    cat/21.jpg  cat          dog              exclude                 nobody shall learn from it
    cat/22.jpg  cat          dog                                      nothing was decided
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, shown
from labelprep.formats.base import ReadContext
from labelprep.formats.cells import listed, restored
from labelprep.formats.grids import is_blank
from labelprep.formats.tables import opened_grid
from labelprep.manifest import classes, journal, resolving, sources, statements
from labelprep.model.classes import natural_key
from labelprep.model.images import TRAINABLE, Status
from labelprep.model.ranks import Rank
from labelprep.workflows.audit_sheet import DECISION, GIVEN, NEW_LABEL, PATH, PREDICTED
from labelprep.workflows.edited import final_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from labelprep.formats.grids import Grid, Row
    from labelprep.manifest.store import Store
    from labelprep.model.issues import Issue

KIND: Final = "audit"
COMMAND: Final = "audit --apply"
HEAD_ROWS: Final = 20


class Decision(StrEnum):
    """What a person may decide of a doubtful label."""

    KEEP = "keep"
    RELABEL = "relabel"
    EXCLUDE = "exclude"


class Became(StrEnum):
    """What became of a row."""

    KEPT = "kept"
    RELABELLED = "relabelled"
    EXCLUDED = "excluded"
    KNOWN = "already so"
    UNDECIDED = "undecided"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Answer:
    """One row: where it stands, the image, what became of it, and why where it was left out."""

    place: str
    path: str
    became: Became
    labels: tuple[str, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "row": self.place,
            "path": self.path,
            "outcome": str(self.became),
            "labels": list(self.labels),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of each row of a sheet, in its order; ``command`` is None where nothing changed."""

    source: str
    answers: tuple[Answer, ...]
    command: int | None
    dry_run: bool
    issues: tuple[Issue, ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """How many rows became what; they sum to the rows."""
        found = Counter(answer.became for answer in self.answers)
        return {str(became): found[became] for became in Became if found[became]}

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "source": self.source,
            "rows": len(self.answers),
            "counts": self.counts,
            "command": self.command,
            "dry_run": self.dry_run,
            "decisions": [answer.as_json() for answer in self.answers],
            "issues": [issue.as_json() for issue in self.issues],
        }


def apply_decisions(
    store: Store, sheet: Path, *, encoding: str | None = None, dry_run: bool = False
) -> Decided:
    """Take the decisions of a sheet over, all in one undoable command.

    Raises: SourceError where the sheet cannot be read or has not these columns; UsageError where its encoding
    is a question.
    """
    issues: list[Issue] = []
    grid = opened_grid(sheet, _context(store, encoding), issues)
    header, columns = _columns(grid)
    command = None
    with store.writing():
        reading = _Reading(store, grid, columns)
        answers = tuple(reading.answer(row) for row in _body(grid, header))
        if reading.changed and not dry_run:
            command = _write(store, sheet, reading.changed)
    return Decided(sheet.name, answers, command, dry_run, tuple(issues))


def _context(store: Store, encoding: str | None) -> ReadContext:
    """Return what tells one encoding from another: the paths of images, the names of classes."""

    def is_image(text: str) -> bool:
        found = store.connection.execute("SELECT EXISTS (SELECT 1 FROM image WHERE path = ?)", (text,))
        return bool(found.fetchone()[0])

    options = {} if encoding is None else {"encoding": encoding}
    return ReadContext(store.root, is_image, tuple(classes.ids_of(store.connection)), options)


@dataclass(frozen=True, slots=True)
class _Change:
    image: int
    locator: str
    class_ids: tuple[int, ...]
    is_excluded: bool


def _columns(grid: Grid) -> tuple[int, dict[str, int]]:
    """Return the number of the header row, and the place of each column that is known.

    Raises: SourceError where there is no such row.
    """
    if grid.columns is not None:
        found = _places(grid.columns)
        if _is_header(found):
            return 0, found
    for row in islice(grid.rows(), HEAD_ROWS):
        found = _places(row.cells)
        if _is_header(found):
            return row.number, found
    raise SourceError(
        f"it has no columns {PATH!r} and {DECISION!r} or {NEW_LABEL!r}",
        where=grid.place.source,
        fix="write the sheet with `labelprep audit --csv FILE` and fill in its last two columns",
    )


def _places(cells: Iterable[str]) -> dict[str, int]:
    known = (PATH, GIVEN, PREDICTED, DECISION, NEW_LABEL)
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    return {name: names.index(name) for name in known if name in names}


def _is_header(places: Mapping[str, int]) -> bool:
    return PATH in places and (DECISION in places or NEW_LABEL in places)


def _body(grid: Grid, header: int) -> Iterator[Row]:
    return (row for row in grid.rows() if row.number > header and (row.problem or not is_blank(row.cells)))


class _Reading:
    """Turns rows into answers and into what changes; ``changed`` is by image, in the order of the rows."""

    def __init__(self, store: Store, grid: Grid, columns: Mapping[str, int]) -> None:
        self._connection = store.connection
        self._grid = grid
        self._columns = columns
        self._ids = classes.ids_of(store.connection)
        self._finals = final_names(store)
        self._seen: dict[int, str] = {}
        self.changed: dict[int, _Change] = {}

    def answer(self, row: Row) -> Answer:
        """Return what becomes of a row."""
        place = self._grid.place.row(row.number)
        cells = {
            name: restored(row.cells[at]).strip() if at < len(row.cells) else ""
            for name, at in self._columns.items()
        }
        path = cells[PATH]
        decision, new = cells.get(DECISION, "").lower(), cells.get(NEW_LABEL, "")
        if row.problem:
            return Answer(place, path, Became.LEFT_OUT, problem=row.problem)
        if not decision and not new:
            return Answer(place, path, Became.UNDECIDED)
        found = self._connection.execute(
            "SELECT id, labels, status FROM image WHERE path = ? ORDER BY id", (path,)
        ).fetchone()
        if found is None:
            return Answer(place, path, Became.LEFT_OUT, problem=f"there is no image {shown(path)}")
        image, labels, status = found
        if image in self._seen:
            problem = f"row {self._seen[image]} has decided on it already"
            return Answer(place, path, Became.LEFT_OUT, problem=problem)
        asked = self._asked(decision, new, cells, tuple(json.loads(labels)))
        if isinstance(asked, str):
            return Answer(place, path, Became.LEFT_OUT, problem=asked)
        self._seen[image] = place
        return self._taken(Answer(place, path, *asked), image, tuple(json.loads(labels)), status)

    def _asked(
        self, decision: str, new: str, cells: Mapping[str, str], now: tuple[str, ...]
    ) -> tuple[Became, tuple[str, ...]] | str:
        """Return what a row asks for, or why that cannot be."""
        if decision not in {"", *Decision}:
            return f"{shown(decision)} is no decision: write {', '.join(Decision)}, or leave it empty"
        if decision in {Decision.EXCLUDE, Decision.KEEP} and new:
            return f"{decision}, or {shown(new)}? leave one of them empty"
        if decision == Decision.EXCLUDE:
            return Became.EXCLUDED, ()
        if decision == Decision.KEEP:
            return self._kept(cells, now)
        named = self._names(new or cells.get(PREDICTED, ""))
        if isinstance(named, str) or named:
            return named if isinstance(named, str) else (Became.RELABELLED, named)
        return "relabel to what? fill in new_label"

    def _kept(self, cells: Mapping[str, str], now: tuple[str, ...]) -> tuple[Became, tuple[str, ...]] | str:
        """Return the label that is kept; it must be the one that the sheet was written with."""
        given = self._names(cells[GIVEN]) if GIVEN in self._columns else now
        if now and given == now:
            return Became.KEPT, now
        label = ", ".join(now) or "no label"
        return f"its label is not what the sheet says any more, but {label}: run the audit again"

    def _names(self, cell: str) -> tuple[str, ...] | str:
        """Return the classes that a cell names, in natural order, or what is wrong with it."""
        names = listed(cell)
        named = [cell] if names is None else names
        for name in filter(None, named):
            if name not in self._ids:
                near = difflib.get_close_matches(name, self._ids, 1)
                hint = f": did you mean {near[0]}?" if near else f": the classes are {', '.join(self._ids)}"
                return f"there is no class {shown(name)}{hint}"
        return tuple(sorted({self._finals[name] for name in named if name}, key=natural_key))

    def _taken(self, answer: Answer, image: int, now: tuple[str, ...], status: str) -> Answer:
        """Note what changes; say so where nothing does."""
        is_excluded = answer.became is Became.EXCLUDED
        if status not in {*TRAINABLE, Status.EXCLUDED}:
            problem = f"the image cannot be used anyway: it is {status}"
            return Answer(answer.place, answer.path, Became.LEFT_OUT, problem=problem)
        ids = tuple(self._ids[name] for name in answer.labels)
        known = status == Status.EXCLUDED if is_excluded else self._is_said(image, answer.labels)
        if known:
            return Answer(answer.place, answer.path, Became.KNOWN, answer.labels or now)
        self.changed[image] = _Change(image, f"{answer.place} ({answer.became})", ids, is_excluded)
        return answer

    def _is_said(self, image: int, names: tuple[str, ...]) -> bool:
        """Tell whether an audit's decisions say this of an image already."""
        rows = self._connection.execute(
            """
            SELECT class.name FROM statement
            JOIN source ON source.id = source_id AND source.kind = ?
            JOIN annotation ON statement_id = statement.id JOIN class ON class.id = class_id
            WHERE image_id = ? AND statement.removed_by IS NULL
            """,
            (KIND, image),
        )
        return {self._finals[row[0]] for row in rows} == set(names)


def _write(store: Store, sheet: Path, changed: Mapping[int, _Change]) -> int:
    """Write the decisions down; return the number of the command."""
    connection = store.connection
    location = sources.location_of(store.path, sheet)
    command = journal.begin(connection, COMMAND, {"source": location, "images": len(changed)})
    stated = [change for change in changed.values() if not change.is_excluded]
    if stated:
        source = statements.source_id(connection, KIND, location, Rank.PERSON)
        statements.remove_of_rank(connection, command, [change.image for change in stated], Rank.PERSON)
        claims = [statements.ClassClaim(change.image, change.locator, change.class_ids) for change in stated]
        statements.claim_classes(connection, source, command, claims)
    for change in changed.values():
        if change.is_excluded:
            journal.set_value(connection, command, ("image", change.image, "status"), str(Status.EXCLUDED))
    resolving.refresh(connection, sorted(changed))
    return command
