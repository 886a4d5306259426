"""`duplicates`: groups of images that show the same picture, which one to keep, and leaving out the others.

The groups are joined from equal files (sha256), equal pixels in other files, and near duplicates. Nothing is
deleted: what is left out has the status ``excluded``, as one command that can be undone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import UsageError
from labelprep.manifest import journal
from labelprep.manifest.images import notes_of
from labelprep.model.ranks import Rank
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.workflows import nearness
from labelprep.workflows.picture_sources import originals_of
from labelprep.workflows.reading import located

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress
    from labelprep.workflows.nearness import NearPair

EQUAL_PIXELS_LIKENESS: Final = 0.9995
BATCH: Final = 16
ASKED: Final = 500
COLUMNS: Final = "id, path, width_px, height_px, size_bytes, label, labels, split, sha256, pixel_sha256"


class Kind(StrEnum):
    """Why images are in one group; of several, the weakest."""

    FILE = "equal files"
    PIXELS = "equal pixels"
    NEAR = "near duplicates"


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group; ``by_person``: a person has labelled it."""

    image_id: int
    path: str
    width_px: int
    height_px: int
    size_bytes: int
    label: str | None
    labels: tuple[str, ...]
    split: str | None
    sha256: bytes
    pixel_sha256: bytes | None
    by_person: bool

    def as_json(self) -> dict[str, Any]:
        """Return what a program needs of it."""
        return {
            "path": self.path,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "size_bytes": self.size_bytes,
            "label": self.label,
            "labels": list(self.labels),
            "split": self.split,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Images that show the same; the first is the one to keep, and ``why``."""

    kind: Kind
    members: tuple[Member, ...]
    why: str

    @property
    def labels_differ(self) -> bool:
        """Whether labelled members have different labels."""
        return len({member.labels for member in self.members if member.labels}) > 1

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that members lie in."""
        return tuple(sorted({member.split for member in self.members if member.split is not None}))

    def as_json(self) -> dict[str, Any]:
        """Return the group under its contract names."""
        return {
            "kind": str(self.kind),
            "keep": self.members[0].path,
            "why": self.why,
            "labels_differ": self.labels_differ,
            "splits": list(self.splits),
            "images": [member.as_json() for member in self.members],
        }


@dataclass(frozen=True, slots=True)
class DuplicatesReport:
    """All groups, the largest first, and what was left out where that was asked for."""

    groups: tuple[Group, ...]
    radius: int
    excluded: int = 0
    left: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "groups": [group.as_json() for group in self.groups],
            "images": sum(len(group.members) for group in self.groups),
            "two_labels": [group.as_json() for group in self.groups if group.labels_differ],
            "kinds": {str(kind): sum(group.kind is kind for group in self.groups) for kind in Kind},
            "radius": self.radius,
            "excluded": self.excluded,
            "left": self.left,
        }


def find_duplicates(
    store: Store, progress: Progress, *, near: bool = True, exclude: bool = False
) -> DuplicatesReport:
    """Find the groups; with ``exclude`` leave out all but one of each whose labels agree.

    Raises: UsageError where there is no readable image.
    """
    count = store.connection.execute(
        f"SELECT count(*) FROM image WHERE {nearness.READABLE}"  # noqa: S608 - a constant
    ).fetchone()[0]
    if not count:
        raise UsageError("there is no readable image", where=str(store.path), fix="labelprep scan DIR")
    if near:
        nearness.search(store, progress=progress)
        _hash_pixels(store, progress)
    groups = _groups(store, near=near)
    radius = int(store.meta(nearness.RADIUS_KEY) or nearness.RADIUS) if near else 0
    if not exclude:
        return DuplicatesReport(groups, radius)
    agreeing = [group for group in groups if not group.labels_differ]
    excluded = _exclude(store, [member.image_id for group in agreeing for member in group.members[1:]])
    return DuplicatesReport(groups, radius, excluded=excluded, left=len(groups) - len(agreeing))


def look_for_duplicates(store: Store, progress: Progress) -> None:
    """Compare pictures that were not compared yet; where all were, that is one query."""
    if nearness.search(store, progress=progress):
        _hash_pixels(store, progress)


def known_duplicates(store: Store) -> tuple[Group, ...]:
    """Return the groups that are known already; no picture is read."""
    return _groups(store, near=True)


def _groups(store: Store, *, near: bool) -> tuple[Group, ...]:
    connection = store.connection
    of = nearness.known_groups(store) if near else _equal(connection)
    members: dict[int, list[int]] = defaultdict(list)
    for image, group in of.items():
        members[group].append(image)
    facts = _facts(connection, of)
    found = [_group([facts[image] for image in images]) for images in members.values()]
    return tuple(sorted(found, key=lambda group: (-len(group.members), group.members[0].path)))


def _equal(connection: sqlite3.Connection) -> dict[int, int]:
    """Return of each image that has an equal file the smallest id of its group."""
    rows = connection.execute(
        f"""
        SELECT id, first FROM (
            SELECT id, min(id) OVER content AS first, count(*) OVER content AS number FROM image
            WHERE {nearness.READABLE} WINDOW content AS (PARTITION BY sha256)
        ) WHERE number > 1 ORDER BY id
        """  # noqa: S608 - a constant
    )
    return dict(rows.fetchall())


