"""Which images show the same picture: searched once, kept in the manifest, and there for splits and checks.

::

    fingerprints ─▶ near pairs, exactly ─▶ thumbnails of these, each read once ─▶ near_pair, near_search

Pairs are kept by content, so that moving, renaming and labelling images changes nothing. Contents that were
not compared yet are compared with all others; what is known is not searched again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.pixels.fingerprints import FINGERPRINT_BYTES
from labelprep.pixels.likeness import is_flat, judged
from labelprep.pixels.neighbours import Pairs, Search, collapsed, components
from labelprep.progress import Progress, Silent
from labelprep.workflows.contents import (
    COMPARED,
    RADIUS,
    RADIUS_KEY,
    Contents,
    Thumbnails,
    record,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from labelprep.manifest.store import Store

NEAR: Final = 1
DENSE_RADIUS: Final = 4
"""The radius where pictures are so alike (drawn digits, say) that the usual one says little of them."""
DENSE_NEIGHBOURS: Final = 8
"""Others within the usual radius, in the mean of distinct fingerprints, from which on that is so."""
ASKED: Final = 512
MANY: Final = 100_000
"""Fingerprints from which on a search takes so long that it is told."""
ALL_PAIRS_OF: Final = 64

Numbers = "npt.NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two images that show the same: their ids, bits that differ, and how alike they are (0-1)."""

    left: int
    right: int
    distance: int
    likeness: float


def near_groups(
    store: Store, *, progress: Progress | None = None, workers: int | None = None
) -> dict[int, int]:
    """Return the component of each image that shows what another shows: the smallest image id in it.

    Compares first what was not compared yet. Images that are alone in their component are left out.

    Raises: ManifestError where something is to be searched and the manifest cannot be written.
    """
    search(store, progress=progress, workers=workers)
    return known_groups(store)


def pairs_known(store: Store, level: int = NEAR) -> bool:
    """Tell whether every readable content was compared with all others."""
    row = store.connection.execute(
        f"""
        SELECT EXISTS (SELECT 1 FROM image WHERE status IN {COMPARED} AND fingerprint IS NOT NULL
            AND sha256 NOT IN (SELECT sha256 FROM near_search WHERE level = ? AND version = ?))
        """,  # noqa: S608 - a constant
        (level, version_of(store)),
    ).fetchone()
    return not row[0]


def known_groups(store: Store) -> dict[int, int]:
    """Return what `near_groups` does, from what is known already: nothing is searched."""
    rows = store.connection.execute(
        "SELECT id, min(id) OVER (PARTITION BY sha256) FROM image "
        "WHERE status IN ('ok', 'damaged') AND sha256 IS NOT NULL ORDER BY id"
    ).fetchall()
    if not rows:
        return {}
    ids, firsts = np.array(rows, np.int64).T
    pairs = known_pairs(store)
    left = np.concatenate([firsts, np.array([pair.left for pair in pairs], np.int64)])
    right = np.concatenate([ids, np.array([pair.right for pair in pairs], np.int64)])
    found = components(int(ids[-1]) + 1, left, right)[ids]
    counts = np.bincount(found)
    shared = counts[found] > 1
    return dict(zip(ids[shared].tolist(), found[shared].tolist(), strict=True))


def known_pairs(store: Store, level: int = NEAR) -> list[NearPair]:
    """Return the pairs of a level that are known, one for two contents, by the smallest ids, sorted."""
    rows = store.connection.execute(
        """
        WITH content AS (
            SELECT sha256, min(id) AS id FROM image WHERE status IN ('ok', 'damaged') GROUP BY sha256
        )
        SELECT min(one.id, two.id), max(one.id, two.id), distance, likeness FROM near_pair
        JOIN content AS one ON one.sha256 = left_sha256 JOIN content AS two ON two.sha256 = right_sha256
        WHERE level = ? AND version = ? ORDER BY 1, 2
        """,
        (level, version_of(store)),
    )
    return [NearPair(*row) for row in rows]


def search(store: Store, *, progress: Progress | None = None, workers: int | None = None) -> int:
    """Compare the contents that were not compared yet with all; return how many there were.

    A picture that cannot be read any more is told, and compared once it can.
    """
    shown = progress or Silent()
    if pairs_known(store):
        return 0
    if store.meta(RADIUS_KEY) != str(radius := _radius(store)):
        with store.writing():
            store.set_meta(RADIUS_KEY, str(radius))
    contents = Contents(store, NEAR)
    with Thumbnails(contents, shown, workers) as thumbnails:
        found = list(_confirmed(contents, thumbnails, shown))
        lost = thumbnails.lost
    record(store, contents, NEAR, found, lost)
    if lost:
        shown.say(f"{len(lost):,} pictures could not be read to be compared: run `labelprep scan` again.")
    return len(contents.fresh)


