"""`import`: what a sheet, label files or file names say of the images, as statements of one undoable command.

Reading and matching go on beside the manifest, in temporary tables; then one transaction takes all of it or
nothing. A row whose image is only inferred gives way to one that names the same image exactly (`overruling`).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from labelprep.errors import SourceError, shown
from labelprep.formats import reader
from labelprep.formats.base import Keeps, ReadContext, Rejected
from labelprep.manifest import classes, sources, staging
from labelprep.matching import Match, NoMatch, Rule
from labelprep.model.annotation import Kind, Record
from labelprep.model.issues import Severity
from labelprep.model.ranks import Rank
from labelprep.progress import Progress, Silent
from labelprep.workflows import edited, framing, import_issues
from labelprep.workflows.finding import Finder
from labelprep.workflows.import_report import ImportOptions, ImportReport
from labelprep.workflows.import_writing import Tally, Writing
from labelprep.workflows.label_sources import USUAL_RANKS, Opened, Place, digest_of, format_of, reached
from labelprep.workflows.overruling import Claims
from labelprep.workflows.unmatched import forget_unmatched, write_unmatched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.formats.base import Item, Reading
    from labelprep.manifest.store import Store
    from labelprep.workflows.import_writing import Outcome

NEAREST_ROWS = 200
BAR_ROWS = 1_000
EXAMPLES = 3
NO_LABEL = "no_label"


def import_labels(
    store: Store,
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Take over what a sheet or label files say of the manifest's images.

    Raises: SourceError where the source cannot be read, or nothing of it can be used; UsageError for a
    question that an option answers; ManifestError where the manifest cannot be written. Nothing is changed
    then.
    """
    settings = options or ImportOptions()
    settings.check()
    watching = progress or Silent()
    with reached(source, settings.format, encoding=settings.encoding, progress=watching) as place:
        return import_place(store, source, place, settings, watching)


def import_place(
    store: Store, source: Path, place: Place, options: ImportOptions, progress: Progress
) -> ImportReport:
    """Import a source whose files are at a place; see `import_labels`."""
    name = format_of(place.path, options.format)
    opened = Opened(
        path=source,
        location=sources.location_of(store.path, source),
        format=name,
        rank=USUAL_RANKS.get(name, Rank.SHEET),
        sha256=digest_of(source),
        options=options.kept(),
        read=lambda context: place.read(name, context),
        has_shapes=Keeps.BOX in reader(name).keeps,
    )
    if not options.compare_embedded:
        return import_opened(store, opened, options, progress)
    from labelprep.workflows import embedded_comparing  # noqa: PLC0415 - it loads decoders, rarely needed

    embedded_comparing.check_comparable(name)
    report = import_opened(store, opened, options, progress)
    found = embedded_comparing.differences(store, place.path, options, progress)
    return replace(report, issues=[*report.issues, *found])


def import_opened(store: Store, opened: Opened, options: ImportOptions, progress: Progress) -> ImportReport:
    """Import a source that was found already; see `import_labels`.

    What models say in it becomes a source of its own, of rank model, in a second command.
    """
    run = _Import(store, opened, options, progress)
    try:
        report = run.run()
    except _OnlyPredictionsError:
        return _Import(store, opened.of_predictions(), options, progress).run()
    if not run.others:
        return report
    following = _Import(store, opened.of_predictions(), replace(options, rank=None), progress, follows=True)
    try:
        return replace(report, predictions=following.run())
    except SourceError as error:
        return replace(report, issues=[*report.issues, import_issues.of_predictions(error)])


class _OnlyPredictionsError(Exception):
    """Tells that a source holds nothing but what models say."""