def _facts(connection: sqlite3.Connection, images: Iterable[int]) -> dict[int, Member]:
    wanted = sorted(images)
    found: dict[int, Member] = {}
    for at in range(0, len(wanted), ASKED):
        part = wanted[at : at + ASKED]
        marks = ",".join("?" * len(part))
        rows = connection.execute(
            f"SELECT {COLUMNS}, label_source = 'person' OR EXISTS (SELECT 1 FROM statement "  # noqa: S608 - constants
            "JOIN source ON source.id = source_id WHERE image_id = image.id AND removed_by IS NULL "
            f"AND source.rank = ?) FROM image WHERE id IN ({marks})",
            (int(Rank.PERSON), *part),
        )
        for row in rows:
            found[row[0]] = _member(row)
    return found


def _member(row: Sequence[Any]) -> Member:
    return Member(
        image_id=row[0],
        path=row[1],
        width_px=row[2],
        height_px=row[3],
        size_bytes=row[4],
        label=row[5],
        labels=tuple(notes_of(row[6])),
        split=row[7],
        sha256=row[8],
        pixel_sha256=row[9],
        by_person=bool(row[10]),
    )


def _group(members: Sequence[Member]) -> Group:
    """Order a group, the one to keep first, and say why it is that one."""
    ordered = sorted(members, key=_worth)
    best, second = ordered[0], ordered[1]
    hashes = {member.sha256 for member in ordered}
    pixels = {member.pixel_sha256 or member.sha256 for member in ordered}
    kind = Kind.FILE if len(hashes) == 1 else Kind.PIXELS if len(pixels) == 1 else Kind.NEAR
    return Group(kind, tuple(ordered), _why(best, second))


def _worth(member: Member) -> tuple[bool, bool, int, int, int, str]:
    """Return a key that puts first a person's word, then a label, pixels, bytes, a short path."""
    return (
        not member.by_person,
        not member.labels,
        -member.width_px * member.height_px,
        -member.size_bytes,
        len(member.path),
        member.path,
    )


def _why(best: Member, second: Member) -> str:
    reasons = (
        "a person labelled it",
        "it has a label",
        "it has the most pixels",
        "it is the least compressed",
        "its path is the shortest",
        "its path is the first",
    )
    pairs = zip(_worth(best), _worth(second), reasons, strict=True)
    return next(reason for one, other, reason in pairs if one != other)


def _hash_pixels(store: Store, progress: Progress) -> None:
    """Hash the pixels of near pairs of one size that look equal, as far as that was not done."""
    images = sorted(
        {
            image
            for pair in nearness.known_pairs(store)
            if _may_be_equal(pair)
            for image in (pair.left, pair.right)
        }
    )
    originals = originals_of(store, images)
    sizes = _sizes(store.connection, originals)
    paired = {
        image
        for pair in nearness.known_pairs(store)
        if _may_be_equal(pair) and pair.left in sizes and sizes.get(pair.left) == sizes.get(pair.right)
        for image in (pair.left, pair.right)
    }
    todo = [image for image in sorted(paired) if image in originals and not sizes[image][2]]
    if not todo or not store.writable:
        return
    paths = {image: located(store.root, originals[image].path, originals[image].path_bytes) for image in todo}
    parts = [todo[at : at + BATCH] for at in range(0, len(todo), BATCH)]
    batches = (Batch(number, [paths[image] for image in part]) for number, part in enumerate(parts))
    rows = []
    with LocalEngine() as engine, progress.track("comparing pixels", len(todo)) as bar:
        for done in engine.run(batches, Work("content", {})):
            for image, result in zip(parts[done.number], done.results, strict=True):
                value = result.value
                if value.get("pixels") and value.get("sha256") == originals[image].sha256.hex():
                    rows.append((bytes.fromhex(value["pixels"]), originals[image].sha256))
            bar.advance(len(done.results))
    with store.writing() as connection:
        connection.executemany("UPDATE image SET pixel_sha256 = ? WHERE sha256 = ?", rows)


def _may_be_equal(pair: NearPair) -> bool:
    return pair.distance == 0 and pair.likeness >= EQUAL_PIXELS_LIKENESS


def _sizes(connection: sqlite3.Connection, images: Mapping[int, object]) -> dict[int, tuple[int, int, bool]]:
    """Return upright width and height of images, and whether their pixels were hashed."""
    found = {}
    for image in images:
        width, height, hashed = connection.execute(
            "SELECT width_px, height_px, pixel_sha256 IS NOT NULL FROM image WHERE id = ?", (image,)
        ).fetchone()
        found[image] = (width, height, bool(hashed))
    return found


def _exclude(store: Store, images: Sequence[int]) -> int:
    """Leave images out, as one command."""
    if not images:
        return 0
    with store.writing() as connection:
        command = journal.begin(connection, "duplicates --exclude", {"images": len(images)})
        for image in images:
            journal.set_value(connection, command, ("image", image, "status"), "excluded")
    return len(images)