def _radius(store: Store) -> int:
    """Return the usual radius, or the small one where fingerprints have many others within the usual one.

    Asks some of the distinct fingerprints, spread over all.
    """
    rows = store.connection.execute(
        f"""
        SELECT DISTINCT fingerprint FROM image
        WHERE status IN {COMPARED} AND length(fingerprint) = ? ORDER BY fingerprint
        """,  # noqa: S608 - a constant
        (FINGERPRINT_BYTES,),
    )
    packed = b"".join(row[0][1:] for row in rows)
    distinct = np.frombuffer(packed, np.uint8).reshape(-1, FINGERPRINT_BYTES - 1)
    sample = distinct[:: max(len(distinct) // ASKED, 1)][:ASKED]
    left = (DENSE_NEIGHBOURS + 1) * len(sample)
    for pairs in Search(distinct, RADIUS).pairs_with(sample) if len(distinct) else ():
        left -= len(pairs)
        if left < 0:
            return DENSE_RADIUS
    return RADIUS


def _confirmed(
    contents: Contents, thumbnails: Thumbnails, progress: Progress
) -> Iterator[tuple[int, int, int, float]]:
    """Yield the pairs of contents that are the same at the second look, at least one of each to be compared.

    Of contents with equal fingerprints and equal thumbnails, each is paired with the first alone.
    """
    first, group = collapsed(contents.fingerprints)
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=len(first)))
    members = _Members(order, ends, contents.is_fresh)
    for number in np.flatnonzero(members.sizes > 1).tolist():
        yield from _equal(members.of(number), contents, thumbnails)
    if len(first) >= MANY:
        progress.say(f"Searching near pairs among {len(first):,} fingerprints.")
    for pairs in _near_fingerprints(contents.fingerprints[first], members.has_fresh, contents.radius):
        left, right, distance = members.crossed(pairs)
        yield from _same(left, right, distance, contents, thumbnails)


@dataclass(frozen=True, slots=True)
class _Members:
    """The contents of each distinct fingerprint: ``order`` cut at ``ends``."""

    order: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    is_fresh: npt.NDArray[np.bool_]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many contents each fingerprint has."""
        return np.diff(self.ends, prepend=0)

    @property
    def has_fresh(self) -> npt.NDArray[np.bool_]:
        """Whether any content of a fingerprint is to be compared."""
        counted = np.concatenate([[0], np.cumsum(self.is_fresh[self.order])])
        return np.asarray(np.diff(counted[np.concatenate([[0], self.ends])]) > 0)

    def of(self, number: int) -> npt.NDArray[np.int64]:
        """Return the contents of one fingerprint, in order."""
        start = int(self.ends[number - 1]) if number else 0
        return self.order[start : int(self.ends[number])]

    def crossed(
        self, pairs: Pairs
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Turn pairs of fingerprints into pairs of contents, each of one with each of the other."""
        sizes = self.sizes
        plain = (sizes[pairs.left] == 1) & (sizes[pairs.right] == 1)
        starts = self.ends - sizes
        left = [self.order[starts[pairs.left[plain]]]]
        right = [self.order[starts[pairs.right[plain]]]]
        distance = [pairs.distance[plain].astype(np.int64)]
        for one, two, bits in zip(
            pairs.left[~plain].tolist(), pairs.right[~plain].tolist(), pairs.distance[~plain].tolist(),
            strict=True,
        ):  # fmt: skip
            ones, twos = self.of(one), self.of(two)
            left.append(np.repeat(ones, len(twos)))
            right.append(np.tile(twos, len(ones)))
            distance.append(np.full(len(ones) * len(twos), bits, np.int64))
        return np.concatenate(left), np.concatenate(right), np.concatenate(distance)


def _near_fingerprints(
    fingerprints: npt.NDArray[np.uint8], is_fresh: npt.NDArray[np.bool_], radius: int
) -> Iterator[Pairs]:
    """Yield near pairs of distinct fingerprints of which one has something to be compared, each once."""
    finder = Search(fingerprints, radius)
    if is_fresh.mean() > 1 / 2:
        for pairs in finder.pairs():
            wanted = is_fresh[pairs.left] | is_fresh[pairs.right]
            yield Pairs(pairs.left[wanted], pairs.right[wanted], pairs.distance[wanted])
        return
    asked = np.flatnonzero(is_fresh)
    for pairs in finder.pairs_with(fingerprints[asked]):
        left = asked[pairs.left]
        # A pair of two that are asked for is found from both sides.
        once = (left != pairs.right) & (~is_fresh[pairs.right] | (left < pairs.right))
        left, right = left[once], pairs.right[once]
        yield Pairs(np.minimum(left, right), np.maximum(left, right), pairs.distance[once])


def _equal(
    numbers: npt.NDArray[np.int64], contents: Contents, thumbnails: Thumbnails
) -> Iterator[tuple[int, int, int, float]]:
    """Yield pairs among contents of one fingerprint; those of equal thumbnails are one, however many."""
    if not contents.is_fresh[numbers].any():
        return
    thumbs = thumbnails.of(numbers)
    there = np.array([number not in thumbnails.lost for number in numbers.tolist()])
    numbers, thumbs = numbers[there], thumbs[there]
    first, group = collapsed(thumbs.reshape(len(thumbs), -1)) if len(thumbs) else (numbers, numbers)
    for at in np.setdiff1d(np.arange(len(numbers)), first).tolist():
        yield int(numbers[first[group[at]]]), int(numbers[at]), 0, 1.0
    # Flat pictures are the same only where they are equal.
    uneven = first[~is_flat(thumbs[first])] if len(first) else first
    for at in range(len(uneven) - 1):
        others = numbers[uneven[at + 1 :]]
        one = np.full(len(others), numbers[uneven[at]])
        yield from _same(one, others, np.zeros(len(others), np.int64), contents, thumbnails)


def _same(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    distance: npt.NDArray[np.int64],
    contents: Contents,
    thumbnails: Thumbnails,
) -> Iterator[tuple[int, int, int, float]]:
    """Yield those of the pairs that are the same, of which one is to be compared."""
    wanted = contents.is_fresh[left] | contents.is_fresh[right]
    left, right, distance = left[wanted], right[wanted], distance[wanted]
    if not len(left):
        return
    thumbnails.of(np.concatenate([left, right]))
    verdicts = judged(thumbnails.of(left), thumbnails.of(right))
    for at in np.flatnonzero(verdicts.is_same).tolist():
        if not thumbnails.lost & {int(left[at]), int(right[at])}:
            yield int(left[at]), int(right[at]), int(distance[at]), float(verdicts.likeness[at])
