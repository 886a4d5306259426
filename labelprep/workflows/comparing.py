"""`diff`: what two manifests, or a manifest and a sheet, say differently of the same images."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelprep.errors import UsageError
from labelprep.formats.base import ReadContext, Rejected
from labelprep.manifest import classes
from labelprep.manifest.store import open_store
from labelprep.matching import Match
from labelprep.model.annotation import Kind
from labelprep.progress import Progress, Silent
from labelprep.workflows.edited import final_names
from labelprep.workflows.finding import Finder
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.label_sources import Place, format_of, reached
from labelprep.workflows.preparing import is_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store


@dataclass(frozen=True, slots=True)
class Said:
    """What one side says of an image: its labels in order, and its split."""

    labels: tuple[str, ...] = ()
    split: str | None = None


@dataclass(slots=True)
class Side:
    """One of the two: what it says of images by path, and its classes in order (none of a sheet)."""

    name: str
    images: dict[str, Said]
    classes: tuple[str, ...] | None = None
    has_splits: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """One image of which the two sides say different things, under ``labels`` or ``split``."""

    path: str
    a: str | None
    b: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {"path": self.path, "a": self.a, "b": self.b}


@dataclass(frozen=True, slots=True)
class DiffReport:
    """What differs; lists are in path order. ``equal`` counts images of which both say the same."""

    a: str
    b: str
    equal: int
    only_a: list[str] = field(default_factory=list)
    only_b: list[str] = field(default_factory=list)
    labels: list[Difference] = field(default_factory=list)
    splits: list[Difference] = field(default_factory=list)
    classes: tuple[list[str], list[str]] | None = None

    @property
    def differences(self) -> int:
        """How many things differ."""
        images = len(self.only_a) + len(self.only_b) + len(self.labels) + len(self.splits)
        return images + (self.classes is not None)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "a": self.a,
            "b": self.b,
            "differences": self.differences,
            "equal": self.equal,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "labels": [item.as_json() for item in self.labels],
            "splits": [item.as_json() for item in self.splits],
            "classes": None if self.classes is None else {"a": self.classes[0], "b": self.classes[1]},
        }


def diff(
    a: Path, b: Path, options: ImportOptions | None = None, progress: Progress | None = None
) -> DiffReport:
    """Compare two manifests by the paths of their images, or a manifest with a sheet or label files.

    Raises: UsageError where neither is a manifest; what reading a manifest or a source raises.
    """
    settings = options or ImportOptions()
    kinds = [is_manifest(a), is_manifest(b)]
    if not any(kinds):
        raise UsageError(
            "neither of them is a manifest",
            where=f"{a}, {b}",
            fix="name two manifests, or a manifest and a sheet",
        )
    if all(kinds):
        with open_store(a, for_writing=False) as one, open_store(b, for_writing=False) as other:
            return compared(manifest_side(one, str(a)), manifest_side(other, str(b)))
    manifest, sheet = (a, b) if kinds[0] else (b, a)
    with open_store(manifest, for_writing=False) as store:
        stored = manifest_side(store, str(manifest))
        watching = progress or Silent()
        with reached(sheet, settings.format, encoding=settings.encoding, progress=watching) as place:
            read = _Sheet(store, sheet, place, settings, watching).side()
    return compared(stored, read) if kinds[0] else compared(read, stored)


def manifest_side(store: Store, name: str) -> Side:
    """Return what a manifest says of its images whose files are there."""
    rows = store.connection.execute(
        "SELECT path, labels, split FROM image WHERE status <> 'missing' ORDER BY path"
    )
    images = {path: Said(tuple(json.loads(labels)), split) for path, labels, split in rows}
    known = [item.name for item in classes.listed(store.connection) if item.merged_into is None]
    return Side(name, images, tuple(known))


class _Sheet:
    """What a sheet says of a manifest's images, without importing it."""

    def __init__(
        self, store: Store, source: Path, place: Place, options: ImportOptions, progress: Progress
    ) -> None:
        self.store = store
        self.source = source
        self.place = place
        self.options = options
        self.progress = progress

    def side(self) -> Side:
        """Read it and find its images; a row without an image stands for itself."""
        store = self.store
        finder = Finder(store, strict=self.options.strict)
        paths = dict(store.connection.execute("SELECT id, path FROM image").fetchall())
        names = final_names(store)
        known = tuple(item.name for item in classes.listed(store.connection))
        context = ReadContext(store.root, finder.is_image, known, self.options.for_reading(), finder.size_of)
        reading = self.place.read(format_of(self.place.path, self.options.format), context)
        images: dict[str, Said] = {}
        has_splits = False
        with self.progress.track("reading labels", None) as bar:
            for item in reading.items:
                bar.advance()
                if isinstance(item, Rejected):
                    continue
                found = finder.find(item)
                path = paths[found.image_id] if isinstance(found, Match) else item.image
                before = images.get(path, Said())
                said = [
                    names.get(one.label, one.label)
                    for one in item.annotations
                    if one.kind is Kind.CLASS and one.label is not None
                ]
                labels = tuple(dict.fromkeys((*before.labels, *said)))
                images[path] = Said(labels, item.split or before.split)
                has_splits |= item.split is not None
        return Side(str(self.source), images, has_splits=has_splits)


def compared(a: Side, b: Side) -> DiffReport:
    """Return what differs between two sides; splits only where both state any."""
    both = [path for path in a.images if path in b.images]
    with_splits = a.has_splits and b.has_splits
    labels, splits, equal = [], [], 0
    for path in sorted(both):
        one, other = a.images[path], b.images[path]
        same_labels = set(one.labels) == set(other.labels)
        same_split = not with_splits or one.split == other.split
        if not same_labels:
            labels.append(Difference(path, ", ".join(one.labels) or None, ", ".join(other.labels) or None))
        if not same_split:
            splits.append(Difference(path, one.split, other.split))
        equal += same_labels and same_split
    differ = a.classes is not None and b.classes is not None and a.classes != b.classes
    return DiffReport(
        a=a.name,
        b=b.name,
        equal=equal,
        only_a=sorted(path for path in a.images if path not in b.images),
        only_b=sorted(path for path in b.images if path not in a.images),
        labels=labels,
        splits=splits,
        classes=(list(a.classes or ()), list(b.classes or ())) if differ else None,
    )
