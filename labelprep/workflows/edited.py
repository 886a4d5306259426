"""What a person changed in a sheet that this program wrote: only the cells that differ say anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labelprep.manifest import classes, resolving
from labelprep.model.annotation import Kind
from labelprep.model.issues import Issue, Severity
from labelprep.workflows.sheet_writing import Mark, mark_in

if TYPE_CHECKING:
    from labelprep.formats.base import Reading
    from labelprep.manifest.store import Store
    from labelprep.model.annotation import Record

KIND = "edits"
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class State:
    """What a sheet showed of one image when it was written."""

    labels: frozenset[str] = frozenset()
    split: str | None = None
    group: str | None = None


EMPTY = State()


@dataclass(slots=True)
class Edits:
    """The state of all images when a sheet was written, and how many rows differ from it now."""

    states: dict[int, State]
    final_names: dict[str, str]
    edited: int = 0
    cleared: list[str] = field(default_factory=list)

    def changed(self, image_id: int, record: Record) -> Record | None:
        """Return what a row says that the sheet did not say when it was written; None where that is nothing.

        An emptied cell takes nothing away: it is noted in ``cleared``.
        """
        before = self.states.get(image_id, EMPTY)
        named = [
            item.label for item in record.annotations if item.kind is Kind.CLASS and item.label is not None
        ]
        labels = frozenset(self.final_names.get(name, name) for name in named)
        if not labels:
            self.note_emptied(image_id, record.locator)
        annotations = record.annotations if labels and labels != before.labels else ()
        split = record.split if record.split != before.split else None
        group = record.group if record.group != before.group else None
        if not annotations and split is None and group is None:
            return None
        self.edited += 1
        return replace(record, annotations=annotations, split=split, group=group, is_silent=not annotations)

    def note_emptied(self, image_id: int, place: str) -> None:
        """Note an empty label cell where there was a label when the sheet was written."""
        if self.states.get(image_id, EMPTY).labels:
            self.cleared.append(place)


def edits_of(store: Store, reading: Reading) -> tuple[Edits | None, list[Issue]]:
    """Return what tells the edited cells of a sheet from the others, or None where the sheet is not ours."""
    mark = mark_in(reading.facts.get("columns") or ())
    if mark is None:
        return None, []
    newest = store.connection.execute("SELECT ifnull(max(number), 0) FROM command").fetchone()[0]
    if mark.manifest != store.meta("id") or mark.revision > newest:
        problem = (
            "another manifest wrote this sheet, so all its rows are taken, not only those that were edited"
        )
        return None, [
            Issue("LP252", Severity.WARNING, "header", problem, "undo the import if only edits were meant")
        ]
    states = {} if mark.kind == TEMPLATE else _states(store, mark)
    return Edits(states, final_names(store)), []


def final_names(store: Store) -> dict[str, str]:
    """Return what each class name and alias amounts to: the class it was merged into, else its own name."""
    known = classes.listed(store.connection)
    names = {item.id: item.name for item in known}
    target = {item.id: names[item.id if item.merged_into is None else item.merged_into] for item in known}
    return {name: target[number] for name, number in classes.ids_of(store.connection).items()}


def _states(store: Store, mark: Mark) -> dict[int, State]:
    """Work out what every image's label, split and group were after a command."""
    connection = store.connection
    now = connection.execute("SELECT id, labels, split, group_key FROM image ORDER BY id").fetchall()
    labels = {row[0]: row[1] for row in now}
    later = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT image_id FROM statement WHERE added_by > ?1 OR removed_by > ?1 ORDER BY 1",
            (mark.revision,),
        )
    ]
    for start in range(0, len(later), resolving.CHUNK):
        part = later[start : start + resolving.CHUNK]
        found = resolving.resolved_images(connection, part, revision=mark.revision)
        for image in part:
            labels[image] = json.dumps(found.get(image, resolving.NOTHING).labels)
    columns = {name: _before(store, name, mark.revision) for name in ("split", "group_key")}
    sets: dict[str, frozenset[str]] = {}
    return {
        image: State(
            sets.setdefault(labels[image], frozenset(json.loads(labels[image]))),
            columns["split"].get(image, split),
            columns["group_key"].get(image, group),
        )
        for image, _, split, group in now
    }


def _before(store: Store, column: str, revision: int) -> dict[int, str | None]:
    """Return what a column held after a command, for the images where later commands changed it."""
    rows = store.connection.execute(
        """
        SELECT CAST(row AS INTEGER), old FROM change
        WHERE "table" = 'image' AND "column" = ? AND command > ? ORDER BY rowid DESC
        """,
        (column, revision),
    )
    return dict(rows.fetchall())
