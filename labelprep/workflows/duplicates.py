"""`duplicates`: groups of images that show the same picture, which one to keep, and excluding the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import UsageError
from labelprep.manifest import journal
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.neighbours import components
from labelprep.progress import Progress, Silent
from labelprep.workflows.contents import RADIUS
from labelprep.workflows.limits import limits_of
from labelprep.workflows.nearness import NEAR, NearPair, known_pairs, search
from labelprep.workflows.reading import located
from labelprep.workflows.views import CROP, TURN, search_views

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from labelprep.manifest.store import Store

EQUAL_BITS: Final = 6
"""Pictures of equal pixels, decoded at different sizes, differ by so many bits at most."""
BATCH: Final = 16


class Kind(StrEnum):
    """How one image is a duplicate of the one to keep."""

    FILE = "equal file"
    PIXELS = "equal pixels"
    NEAR = "near"
    CROP = "crop"
    TURNED = "turned"


_ORDER: Final = (Kind.FILE, Kind.PIXELS, Kind.NEAR, Kind.CROP, Kind.TURNED)
_LEVELS: Final = {NEAR: Kind.NEAR, CROP: Kind.CROP, TURN: Kind.TURNED}


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group; ``distance`` in bits to the one to keep, None where others lie between."""

    image_id: int
    path: str
    label: str | None
    labels: str
    split: str | None
    width_px: int
    height_px: int
    size_bytes: int
    by_person: bool
    kind: Kind | None = None
    distance: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what a program wants to know."""
        return {
            "path": self.path,
            "label": self.label,
            "split": self.split,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "size_bytes": self.size_bytes,
            "kind": self.kind,
            "distance": self.distance,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Images that show one picture: the one to keep first, the others in path order."""

    kind: Kind
    reason: str
    members: tuple[Member, ...]

    @property
    def keep(self) -> Member:
        """The image to keep."""
        return self.members[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """The different labels of those that have one, as JSON lists."""
        return tuple(sorted({member.labels for member in self.members if member.labels != "[]"}))

    @property
    def splits(self) -> tuple[str, ...]:
        """The different splits of its images."""
        return tuple(sorted({member.split for member in self.members if member.split}))

    def as_json(self) -> dict[str, Any]:
        """Return the group under its contract names."""
        return {
            "kind": self.kind,
            "keep": self.keep.path,
            "reason": self.reason,
            "two_labels": len(self.labels) > 1,
            "splits": list(self.splits),
            "images": [member.as_json() for member in self.members],
        }


@dataclass(frozen=True, slots=True)
class DuplicatesReport:
    """What was found; ``left`` are groups that were not excluded because their labels differ."""

    groups: tuple[Group, ...]
    images: int
    radius: int
    excluded: int = 0
    left: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Groups by kind."""
        found = {str(kind): sum(group.kind is kind for group in self.groups) for kind in Kind}
        return {kind: number for kind, number in found.items() if number}

    @property
    def surplus(self) -> int:
        """How many images are not to keep."""
        return sum(len(group.members) - 1 for group in self.groups)

    @property
    def two_labels(self) -> tuple[Group, ...]:
        """The groups of one picture with different labels."""
        return tuple(group for group in self.groups if len(group.labels) > 1)

    @property
    def across(self) -> int:
        """How many groups lie in more than one split."""
        return sum(len(group.splits) > 1 for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "images": self.images,
            "radius": self.radius,
            "groups": [group.as_json() for group in self.groups],
            "counts": self.counts,
            "surplus": self.surplus,
            "across_splits": self.across,
            "two_labels": [group.as_json() for group in self.two_labels],
            "excluded": self.excluded,
            "left": self.left,
        }


def find_duplicates(
    store: Store,
    *,
    near: int = RADIUS,
    views: Sequence[int] = (),
    progress: Progress | None = None,
    workers: int | None = None,
) -> DuplicatesReport:
    """Return the groups, those of the most images first.

    ``near``: how many bits of 128 two fingerprints may differ; 0 to 13. Those of equal pixels count at any,
    for they may differ by some bits where pictures were decoded reduced. ``views``: `CROP` and `TURN`, where
    parts and turned copies count too.
    Raises: UsageError for another radius.
    """
    if not 0 <= near <= RADIUS:
        raise UsageError(f"--near {near} is not in 0 to {RADIUS}", fix=f"give a number from 0 to {RADIUS}")
    shown = progress or Silent()
    if store.writable:
        search(store, progress=shown, workers=workers)
        for level in views:
            search_views(store, level, progress=shown, workers=workers)
        _hash_pixels(store, shown, workers)
    pixels = _pixel_hashes(store)
    pairs = {
        level: [
            pair
            for pair in known_pairs(store, level)
            if pair.distance <= near or pixels.get(pair.left, b"") == pixels.get(pair.right)
        ]
        for level in (NEAR, *sorted(views))
    }
    images = store.connection.execute(
        "SELECT count(*) FROM image WHERE status IN ('ok', 'damaged')"
    ).fetchone()[0]
    groups = sorted(_groups(store, pairs), key=lambda group: (-len(group.members), group.keep.path))
    return DuplicatesReport(tuple(groups), images, near)


def look_for_duplicates(store: Store, progress: Progress) -> None:
    """Compare pictures that were not compared yet, where the manifest can keep it; else that is one query.

    Raises: ManifestError where another process is writing to the manifest.
    """
    if store.writable and search(store, progress=progress):
        _hash_pixels(store, progress, None)


def known_duplicates(store: Store) -> list[Group]:
    """Return the groups that are known already, those of the most images first; no picture is read."""
    return sorted(
        _groups(store, {NEAR: known_pairs(store)}), key=lambda group: (-len(group.members), group.keep.path)
    )


def exclude(store: Store, report: DuplicatesReport) -> tuple[int, int]:
    """Exclude all but the one to keep, as one undoable command; return images excluded and groups left.

    A group whose labels differ is left as it is: which of them is right is for a person to say.
    """
    chosen = [group for group in report.groups if len(group.labels) <= 1]
    ids = sorted(member.image_id for group in chosen for member in group.members[1:])
    if ids:
        with store.writing() as connection:
            command = journal.begin(connection, "duplicates --exclude", {"images": len(ids)})
            for identifier in ids:
                journal.set_value(connection, command, ("image", identifier, "status"), "excluded")
    return len(ids), len(report.groups) - len(chosen)


def _groups(store: Store, pairs: dict[int, list[NearPair]]) -> Iterator[Group]:
    """Yield the groups that equal contents and pairs join; ``pairs`` by level, the lowest first."""
    members = {member.image_id: member for member in _members(store.connection)}
    hashes = {
        row[0]: (row[1], row[2])
        for row in store.connection.execute(
            "SELECT id, sha256, pixel_sha256 FROM image WHERE status IN ('ok', 'damaged')"
        )
    }
    first: dict[bytes, int] = {}
    joins = [(first.setdefault(sha256, identifier), identifier) for identifier, (sha256, _) in hashes.items()]
    bits: dict[tuple[int, int], tuple[Kind, int]] = {}
    found: dict[Kind, npt.NDArray[np.int64]] = {}
    for level, some in pairs.items():
        joins += [(pair.left, pair.right) for pair in some]
        left, right = np.array(joins, np.int64).reshape(-1, 2).T
        found[_LEVELS[level]] = components(max(hashes, default=0) + 1, left, right)
        for pair in some:
            bits.setdefault((pair.left, pair.right), (_LEVELS[level], pair.distance))
    joined = found[_LEVELS[max(pairs)]]
    by_component: dict[int, list[Member]] = {}
    for identifier in hashes:
        by_component.setdefault(int(joined[identifier]), []).append(members[identifier])
    how = _How(hashes, first, bits, found)
    for together in by_component.values():
        if len(together) > 1:
            yield _group(together, how)


def _pixel_hashes(store: Store) -> dict[int, bytes]:
    """Return the hash of the pixels by image, of those that were hashed."""
    query = "SELECT id, pixel_sha256 FROM image WHERE pixel_sha256 IS NOT NULL"
    return dict(store.connection.execute(query).fetchall())


def _members(connection: sqlite3.Connection) -> Iterator[Member]:
    rows = connection.execute(
        """
        SELECT id, path, label, labels, split, width_px, height_px, size_bytes, label_source = 'person'
        FROM image WHERE status IN ('ok', 'damaged') ORDER BY id
        """
    )
    for row in rows:
        yield Member(*(*row[:8], bool(row[8])))


@dataclass(frozen=True, slots=True)
class _How:
    """What tells how two images are duplicates.

    ``hashes``: of each image, of the file and of the pixels. ``first``: the image that stands for a content.
    ``bits``: of pairs of these, kind and distance. ``joined``: by kind, the component of each image where
    that kind and those before it join, the strictest first.
    """

    hashes: dict[int, tuple[bytes, bytes | None]]
    first: dict[bytes, int]
    bits: dict[tuple[int, int], tuple[Kind, int]]
    joined: dict[Kind, npt.NDArray[np.int64]]

    def told(self, keep: int, other: int) -> tuple[Kind, int | None]:
        """Return the kind and the bits that differ, None where only others lie between the two."""
        mine, its = self.hashes[keep], self.hashes[other]
        if mine[0] == its[0]:
            return Kind.FILE, 0
        ends = sorted((self.first[mine[0]], self.first[its[0]]))
        together = next(kind for kind, of in self.joined.items() if of[keep] == of[other])
        kind, distance = self.bits.get((ends[0], ends[1]), (together, None))
        if mine[1] is not None and mine[1] == its[1]:
            kind = Kind.PIXELS
        return kind, distance


def _group(together: Sequence[Member], how: _How) -> Group:
    """Put the one to keep first and say of each other how it is its duplicate."""
    ordered = sorted(together, key=_worth)
    keep = ordered[0]
    others = [
        _as(member, *how.told(keep.image_id, member.image_id))
        for member in sorted(ordered[1:], key=lambda member: member.path)
    ]
    kinds = [member.kind for member in others if member.kind is not None]
    return Group(max(kinds, key=_ORDER.index), _reason(keep, ordered[1]), (keep, *others))


def _as(member: Member, kind: Kind, distance: int | None) -> Member:
    return Member(
        member.image_id, member.path, member.label, member.labels, member.split, member.width_px,
        member.height_px, member.size_bytes, member.by_person, kind, distance,
    )  # fmt: skip


def _worth(member: Member) -> tuple[bool, bool, int, int, int, str]:
    """Return what images are kept by, the best first."""
    pixels = member.width_px * member.height_px
    return (
        member.labels == "[]",
        not member.by_person,
        -pixels,
        -member.size_bytes,
        len(member.path),
        member.path,
    )


def _reason(keep: Member, other: Member) -> str:
    """Say by what the one to keep is better than the next best."""
    reasons = (
        "it has a label",
        "a person labelled it",
        "it has the most pixels",
        "it is compressed least",
        "its path is the shortest",
        "its path is the first",
    )
    pairs = zip(reasons, _worth(keep), _worth(other), strict=True)
    return next(reason for reason, mine, its in pairs if mine != its)


def _hash_pixels(store: Store, progress: Progress, workers: int | None) -> None:
    """Hash the pixels of contents that may have equal ones: near pairs of the same size."""
    rows = store.connection.execute(
        """
        SELECT DISTINCT one.id, one.path, one.path_bytes, one.sha256 FROM near_pair
        JOIN image AS one ON one.sha256 IN (left_sha256, right_sha256)
        JOIN image AS two ON two.sha256 IN (left_sha256, right_sha256) AND two.sha256 <> one.sha256
        WHERE level = ? AND distance <= ? AND one.width_px = two.width_px AND one.height_px = two.height_px
            AND one.status IN ('ok', 'damaged') AND two.status IN ('ok', 'damaged')
            AND one.pixel_sha256 IS NULL
        ORDER BY one.id
        """,
        (NEAR, EQUAL_BITS),
    ).fetchall()
    todo = list({row[3]: row for row in rows}.values())
    if not todo:
        return
    parts = [todo[at : at + BATCH] for at in range(0, len(todo), BATCH)]
    batches = (
        Batch(at, [located(store.root, path, raw) for _, path, raw, _ in part])
        for at, part in enumerate(parts)
    )
    with LocalEngine(workers=workers) as engine, progress.track("hashing pixels", len(todo)) as bar:
        for done in engine.run(batches, Work("digest", limits_of(store).as_options())):
            found = [
                (bytes.fromhex(result.value["pixel_sha256"]), row[3])
                for row, result in zip(parts[done.number], done.results, strict=True)
                if result.value.get("pixel_sha256") and result.value["sha256"] == row[3].hex()
            ]
            with store.writing() as connection:
                connection.executemany("UPDATE image SET pixel_sha256 = ? WHERE sha256 = ?", found)
            bar.advance(len(parts[done.number]))
