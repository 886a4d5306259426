"""Which images show the same picture: searched once, looked at twice, kept with the manifest.

Fingerprints within a radius are candidates; a second look at small versions of the pictures decides. What was
compared is kept (``near_seen``), with what turned out to be the same (``near_pair``), by content: a later
search looks at what is new only, and moved or renamed files cost nothing.

Where pictures are so alike that their fingerprints say little (drawn digits, say), the radius is small and
the second look strict, or everything would be near everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.fingerprints import FINGERPRINT_BYTES, FINGERPRINT_VERSION
from labelprep.pixels.likeness import GRID_BYTES, GRID_SHAPE, likeness
from labelprep.pixels.neighbours import NEAR_BITS, Search, collapsed, components, near_pairs
from labelprep.progress import Silent
from labelprep.workflows.picture_sources import PictureSources, originals_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

RADIUS: Final = NEAR_BITS
DENSE_RADIUS: Final = 4
"""Of 128 bits, where a picture has more than `DENSE_NEIGHBOURS` others within the usual radius."""
DENSE_NEIGHBOURS: Final = 8.0
ASKED: Final = 512
LEAST_MASKED: Final = 0.985
LEAST_WHOLE_DENSE: Final = 0.995
MOST_COLOUR: Final = 12.0
NEAR_LEVEL: Final = 1
SHA256_BYTES: Final = 32
LOOK_VERSION: Final = 1
BATCH: Final = 64
PAIRS_AT_ONCE: Final = 4_096
CONTENTS_AT_ONCE: Final = 20_000
RADIUS_KEY: Final = "near_radius"
READABLE: Final = "status IN ('ok', 'damaged') AND sha256 IS NOT NULL AND fingerprint IS NOT NULL"


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two images, by id, that show the same: the bits of 128 that differ, and how alike they are, 0-1."""

    left: int
    right: int
    distance: int
    likeness: float


@dataclass(frozen=True, slots=True)
class _Contents:
    """The distinct contents in the order of their hashes: (n, 32) and (n, 24) uint8, and an image of each."""

    hashes: npt.NDArray[np.uint8]
    fingerprints: npt.NDArray[np.uint8]
    images: npt.NDArray[np.int64]


def near_groups(
    store: Store, *, progress: Progress | None = None, workers: int | None = None
) -> dict[int, int]:
    """Return of each image that is like another one the smallest image id of its group.

    Groups are joined by equal content and by near pictures; an image alone is left out. Searches what was not
    compared yet, and keeps it. Not inside `Store.writing`.
    """
    search(store, progress=progress, workers=workers)
    return known_groups(store)


def known_groups(store: Store) -> dict[int, int]:
    """Return the same from what is known already; nothing is read but the manifest."""
    rows = store.connection.execute(
        f"SELECT id, sha256 FROM image WHERE {READABLE} ORDER BY id"  # noqa: S608 - a constant
    ).fetchall()
    if not rows:
        return {}
    place: dict[bytes, int] = {}
    own = np.empty(len(rows), np.int64)
    for number, (_, content) in enumerate(rows):
        own[number] = place.setdefault(content, number)
    pairs = [
        (place[left], place[right])
        for left, right, _, _ in _stored(store.connection)
        if left in place and right in place
    ]
    left = np.array([pair[0] for pair in pairs], np.int64)
    right = np.array([pair[1] for pair in pairs], np.int64)
    joined = components(len(rows), np.concatenate([own, left]), np.concatenate([np.arange(len(rows)), right]))
    sizes = np.bincount(joined, minlength=len(rows))
    ids = [row[0] for row in rows]
    return {ids[number]: ids[joined[number]] for number in np.flatnonzero(sizes[joined] > 1).tolist()}


def known_pairs(store: Store) -> list[NearPair]:
    """Return the near pairs that are known, one per pair of contents, the smallest ids, sorted."""
    smallest = _smallest(store.connection)
    found = [
        NearPair(min(smallest[left], smallest[right]), max(smallest[left], smallest[right]), distance, alike)
        for left, right, distance, alike in _stored(store.connection)
        if left in smallest and right in smallest
    ]
    return sorted(found, key=lambda pair: (pair.left, pair.right))


