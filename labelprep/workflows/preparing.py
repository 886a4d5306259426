"""What a training does first where it is given a sheet, or a folder with label files: import them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats import reader
from labelprep.manifest.store import SQLITE_HEADER
from labelprep.workflows.import_report import ImportOptions, ImportReport
from labelprep.workflows.importing import import_labels

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

LABEL_FILES = ("labelme",)
SURE = 0.5


def is_manifest(place: Path) -> bool:
    """Tell a manifest from other files by its first bytes; what cannot be read counts by its ending."""
    try:
        with place.open("rb") as file:
            return file.read(len(SQLITE_HEADER)) == SQLITE_HEADER
    except OSError:
        return place.suffix.lower() == ".db"


def take_labels(store: Store, source: Path, progress: Progress) -> ImportReport:
    """Import a sheet or label files, and say what came of it.

    Raises: what `import_labels` raises.
    """
    report = import_labels(store, source, ImportOptions(), progress)
    said = f"Imported {source}: {report.matched:,} of {report.rows:,} rows name an image"
    added = f", new classes: {', '.join(report.classes_added)}" if report.classes_added else ""
    progress.say(f"{said}{added}.")
    left_out = report.rows - report.matched
    if left_out:
        listed = f"; those without an image are in {report.unmatched_file}" if report.unmatched_file else ""
        progress.say(f"{left_out:,} of its rows were left out{listed} (labelprep import {source} says why).")
    if report.conflicts:
        progress.say(f"{report.conflicts:,} images are left out: sources disagree about them.")
    return report


def take_label_files(store: Store, progress: Progress) -> None:
    """Import the label files that lie among the images, where there are any; say so, also where it fails."""
    for name in LABEL_FILES:
        if reader(name).sniff(store.root).confidence < SURE:
            continue
        try:
            take_labels(store, store.root, progress)
        except SourceError as error:
            progress.say(f"The {name} files among the images give no labels: {error.problem}.")