class _Import:
    """One import under way."""

    def __init__(
        self,
        store: Store,
        opened: Opened,
        options: ImportOptions,
        progress: Progress,
        *,
        follows: bool = False,
    ) -> None:
        self.follows = follows
        self.others = 0
        self.store = store
        self.connection = store.connection
        self.opened = opened
        self.options = options
        self.progress = progress
        self.shown = opened.path.name or str(opened.path)
        self.tally = Tally()
        self.rules: Counter[int] = Counter()
        self.skipped: Counter[str] = Counter()
        self.told = import_issues.Told(self.shown)
        self.whys: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self.states_label = False
        self.edits: edited.Edits | None = None
        self.place_of_image: Callable[[str], str] = str
        self.frames = framing.Frames(options.frame)

    def run(self) -> ImportReport:
        began = time.perf_counter()
        with self.store.telling():
            finder = Finder(self.store, strict=self.options.strict)
            self.claims = Claims(self.connection)
            known = tuple(item.name for item in classes.listed(self.connection))
            context = ReadContext(
                self.store.root,
                finder.is_image,
                known,
                self.options.for_reading(),
                finder.size_of,
                finder.is_path,
            )
            if self.opened.has_shapes and self.options.frame == framing.FRAMES[0] and finder.has_turned():
                self._look_at_frames(self.opened.read(context), finder)
            reading = self.opened.read(context)
            self.place_of_image = reading.place_of_image
            self.edits, notes = edited.edits_of(self.store, reading)
            for issue in notes:
                self.told.tell(issue)
            staged = staging.Staging(self.connection)
            self._read(reading, finder, staged)
            self._overrule(staged)
            self._require_usable()
            if self.options.multi_label:
                staged.gather()
            writing = Writing(
                self.store, self.opened, self.options, self.edits, self.tally, self.told, self.shown
            )
            outcome = writing.take(finder.total, reading)
        file = self._list_unmatched(staged)
        report = self._report(outcome, reading, file)
        return replace(report, seconds=time.perf_counter() - began)

    def _read(self, reading: Reading, finder: Finder, staged: staging.Staging) -> None:
        """Match every row; put what it says into the temporary tables."""
        with self.progress.track("reading labels", None) as bar:
            for item in reading.items:
                if self._is_of_others(item):
                    continue
                self.tally.rows += 1
                if self.tally.rows % BAR_ROWS == 0:
                    bar.advance(BAR_ROWS)
                if isinstance(item, Rejected):
                    self._skip(item, finder)
                else:
                    self._match(item, finder, staged)
            bar.advance(self.tally.rows % BAR_ROWS)
        staged.flush()
        for issue in (*reading.issues, *self.frames.issues(self.shown)):
            self.told.tell(issue)

    def _is_of_others(self, item: Item) -> bool:
        """Tell whether another run takes an item: what models say, or what they do not say."""
        if isinstance(item, Rejected):
            return self.follows
        is_other = item.is_prediction is not self.opened.is_predicted
        self.others += is_other
        return is_other

    def _look_at_frames(self, reading: Reading, finder: Finder) -> None:
        """Read all of a source once for what its sizes tell: only the whole of it says how it was drawn."""
        with self.progress.track("looking at sizes", None) as bar:
            for item in reading.items:
                bar.advance()
                if isinstance(item, Rejected) or item.size_wh is None:
                    continue
                found = finder.find(item)
                if isinstance(found, Match):
                    self.frames.look(item, finder.picture(found.image_id))

    def _skip(self, item: Rejected, finder: Finder) -> None:
        """Count a row that says nothing; in a sheet of ours an empty label cell is as it was, or emptied."""
        self.skipped[item.reason] += 1
        if self.edits is None or item.reason != NO_LABEL:
            self.told.tell(item.issue)
            return
        found = finder.find(Record(item.image, ""))
        if isinstance(found, Match):
            self.edits.note_emptied(found.image_id, item.issue.where.removeprefix(f"{self.shown}:"))

    def _match(self, record: Record, finder: Finder, staged: staging.Staging) -> None:
        if self.edits is not None and record.beside is not None:
            # A sheet of ours names images from the root, wherever it lies.
            record = replace(record, beside=None)
        found = finder.find(record)
        number = self.tally.rows
        if not isinstance(found, Match):
            self.tally.unmatched += 1
            nearest = finder.nearest(record.image) if self.tally.unmatched <= NEAREST_ROWS else ()
            place = self.place_of_image(record.locator)
            staged.add_unmatched(
                number, place, record.image, import_issues.reason_of(found), "; ".join(nearest)
            )
            self.told.tell(import_issues.of_unmatched(self._where(place), record.image, found, nearest))
            self._note_why(record, found)
            return
        self.tally.matched += 1
        self.rules[found.rule] += 1
        self.claims.note(number, found.image_id, found.rule, record.image)
        if any(item.kind is not Kind.CLASS for item in record.annotations):
            picture = finder.picture(found.image_id)
            record, issues = self.frames.fitted(record, picture, self._where(record.locator))
            for issue in issues:
                self.told.tell(issue)
        said = record if self.edits is None else self.edits.changed(found.image_id, record)
        if said is None:
            staged.add_seen(number, found.image_id, record.locator)
            return
        self.states_label |= bool(said.annotations or said.split or said.group)
        staged.add(number, found.image_id, said)

    def _note_why(self, record: Record, found: NoMatch) -> None:
        reason = import_issues.plain_reason_of(found)
        self.whys[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            meant = f" ({', '.join(found.candidates)})" if found.candidates else ""
            place = self.place_of_image(record.locator) or self.shown
            place = f"row {place}" if place.isdigit() else place
            examples.append(f"{shown(record.image)} in {place}{meant}")

    def _overrule(self, staged: staging.Staging) -> None:
        """Count rows as unmatched whose inferred image another row names exactly."""
        for row in self.claims.overruled():
            self.tally.matched -= 1
            self.tally.unmatched += 1
            self.rules[row.rule] -= 1
            place = self.place_of_image(row.locator)
            reason = import_issues.reason_of_overruled(row, self._where(row.plain))
            self.told.tell(import_issues.of_overruled(self._where(place), row.name, reason))
            staged.make_unmatched(row.number, place, row.name, reason, row.path)
        staged.finish()

    def _where(self, locator: str) -> str:
        return f"{self.shown}:{locator}" if locator else self.shown

    def _require_usable(self) -> None:
        """Refuse a source of which nothing can be used: most likely the wrong one, or the wrong images."""
        if self.tally.matched and (self.states_label or self.edits is not None or not self.told.has_errors):
            return
        if self.others and not self.tally.matched + self.tally.unmatched and not self.opened.is_predicted:
            raise _OnlyPredictionsError
        where = str(self.opened.path)
        first = next(iter(self.told.all()), None)
        if self.edits is not None and self.skipped.total() == self.tally.rows > 0:
            raise SourceError(
                f"all {self.tally.rows:,} label cells are empty", where=where, fix="fill in some of them"
            )
        if not self.tally.rows:
            raise SourceError("it holds no rows", where=where, fix="fill it in, or name another file")
        if self.tally.unmatched and not self.tally.matched:
            raise SourceError(
                f"not one of {self.tally.rows:,} rows names an image of this manifest: {self._whys()}; "
                f"the images are {self._sample_images() or 'none'}",
                where=where,
                fix=f"check that it belongs to {self.store.root}, or name the right manifest with -m",
            )
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(self.skipped.items()))
        problem = f"nothing of its {self.tally.rows:,} rows can be used"
        problem += f" ({reasons})" if reasons else ""
        problem += f": {first.where}: {first.problem}" if first is not None else ""
        raise SourceError(
            problem, where=where, fix=(first.fix if first is not None else "") or "look into it"
        )

    def _whys(self) -> str:
        """Return why rows name no image, with a few of each reason, and what the reader found odd besides."""
        parts = [
            f"{number:,} × {reason}, such as {', '.join(self.examples[reason])}"
            for reason, number in self.whys.most_common()
        ]
        odd = [item.problem for item in self.told.all() if item.severity is Severity.WARNING]
        return "; ".join([*parts, *odd[:1]])

    def _sample_images(self) -> str:
        rows = self.connection.execute(
            "SELECT path FROM image WHERE status <> 'missing' ORDER BY path LIMIT ?", (EXAMPLES,)
        )
        return ", ".join(repr(row[0]) for row in rows)

    def _list_unmatched(self, staged: staging.Staging) -> Path | None:
        """Write the list of rows without an image beside the manifest; what fails there is told."""
        if self.options.dry_run or self.follows:
            return None
        folder = self.store.path.parent
        try:
            if self.tally.unmatched:
                return write_unmatched(folder, staged.unmatched())
            forget_unmatched(folder)
        except SourceError as error:
            self.told.tell(import_issues.of_list(error))
        return None

    def _report(self, outcome: Outcome, reading: Reading, file: Path | None) -> ImportReport:
        for issue in outcome.issues:
            self.told.tell(issue)
        facts = dict(reading.facts)
        if self.frames.facts():
            facts["fitted"] = self.frames.facts()
        if self.edits is not None:
            facts["edited_rows"] = self.edits.edited
            for issue in import_issues.of_cleared(self.shown, self.edits.cleared):
                self.told.tell(issue)
        else:
            for issue in import_issues.of_images_without_row(self.shown, outcome.images_without_row):
                self.told.tell(issue)
        return ImportReport(
            source=self.opened.path,
            location=self.opened.location,
            format=self.opened.format,
            encoding=reading.facts.get("encoding"),
            rows=self.tally.rows,
            matched=self.tally.matched,
            unmatched=self.tally.unmatched,
            skipped=dict(sorted(self.skipped.items())),
            annotations=outcome.annotations,
            classes_added=outcome.classes_added,
            classes=outcome.classes,
            conflicts=outcome.conflicts,
            rules={Rule(rule).name.lower(): self.rules[rule] for rule in sorted(+self.rules)},
            images_without_row=outcome.images_without_row,
            replaced=outcome.replaced.removed,
            changed=outcome.replaced.changed,
            splits_changed=outcome.splits_changed,
            dry_run=self.options.dry_run,
            facts=facts,
            issues=self.told.all(),
            unmatched_file=file,
        )