def pairs_known(store: Store) -> bool:
    """Tell whether every readable content was compared with all others."""
    radius = store.meta(RADIUS_KEY)
    if radius is None:
        contents = store.connection.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT sha256 FROM image WHERE {READABLE} LIMIT 2)"  # noqa: S608 - a constant
        ).fetchone()[0]
        return int(contents) < 2  # noqa: PLR2004 - a pair
    unseen = store.connection.execute(
        f"""
        SELECT EXISTS (
            SELECT 1 FROM image WHERE {READABLE} AND NOT EXISTS (
                SELECT 1 FROM near_seen WHERE near_seen.sha256 = image.sha256 AND way = ?
            )
        )
        """,  # noqa: S608 - a constant
        (_way(int(radius)),),
    ).fetchone()[0]
    return not unseen


def search(store: Store, *, progress: Progress | None = None, workers: int | None = None) -> int:
    """Compare all contents that were not compared yet; return how many pairs were looked at twice."""
    progress = progress or Silent()
    if pairs_known(store) or not store.writable:
        return 0
    contents = _contents(store.connection)
    if len(contents.images) < 2:  # noqa: PLR2004 - a pair
        return 0
    with progress.track("comparing fingerprints", None):
        radius = _radius(contents.fingerprints)
        pairs = near_pairs(contents.fingerprints, radius)
    seen = _seen(store.connection, contents, _way(radius))
    todo = np.flatnonzero(~(seen[pairs.left] & seen[pairs.right]))
    left, right, distance = pairs.left[todo], pairs.right[todo], pairs.distance[todo]
    look = _Look(store, contents, progress, workers)
    found = list(look.at(left, right, distance, is_dense=radius < RADIUS)) if len(todo) else []
    _keep(store, contents, found, radius)
    return len(todo)


def _way(radius: int) -> str:
    """Return how contents were compared: another way has to compare them again."""
    return f"{FINGERPRINT_VERSION}.{LOOK_VERSION}/{radius}"


def _contents(connection: sqlite3.Connection) -> _Contents:
    rows = connection.execute(
        f"SELECT sha256, fingerprint, min(id) FROM image WHERE {READABLE} GROUP BY sha256 ORDER BY sha256"  # noqa: S608 - a constant
    ).fetchall()
    rows = [row for row in rows if len(row[1]) == FINGERPRINT_BYTES and row[1][0] == FINGERPRINT_VERSION]
    hashes = np.frombuffer(b"".join(row[0] for row in rows), np.uint8).reshape(-1, SHA256_BYTES)
    prints = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(-1, FINGERPRINT_BYTES)
    return _Contents(hashes, prints[:, 1:], np.array([row[2] for row in rows], np.int64))


