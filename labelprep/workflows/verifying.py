"""Reading an export back and comparing it with what was to be written."""

from __future__ import annotations

import json
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import SourceError, UsageError
from labelprep.formats import READ_BY, READERS, reader
from labelprep.formats.base import Keeps, ReadContext, Rejected
from labelprep.matching import Match, Matcher
from labelprep.model.annotation import Annotation, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.formats.base import Export, Outgoing, Writer
    from labelprep.manifest.store import Store
    from labelprep.model.annotation import Record

DIGITS: Final = 3
"""Places after the point at which pixels are compared: formats with shares of the width round."""
MOST: Final = 20
NOTHING_SAID: Final = frozenset({"no_label", "no_annotations", "no_images"})
"""Why a row is rejected that names an image and says nothing of it: an image without a label."""
SHAPES: Final = frozenset(Keeps(kind) for kind in Kind if kind is not Kind.CLASS)

Said = list[tuple[str, ...]]


def check_readable(name: str) -> None:
    """Refuse a format that nothing reads.

    Raises: UsageError.
    """
    if READ_BY.get(name, name) not in READERS:
        raise UsageError("nothing reads this format back", where="--verify", fix="leave --verify out")


class Verification:
    """One export, read back.

    ``placed`` says which image each image file in it is; where there are none, the labels name the originals.
    """

    def __init__(
        self, store: Store, export: Export, made: Writer, target: Path, placed: dict[str, str]
    ) -> None:
        """Take the manifest, what was to be written, by which writer, and where it is now."""
        self._export = export
        self._keeps = made.keeps
        self._reader = reader(READ_BY.get(made.name, made.name))
        self._target = target
        sizes = store.connection.execute("SELECT path, width_px, height_px FROM image ORDER BY path")
        self._sizes = {path: (width, height) for path, width, height in sizes if width is not None}
        self._placed = sorted(placed.items()) or [(path, path) for path in self._sizes]
        root = target if placed else store.root
        self._root = root.absolute()
        self._matcher = Matcher(
            [(number, path) for number, (path, _) in enumerate(self._placed)],
            root_names=tuple(reversed(self._root.parts)),
        )

    def differences(self) -> Iterator[str]:
        """Yield, for each image that reads back otherwise than it was to be written, how; 20 at most."""
        try:
            read = self._read_back()
        except SourceError as error:
            # Where nothing is said of any image, there may be nothing to read.
            if any(_said(_held(item, self._keeps), self._keeps) for item in self._export.items()):
                yield f"it cannot be read: {error}"
            return
        told = 0
        for item in self._export.items():
            wanted = _said(_held(item, self._keeps), self._keeps)
            found = read.pop(item.record.image, None)
            # What is in a split without labels lies in its folder; nothing speaks of it.
            if found == wanted or (found is None and all(kind == "split" for kind, *_ in wanted)):
                continue
            how = "not there" if found is None else _compared(wanted, found)
            yield f"{item.record.image}: {how}"
            told += 1
            if told == MOST:
                return
        for image in sorted(read):
            yield f"{image}: not one of the images that were to be written"

    def _read_back(self) -> dict[str, Said]:
        """Return what the export says, by the path of the image in the manifest."""
        context = ReadContext(
            self._root,
            lambda name: self._find(name, None) is not None,
            self._export.classes,
            {},
            self._size_of,
        )
        found: dict[str, Said] = {}
        for item in self._reader.read(self._target, context).items:
            if isinstance(item, Rejected) and item.reason in NOTHING_SAID:
                continue
            if isinstance(item, Rejected):
                found[item.issue.where] = [("not read", item.issue.problem)]
                continue
            path = self._find(item.image, item.beside) or item.image
            found[path] = sorted([*found.get(path, []), *_said(item, self._keeps)])
        return found

    def _find(self, name: str, beside: str | None) -> str | None:
        folder = None if beside is None else posixpath.dirname(beside)
        found = self._matcher.find(name, beside=folder)
        return self._placed[found.image_id][1] if isinstance(found, Match) else None

    def _size_of(self, name: str, beside: str | None) -> tuple[int, int] | None:
        found = self._find(name, beside)
        return None if found is None else self._sizes.get(found)


def _held(item: Outgoing, keeps: frozenset[Keeps]) -> Record:
    """Return what a format holds of one image.

    Formats without shapes hold the classes that follow from them too; those with one class an image leave
    out images that have none, or several.
    """
    if keeps & SHAPES:
        return item.record
    if Keeps.CLASSES not in keeps and len(item.labels) != 1:
        return replace(item.record, annotations=(), split=None)
    return replace(item.record, annotations=tuple(Annotation(Kind.CLASS, name) for name in item.labels))


def _said(record: Record, keeps: frozenset[Keeps]) -> Said:
    """Return what a record says in a form that can be compared, as far as a format keeps it."""
    said = [_one(item, keeps) for item in record.annotations if _is_kept(item, keeps)]
    if record.split is not None and Keeps.SPLIT in keeps:
        said.append(("split", record.split))
    if record.group is not None and Keeps.GROUP in keeps:
        said.append(("group", record.group))
    return sorted(said)


def _is_kept(item: Annotation, keeps: frozenset[Keeps]) -> bool:
    if item.label is None and item.kind is not Kind.CLASS and Keeps.UNNAMED not in keeps:
        return False
    return Keeps(item.kind) in keeps or (item.kind is Kind.CLASS and Keeps.CLASSES in keeps)


def _one(item: Annotation, keeps: frozenset[Keeps]) -> tuple[str, ...]:
    confidence = item.confidence if Keeps.CONFIDENCE in keeps else None
    attributes = item.attributes if Keeps.ATTRIBUTES in keeps else {}
    return (
        str(item.kind),
        item.label or "",
        json.dumps(_rounded(item.geometry)),
        json.dumps(attributes, sort_keys=True, ensure_ascii=False),
        "" if confidence is None else f"{confidence:.{DIGITS}f}",
    )


def _rounded(value: Any) -> Any:  # noqa: ANN401 - geometry, by kind
    if isinstance(value, float | int):
        return round(float(value), DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: value[key] if key == "counts" else _rounded(value[key]) for key in sorted(value)}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _compared(wanted: Said, found: Said) -> str:
    """Return the first of what is missing and of what is too much."""
    missing = [one for one in wanted if one not in found]
    added = [one for one in found if one not in wanted]
    parts = [f"without {' '.join(missing[0])}"] if missing else []
    parts += [f"with {' '.join(added[0])}"] if added else []
    return ", ".join(parts) or "not as often"
