"""`scan`: from a folder of images to a manifest of facts, labels and splits that the folders state."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import LabelprepError, SourceError, UsageError
from labelprep.formats import folders
from labelprep.manifest import classes, images, journal, places
from labelprep.manifest.paths import stored
from labelprep.manifest.store import Store, create, is_unmade, open_store
from labelprep.pixels.engine import LocalEngine
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS
from labelprep.progress import Progress, Silent
from labelprep.workflows import claiming, reading, renaming, scan_issues
from labelprep.workflows.limits import keep_limits, limits_of
from labelprep.workflows.walking import Walk, walk

if TYPE_CHECKING:
    from labelprep.model.issues import Issue

WALK_ROWS = 10_000
LABELS = ("auto", "folder", "none")
DEFAULT_PROXY_SIZE = 256

WalkRow = tuple[str, bytes | None, int, int]


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan: labels from folders (auto, folder, none), processes, what one file may be and may cost.

    ``max_bytes``, ``max_pixels``: of a file that is read; None: as at the last scan, else the defaults.
    """

    labels: str = "auto"
    workers: int | None = None
    proxy_size: int | None = None
    item_seconds: float = 60.0
    memory_bytes: int = 4 << 30
    max_bytes: int | None = None
    max_pixels: int | None = None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found; every file is in one of the counts."""

    manifest: Path
    root: Path
    images: int
    added: int
    changed: int
    moved: int
    missing: int
    unchanged: int
    skipped: dict[str, int]
    skipped_extensions: dict[str, int]
    status: dict[str, int]
    formats: dict[str, int]
    layout: str
    layout_doubt: str
    proposed_classes: tuple[str, ...]
    classes: dict[str, int]
    unlabeled: int
    splits: dict[str, int]
    seconds: float = 0.0
    created: bool = False
    issues: list[Issue] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "manifest": str(self.manifest),
            "root": str(self.root),
            "images": self.images,
            "added": self.added,
            "changed": self.changed,
            "moved": self.moved,
            "missing": self.missing,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "skipped_extensions": self.skipped_extensions,
            "status": self.status,
            "formats": self.formats,
            "layout": self.layout,
            "layout_doubt": self.layout_doubt,
            "proposed_classes": list(self.proposed_classes),
            "classes": self.classes,
            "unlabeled": self.unlabeled,
            "splits": self.splits,
            "seconds": round(self.seconds, 3),
            "issues": [issue.as_json() for issue in self.issues],
            "notes": list(self.notes),
        }


def scan_folder(
    folder: Path,
    *,
    manifest: Path | None = None,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
) -> ScanReport:
    """Scan a folder into its manifest, which is made where there is none.

    Raises: SourceError where the folder cannot be read; UsageError where the manifest has another root;
    ManifestError where the manifest cannot be opened or written.
    """
    began = time.perf_counter()
    settings = options or ScanOptions()
    if settings.labels not in LABELS:
        raise UsageError(
            f"--labels is one of {', '.join(LABELS)}, not {settings.labels!r}", fix="name one of them"
        )
    root = readable_folder(folder)
    store, created = open_for(root, manifest)
    with store:
        return _Scan(store, root, settings, progress or Silent()).run(began, created=created)


def readable_folder(folder: Path) -> Path:
    """Return a folder as an absolute path with links resolved.

    Raises: SourceError where it is no folder or cannot be listed.
    """
    try:
        root = folder.resolve(strict=True)
        if not root.is_dir():
            raise SourceError(
                "this is a file, not a folder of images",
                where=str(folder),
                fix="name the folder that holds it",
            )
        with os.scandir(root):
            return root
    except FileNotFoundError:
        raise SourceError(
            "there is no such folder", where=str(folder), fix="check the spelling of the path"
        ) from None
    except OSError as error:
        raise SourceError(
            f"the folder cannot be read: {error.strerror}", where=str(folder), fix="check its permissions"
        ) from error


def open_for(root: Path, manifest: Path | None) -> tuple[Store, bool]:
    """Open the manifest for a root, or make it; tell whether it was made.

    Raises: UsageError where the manifest at that place has another root.
    """
    place = manifest.absolute() if manifest is not None else existing_for(root)
    if place is None:
        place = places.place_for_new(root, Path.cwd())
    if places.is_inside(place, root):
        beside = places.sibling_of(root)
        raise UsageError(
            "the manifest would lie inside the images",
            where=str(place),
            fix=f"name a place outside, such as -m {beside}",
        )
    if is_unmade(place):
        return create(place, root), True
    store = open_store(place)
    if not places.is_inside(root, store.root):
        known = store.root
        store.close()
        raise UsageError(
            f"this manifest belongs to {known}, not to {root}",
            where=str(place),
            fix=f"scan that folder, or keep another manifest: labelprep scan {root} -m other.db",
        )
    return store, False


def existing_for(root: Path) -> Path | None:
    """Return the manifest that a command given this folder finds: in the working folder, else beside it."""
    here = Path.cwd() / places.NAME
    is_here = here.is_file() and not places.is_inside(here, root)
    if is_here and places.is_inside(root, _root_of(here) or root):
        return here
    for folder in (root, *root.parents):
        if folder.name and places.sibling_of(folder).is_file():
            return places.sibling_of(folder)
    return here if is_here else None


def _root_of(manifest: Path) -> Path | None:
    """Return the root of a manifest, None where it cannot be opened (which its use is going to tell)."""
    try:
        with open_store(manifest, for_writing=False) as store:
            return store.root
    except LabelprepError:
        return None


class _Scan:
    """One scan under way: its store, its walk, its command."""

    def __init__(self, store: Store, start: Path, options: ScanOptions, progress: Progress) -> None:
        self.store = store
        self.connection = store.connection
        self.root = store.root
        relative = os.path.relpath(start, self.root)
        self.start = "" if relative == "." else relative
        self.options = options
        self.progress = progress
        self.seen = Walk()
        self.folders: dict[tuple[str, ...], int] = {}
        self.unknown: list[reading.SkippedRow] = []
        self.misnamed: list[reading.SkippedRow] = []
        known = limits_of(store)
        self.limits = replace(
            known,
            max_bytes=options.max_bytes or known.max_bytes,
            max_pixels=options.max_pixels or known.max_pixels,
        )
        self.proxy_size = options.proxy_size or int(store.meta("proxy_size") or DEFAULT_PROXY_SIZE)

    def run(self, began: float, *, created: bool) -> ScanReport:
        again = self.store.meta("proxy_size") not in (None, str(self.proxy_size))
        self._walk()
        limits = self.limits
        other = None if limits == limits_of(self.store) else (limits.max_bytes, limits.max_pixels)
        number = images.finish_walk(self.connection, time.time_ns(), again=again, limits=other)
        layout = folders.find_layout(self._all_folders(), self.options.labels)
        command = self._begin(layout)
        part = stored(self.start)[0] if self.start and self.options.labels != LABELS[0] else None
        source = claiming.FolderSource.begin(self.store, command, layout, part)
        self._read(command, source, number)
        moved, unreadable = self._settle(command, source)
        issues = scan_issues.found(self.connection, self.seen, unreadable, layout, self.misnamed)
        report = self._report(command, layout, moved)
        return replace(report, issues=issues, created=created, seconds=time.perf_counter() - began)

    def _walk(self) -> None:
        """Put every image file into the walk; a name without an image's ending counts where its bytes do."""
        images.start_walk(self.connection)
        unknown: list[WalkRow] = []
        rows: list[WalkRow] = []
        with self.progress.track("looking", None) as bar:
            for found in walk(str(self.root), self.start, IMAGE_EXTENSIONS, self.seen):
                row = (*stored(found.path), found.size_bytes, found.mtime_ns)
                (rows if found.is_image else unknown).append(row)
                if len(rows) == WALK_ROWS:
                    self._add(rows)
                    bar.advance(len(rows))
                    rows = []
            for other in reading.sniffed(self.store, self.root, unknown):
                if other[3] in reading.IMAGE_FORMATS:
                    self.misnamed.append(other)
                    rows.append((other[0], other[1], other[4], other[5]))
                else:
                    self.unknown.append(other)
                    self.seen.skip(reading.UNKNOWN)
            self._add(rows)
            bar.advance(len(rows))

    def _add(self, rows: list[WalkRow]) -> None:
        images.add_walked(self.connection, rows)
        for path, _, _, _ in rows:
            parts = tuple(path.split("/")[:-1])
            self.folders[parts] = self.folders.get(parts, 0) + 1

    def _all_folders(self) -> dict[tuple[str, ...], int]:
        """Return the folders that decide the layout: those walked, and what is known of the others.

        The others lie outside the part that is scanned, or could not be read this time.
        """
        hidden = tuple(f"{stored(path)[0]}/" for path, _ in self.seen.unreadable_folders)
        if not self.start and not hidden:
            return self.folders
        known = dict(self.folders)
        inside = f"{stored(self.start)[0]}/" if self.start else ""
        for (path,) in self.connection.execute("SELECT path FROM image WHERE status <> 'missing'"):
            if not path.startswith(inside) or path.startswith(hidden):
                parts = tuple(path.split("/")[:-1])
                known[parts] = known.get(parts, 0) + 1
        return known

    def _begin(self, layout: folders.Layout) -> int:
        """Write the command down, or go on with the one that was killed; add the classes in natural order."""
        arguments = {"folder": stored(self.start)[0] or ".", "labels": self.options.labels}
        with self.store.writing() as connection:
            row = connection.execute(
                "SELECT max(number) FROM command WHERE name = ? AND NOT finished", (journal.SCAN,)
            ).fetchone()
            command = row[0] or journal.begin(connection, journal.SCAN, arguments, finished=False)
            names = {
                folders.stated(layout, parts).label for parts, count in self._all_folders().items() if count
            }
            classes.add(connection, (name for name in names if name is not None), command)
            if self.store.meta("proxy_size") is None:
                self.store.set_meta("proxy_size", str(self.proxy_size))
        return int(command)

    def _read(self, command: int, source: claiming.FolderSource, number: int) -> None:
        """Read the files that are new or changed, writing what was read in path order."""
        if not number:
            return
        with (
            LocalEngine(
                workers=self.options.workers,
                item_seconds=self.options.item_seconds,
                memory_bytes=self.options.memory_bytes,
            ) as engine,
            self.progress.track("reading", number) as bar,
        ):
            for read in reading.read_files(self.store, self.root, engine, self.proxy_size, self.limits):
                with self.store.writing() as connection:
                    ids = images.write_facts(connection, command, [(item, facts) for item, facts, _ in read])
                    images.write_proxies(connection, (proxy for _, _, proxy in read if proxy is not None))
                    source.claim(
                        connection,
                        [(image, item.path) for image, (item, _, _) in zip(ids, read, strict=True)],
                    )
                bar.advance(len(read))

    def _settle(self, command: int, source: claiming.FolderSource) -> tuple[int, list[tuple[str, str]]]:
        """Tell moved from missing, and finish the command."""
        unreadable = [(stored(path)[0], reason) for path, reason in self.seen.unreadable_folders]
        with self.store.writing() as connection:
            gone = images.vanished(
                connection, stored(self.start)[0], [(path, None) for path, _ in unreadable]
            )
            moved = images.settle_moved(connection, command, gone)
            renaming.restate(connection, command, moved)
            found_again = {item.image_id for item in moved}
            images.mark_missing(connection, (image for image in gone if image not in found_again))
            source.settle(connection, found_again)
            reading.write_skipped(connection, stored(self.start)[0], self.unknown)
            self.store.set_meta("proxy_size", str(self.proxy_size))
            keep_limits(self.store, self.limits)
            connection.execute("UPDATE command SET finished = 1 WHERE number = ?", (command,))
        return sum(item.counts for item in moved), unreadable

    def _report(self, command: int, layout: folders.Layout, moved: int) -> ScanReport:
        connection = self.connection
        count = _Counts(connection, command)
        return ScanReport(
            manifest=self.store.path,
            root=self.root,
            images=count.images,
            added=count.added,
            changed=count.changed,
            moved=moved,
            missing=count.missing,
            unchanged=count.images - count.added - count.changed - moved,
            skipped=dict(sorted(self.seen.skipped.items())),
            skipped_extensions=dict(sorted(self.seen.extensions.items())),
            status=count.status,
            formats=images.counted(connection, "format"),
            layout=str(layout.kind),
            layout_doubt=layout.doubt,
            proposed_classes=layout.proposed,
            classes=classes.class_counts(connection),
            unlabeled=count.unlabeled,
            splits=images.splits_in_use(connection),
            notes=self.store.notes,
        )


class _Counts:
    """The numbers of a report that come from the image rows."""

    def __init__(self, connection: Any, command: int) -> None:  # noqa: ANN401 - a connection
        one = "SELECT count(*) FROM image WHERE status <> 'missing'"
        self.images = connection.execute(one).fetchone()[0]
        self.missing = connection.execute("SELECT count(*) FROM image WHERE status = 'missing'").fetchone()[0]
        self.added = connection.execute(f"{one} AND added_by = ?", (command,)).fetchone()[0]
        self.changed = connection.execute(
            f"{one} AND changed_by = ? AND added_by <> ?", (command, command)
        ).fetchone()[0]
        self.unlabeled = connection.execute(f"{one} AND labels = '[]'").fetchone()[0]
        rows = connection.execute("SELECT status, count(*) FROM image GROUP BY status ORDER BY status")
        self.status = {row[0]: row[1] for row in rows}
