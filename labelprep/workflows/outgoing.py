"""What an export writes: each image with what its labels resolve to, in path order."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.formats.base import Outgoing
from labelprep.manifest.paths import on_disk
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.images import TRAINABLE
from labelprep.model.overlaps import same_place
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.manifest.store import Store

CHUNK = 2_000
LEAST_OVERLAP = 0.9


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which images to write: those of some splits, with some classes; all where a tuple is empty."""

    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shape:
    """A living shape, and who says it: a source, and in it an author where it tells several apart."""

    sayer: tuple[int, str | None]
    rank: int
    item: Annotation


def outgoing(store: Store, chosen: Chosen) -> Iterator[Outgoing]:
    """Yield the images that can be decoded, in path order, each with its classes and shapes.

    With ``chosen.classes`` shapes of other classes are left out, and images on which nothing of these is.
    """
    order = store.connection.execute(
        f"SELECT id FROM image WHERE {usable(chosen)} ORDER BY path, path_bytes",  # noqa: S608 - constants
        chosen.splits,
    ).fetchall()
    for start in range(0, len(order), CHUNK):
        ids = [row[0] for row in order[start : start + CHUNK]]
        found = _Chunk(store, ids)
        for image in ids:
            item = found.item(image)
            kept = item if not chosen.classes else _only(item, frozenset(chosen.classes))
            if kept is not None:
                yield kept


def usable(chosen: Chosen) -> str:
    """Return the condition for images that can be decoded, in the splits that ``chosen`` names."""
    status = ", ".join(f"'{status}'" for status in sorted(TRAINABLE))
    marks = ", ".join("?" * len(chosen.splits))
    return f"status IN ({status})" + (f" AND split IN ({marks})" if chosen.splits else "")


class _Chunk:
    """What is said of some images, read at once."""

    def __init__(self, store: Store, ids: Sequence[int]) -> None:
        self._root = store.root
        marks = ",".join("?" * len(ids))
        self._images = {
            row[0]: row[1:]
            for row in store.connection.execute(
                f"""
                SELECT id, path, path_bytes, width_px, height_px, split, group_key, labels, sha256
                FROM image WHERE id IN ({marks})
                """,  # noqa: S608 - question marks only
                ids,
            )
        }
        self._named: dict[int, dict[str, Annotation]] = {}
        self._shapes: dict[int, list[_Shape]] = defaultdict(list)
        rows = store.connection.execute(
            f"""
            SELECT image_id, source_id, source.rank, annotation.kind, final.name, annotation.geometry,
                annotation.attributes, annotation.confidence, annotation.locator,
                statement.author
            FROM statement
            JOIN source ON source.id = source_id AND source.rank > {int(Rank.MODEL)}
            LEFT JOIN annotation ON statement_id = statement.id
            LEFT JOIN class ON class.id = annotation.class_id
            LEFT JOIN class AS final ON final.id = ifnull(class.merged_into, class.id)
            WHERE statement.removed_by IS NULL AND image_id IN ({marks})
            ORDER BY image_id, source.rank DESC, statement.id, annotation.id
            """,  # noqa: S608 - question marks and a constant only
            ids,
        )
        for row in rows:
            self._take(row)

    def _take(self, row: Sequence[Any]) -> None:
        image, source, rank, kind, label, geometry, attributes, confidence, locator, author = row
        named = self._named.setdefault(image, {})
        if kind is None:
            return
        item = Annotation(
            Kind(kind),
            label,
            json.loads(geometry) if geometry else None,
            json.loads(attributes) if attributes else {},
            locator or "",
            confidence,
        )
        if item.kind is Kind.CLASS:
            # What a person has accepted of a network is the person's word: how sure it was is no part of it.
            said = replace(item, confidence=None) if rank == Rank.PERSON else item
            named[label] = _joined(named.get(label), said)
        else:
            self._shapes[image].append(_Shape((source, author), rank, item))

    def item(self, image: int) -> Outgoing:
        """Return one image; classes are annotations only where a source names them for the whole image."""
        path, path_bytes, width, height, split, group, labels, sha256 = self._images[image]
        known = tuple(json.loads(labels))
        named = self._named.get(image, {})
        stated = known if named else ()
        record = Record(
            image=path,
            locator="",
            annotations=(
                *(named.get(label) or Annotation(Kind.CLASS, label) for label in stated),
                *once(self._shapes.get(image, [])),
            ),
            split=split,
            group=group,
            sha256=sha256,
            size_wh=None if width is None else (width, height),
        )
        file = Path(self._root, on_disk(path, path_bytes))
        return Outgoing(record, file, image in self._named, known)


def _joined(known: Annotation | None, item: Annotation) -> Annotation:
    """Return a class of the whole image with what several statements say of it; the earlier one counts."""
    if known is None:
        return Annotation(Kind.CLASS, item.label, None, item.attributes, "", item.confidence)
    confidence = item.confidence if known.confidence is None else known.confidence
    return replace(known, attributes={**item.attributes, **known.attributes}, confidence=confidence)


def once(shapes: Sequence[_Shape]) -> list[Annotation]:
    """Return shapes without those that another source or author gives too.

    These are of the same kind and class, and overlap by 0.9 or more. Of such the one of the higher rank
    stays, else of the earlier statement.
    """
    kept: list[_Shape] = []
    several = len({shape.sayer for shape in shapes}) > 1
    for shape in shapes:
        is_known = several and any(
            other.sayer != shape.sayer
            and other.item.kind is shape.item.kind
            and other.item.label == shape.item.label
            and same_place(shape.item.kind, other.item.geometry, shape.item.geometry, LEAST_OVERLAP)
            for other in kept
        )
        if not is_known:
            kept.append(shape)
    return [shape.item for shape in kept]


def _only(item: Outgoing, classes: frozenset[str]) -> Outgoing | None:
    annotations = tuple(one for one in item.record.annotations if one.label in classes)
    labels = tuple(label for label in item.labels if label in classes)
    if not annotations and not labels:
        return None
    return replace(item, record=replace(item.record, annotations=annotations), labels=labels)