def _radius(fingerprints: npt.NDArray[np.uint8]) -> int:
    """Return the usual radius, or the small one where pictures have many others within the usual one.

    Asks some of the distinct fingerprints, spread over all.
    """
    distinct = fingerprints[collapsed(fingerprints)[0]]
    if len(distinct) < 2:  # noqa: PLR2004 - a pair
        return RADIUS
    sample = distinct[:: max(len(distinct) // ASKED, 1)][:ASKED]
    most = int(DENSE_NEIGHBOURS * len(sample)) + len(sample)
    found = 0
    for pairs in Search(distinct, RADIUS).pairs_with(sample):
        found += len(pairs)
        if found > most:
            return DENSE_RADIUS
    return RADIUS


def _seen(connection: sqlite3.Connection, contents: _Contents, way: str) -> npt.NDArray[np.bool_]:
    """Return of each content whether it was compared with the others that were."""
    known = {row[0] for row in connection.execute("SELECT sha256 FROM near_seen WHERE way = ?", (way,))}
    return np.fromiter((row.tobytes() in known for row in contents.hashes), np.bool_, len(contents.hashes))


def known_way(store: Store) -> str | None:
    """Return the way of the pairs in ``near_pair`` that count, if anything was compared."""
    radius = store.meta(RADIUS_KEY)
    return None if radius is None else _way(int(radius))


def _stored(connection: sqlite3.Connection) -> Iterator[tuple[bytes, bytes, int, float]]:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (RADIUS_KEY,)).fetchone()
    if row is not None:
        yield from connection.execute(
            "SELECT left_sha256, right_sha256, distance, likeness FROM near_pair WHERE level = ? AND way = ?",
            (NEAR_LEVEL, _way(int(row[0]))),
        )


def _smallest(connection: sqlite3.Connection) -> dict[bytes, int]:
    rows = connection.execute(
        f"SELECT sha256, min(id) FROM image WHERE {READABLE} GROUP BY sha256"  # noqa: S608 - a constant
    )
    return dict(rows.fetchall())


Same = tuple[int, int, int, float]


class _Look:
    """The second look: pairs of candidates, taken apart by what their pictures show."""

    def __init__(self, store: Store, contents: _Contents, progress: Progress, workers: int | None) -> None:
        self.store = store
        self.contents = contents
        self.progress = progress
        self.workers = workers

    def at(
        self,
        left: npt.NDArray[np.int64],
        right: npt.NDArray[np.int64],
        distance: npt.NDArray[np.uint8],
        *,
        is_dense: bool,
    ) -> Iterator[Same]:
        """Yield the pairs that show the same, as content numbers with distance and likeness.

        Pairs are sorted by their left one, so some thousand contents at a time are held as grids.
        """
        start = 0
        with (
            LocalEngine(workers=self.workers) as engine,
            self.progress.track("looking twice", len(left)) as bar,
        ):
            while start < len(left):
                end = _end_of_block(left, right, start)
                numbers = np.unique(np.concatenate([left[start:end], right[start:end]]))
                grids, has = self._grids(engine, numbers)
                for at in range(start, end, PAIRS_AT_ONCE):
                    part = slice(at, min(at + PAIRS_AT_ONCE, end))
                    places = [np.searchsorted(numbers, side[part]) for side in (left, right)]
                    found = likeness(grids[places[0]], grids[places[1]])
                    alike = found.whole if is_dense else found.masked
                    least = LEAST_WHOLE_DENSE if is_dense else LEAST_MASKED
                    same = (alike >= least) & (found.colour <= MOST_COLOUR) & has[places[0]] & has[places[1]]
                    for number in np.flatnonzero(same).tolist():
                        yield (
                            int(left[at + number]),
                            int(right[at + number]),
                            int(distance[at + number]),
                            round(float(alike[number]), 4),
                        )
                bar.advance(end - start)
                start = end

    def _grids(
        self, engine: LocalEngine, numbers: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Return (n, 16, 16, 3) uint8 of these contents, and whether each could be had."""
        images = self.contents.images[numbers].tolist()
        originals = originals_of(self.store, images)
        sources = PictureSources(self.store, self.progress, self.workers).at_hand(list(originals.values()))
        wanted = [
            (place, sources[originals[image].sha256])
            for place, image in enumerate(images)
            if image in originals
        ]
        parts = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
        grids = np.zeros((len(images), GRID_BYTES), np.uint8)
        has = np.zeros(len(images), np.bool_)
        batches = (
            Batch(number, [source.as_json() for _, source in part]) for number, part in enumerate(parts)
        )
        for done in engine.run(batches, Work("grid", {"cache": str(self.store.cache)})):
            for (place, _), result in zip(parts[done.number], done.results, strict=True):
                if result.payload:
                    grids[place] = np.frombuffer(result.payload, np.uint8)
                    has[place] = True
        return grids.reshape(-1, *GRID_SHAPE), has


def _end_of_block(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], start: int) -> int:
    """Return up to which pair not too many contents take part, at least one pair further."""
    end = min(start + CONTENTS_AT_ONCE // 2, len(left))
    while end < len(left):
        further = min(end + CONTENTS_AT_ONCE // 2, len(left))
        if len(np.unique(np.concatenate([left[start:further], right[start:further]]))) > CONTENTS_AT_ONCE:
            break
        end = further
    return end


def _keep(store: Store, contents: _Contents, found: Sequence[Same], radius: int) -> None:
    """Keep what was compared and what is the same, in one transaction."""
    way = _way(radius)
    hashes = contents.hashes
    rows = [
        (hashes[left].tobytes(), hashes[right].tobytes(), NEAR_LEVEL, way, distance, alike)
        for left, right, distance, alike in found
    ]
    with store.writing() as connection:
        connection.executemany("INSERT OR REPLACE INTO near_pair VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.executemany(
            "INSERT OR IGNORE INTO near_seen VALUES (?, ?)", ((row.tobytes(), way) for row in hashes)
        )
        store.set_meta(RADIUS_KEY, str(radius))
