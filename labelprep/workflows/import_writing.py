"""The one transaction of an import: all that was staged becomes the statements of a source, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.manifest import classes, columns, journal, resolving, sources, staging, statements
from labelprep.model.ranks import Rank
from labelprep.workflows import edited, import_issues
from labelprep.workflows.import_report import RANKS, ImportOptions
from labelprep.workflows.slips import Slips

if TYPE_CHECKING:
    import sqlite3

    from labelprep.formats.base import Reading
    from labelprep.manifest.store import Store
    from labelprep.model.issues import Issue
    from labelprep.workflows.label_sources import Opened

SPELLINGS = "LP230"


@dataclass(slots=True)
class Tally:
    """What became of the rows."""

    rows: int = 0
    matched: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the transaction did, or would have done."""

    is_change: bool
    replaced: staging.Replaced
    classes_added: tuple[str, ...]
    classes: dict[str, int]
    conflicts: int
    annotations: int
    splits_changed: int
    images_without_row: int
    issues: tuple[Issue, ...]


class _TakenBackError(Exception):
    """Carries the outcome of a transaction that is rolled back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written down of a source: its state, its statements, the splits and groups it gives.

    ``shown`` is what reports call the source; ``edits`` are those of a sheet of this
    manifest, else None; ``told`` is what was told while it was read.
    """

    store: Store
    opened: Opened
    options: ImportOptions
    edits: edited.Edits | None
    tally: Tally
    told: import_issues.Told
    shown: str

    def take(self, images: int, reading: Reading) -> Outcome:
        """Write all of it in one transaction; take it back in a dry run or where it changes nothing."""
        try:
            with self.store.writing() as connection:
                outcome = self._write(connection, images, reading)
                if self.options.dry_run or not outcome.is_change:
                    raise _TakenBackError(outcome)  # noqa: TRY301 - raising is what takes it back
        except _TakenBackError as back:
            return back.outcome
        return outcome

    def _write(self, connection: sqlite3.Connection, images: int, reading: Reading) -> Outcome:
        if staging.vanished_images(connection):
            raise SourceError(
                "another labelprep moved images while this one was reading; nothing was imported",
                where=str(self.opened.path),
                fix="run the same command again",
            )
        kind = self.opened.format if self.edits is None else edited.KIND
        origin = (kind, self.opened.location)
        arguments = {"source": self.opened.location, "format": kind} | self.opened.options
        command = journal.begin(connection, "import", arguments)
        used = staging.class_names(connection)
        added = tuple(classes.add(connection, used, command))
        state = self._state(reading)
        before = sources.find(connection, *origin)
        source = statements.source_id(connection, kind, self.opened.location, Rank(state.rank))
        anew = before is not None and _decides(before.state) != _decides(state)
        replaced = staging.replace_statements(connection, source, command, anew=anew)
        by = columns.PERSON if self.edits is not None else columns.COLUMN
        splits = columns.give_splits(connection, command, origin, by=by)
        groups = columns.give_groups(connection, command, origin)
        is_change = sources.write_state(connection, command, source, state)
        if self.options.multi_label:
            journal.set_value(connection, command, ("meta", "multi_label", "value"), "yes")
        resolving.refresh(connection, replaced.touched)
        counts = resolving.label_counts(connection)
        issues = (
            *import_issues.of_given(splits, groups),
            *import_issues.of_labels(connection, source),
            *import_issues.of_spellings(connection, used, told=self.told.has(SPELLINGS)),
            *Slips(connection, source, self.shown, counts).of(used),
        )
        changes = replaced.removed + replaced.added + splits.changed + groups.changed + len(added)
        return Outcome(
            # An exported sheet that nobody edited says nothing, so it does not become a source.
            is_change=changes > 0 or (is_change and (before is not None or self.edits is None)),
            replaced=replaced,
            classes_added=added,
            classes={name: counts[name] for name in used if name in counts},
            conflicts=sources.conflict_count(connection, source),
            annotations=sources.annotation_count(connection, source),
            splits_changed=splits.changed,
            images_without_row=images - staging.images(connection),
            issues=issues,
        )

    def _state(self, reading: Reading) -> sources.SourceState:
        usual = self.opened.rank if self.edits is None else Rank.PERSON
        return sources.SourceState(
            sha256=self.opened.sha256,
            encoding=reading.facts.get("encoding"),
            options=self.opened.options | ({"class_ids": reading.class_ids} if reading.class_ids else {}),
            rows=self.tally.rows,
            matched=self.tally.matched,
            unmatched=self.tally.unmatched,
            rank=int(RANKS[self.options.rank] if self.options.rank else usual),
        )


def _decides(state: sources.SourceState) -> tuple[int, object]:
    """Return what of a source's state decides which label its statements give."""
    return state.rank, state.options.get("label_from")
