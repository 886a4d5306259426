"""Which fingerprints are near each other: exactly, and without comparing each with each.

::

    128 bits of differences  ──▶  7 bands of 18 or 19 bits, taken from all over the picture
    two fingerprints within 13 bits  ⇒  in one band of the 7 they differ by at most one bit
    so each band is a table, and each fingerprint asks it for its own key and for those one bit away

What is found so is compared in full. Equal fingerprints count as one, so that ten thousand black pictures
cost no more than one.

Source: Norouzi, Punjani, Fleet: Fast search in Hamming space with multi-index hashing (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR_BITS: Final = 13
"""Of the 128 bits of differences: 99 % of the copies that level 1 is for lie within."""
COSINE_BITS: Final = 20
"""Of the 64 bits of cosines, at most: a logo changes 18, another picture 32."""
FINGERPRINT_BITS_BYTES: Final = 24

_DIFFERENCE_BITS: Final = 128
_WORDS: Final = 3
_KEY_BITS: Final = 22
_SPARE_BITS: Final = 3
_EXACT_UP_TO: Final = 4
_CHUNK: Final = 1 << 21
_SIDE: Final = 8

Fingerprints = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs by their numbers, and the bits of 128 that differ; three arrays of one length."""

    left: Indexes
    right: Indexes
    distance: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.left)


def near_pairs(fingerprints: Fingerprints, radius: int = NEAR_BITS) -> Pairs:
    """Return the pairs within a radius, sorted: ``left`` < ``right``, each once.

    ``fingerprints``: (n, 24) uint8, without the version byte. Near is what differs in at most ``radius`` of
    the 128 bits of differences, and in at most 20 of the 64 bits of cosines. Of equal fingerprints each is
    paired with the first of them alone, and only that one with others.
    """
    first, group = collapsed(fingerprints)
    found = joined(list(Search(fingerprints[first], radius).pairs()))
    repeated = np.setdiff1d(np.arange(len(fingerprints)), first)
    left = np.concatenate([first[found.left], first[group[repeated]]])
    right = np.concatenate([first[found.right], repeated])
    distance = np.concatenate([found.distance, np.zeros(len(repeated), np.uint8)])
    left, right = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], distance[order])


def collapsed(rows: npt.NDArray[np.uint8]) -> tuple[Indexes, Indexes]:
    """Return the first index of each distinct row, in order of the indexes, and of each row its place there.

    ``rows``: (n, bytes) uint8.
    """
    whole = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), np.uint8)
    whole[:, : rows.shape[1]] = rows
    words = whole.view(np.uint64)
    order = np.lexsort(words.T)
    is_new = np.ones(len(rows), np.bool_)
    is_new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    number = np.cumsum(is_new) - 1
    # lexsort is stable: the first of equals has the smallest index.
    first = order[is_new]
    rank = np.empty(len(first), np.int64)
    by_index = np.argsort(first)
    rank[by_index] = np.arange(len(first))
    group = np.empty(len(rows), np.int64)
    group[order] = rank[number]
    return first[by_index], group


def components(count: int, left: Indexes, right: Indexes) -> Indexes:
    """Return of each of ``count`` things the smallest member of its component, joined by pairs."""
    parent = np.arange(count)
    while True:
        roots_left, roots_right = parent[left], parent[right]
        low, high = np.minimum(roots_left, roots_right), np.maximum(roots_left, roots_right)
        apart = low != high
        if not apart.any():
            return parent
        np.minimum.at(parent, high[apart], low[apart])
        while (parent[parent] != parent).any():
            parent = parent[parent]


def joined(parts: list[Pairs]) -> Pairs:
    """Put pairs together."""
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
    return Pairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.distance for part in parts]),
    )


class Search:
    """Distinct fingerprints, to be asked for what is near."""

    def __init__(self, fingerprints: Fingerprints, radius: int = NEAR_BITS) -> None:
        """Take (n, 24) uint8; the radius is at most 31 of 128 bits."""
        self.radius = radius
        self.words = _words(fingerprints)
        self.bands = _bands(radius, self.words.shape[1])
        self.probes_neighbours = radius > _EXACT_UP_TO

    def pairs(self) -> Iterator[Pairs]:
        """Yield all pairs, some at a time, each once, ``left`` < ``right``."""
        for number, band in enumerate(self.bands):
            table = _Table(self.words, band)
            for mask in self._masks(band):
                for low, high in table.own_pairs(mask):
                    yield self._near(table.order[low], table.order[high], self.words, number, is_own=True)

    def pairs_with(self, fingerprints: Fingerprints) -> Iterator[Pairs]:
        """Yield what is near each of other fingerprints (q, 24) uint8; ``left`` numbers these.

        Equal ones count as near, at distance 0.
        """
        asked = _words(fingerprints)
        for number, band in enumerate(self.bands):
            table = _Table(self.words, band)
            keys = _keys(asked, band)
            for mask in self._masks(band):
                for place, found in table.matches(keys ^ mask):
                    yield self._near(place, table.order[found], asked, number, is_own=False)

    def _masks(self, band: npt.NDArray[np.int64]) -> list[int]:
        """Return by what the keys of a band may differ."""
        return [0, *(1 << bit for bit in range(len(band)))] if self.probes_neighbours else [0]

    def _near(self, left: Indexes, right: Indexes, asked: Words, number: int, *, is_own: bool) -> Pairs:
        """Keep what is within the radius and was not found by an earlier band."""
        distance = np.bitwise_count(asked[0][left] ^ self.words[0][right])
        kept = np.flatnonzero(distance <= self.radius)
        left, right = left[kept], right[kept]
        distance = distance[kept] + np.bitwise_count(asked[1][left] ^ self.words[1][right])
        kept = np.flatnonzero(distance <= self.radius)
        left, right, distance = left[kept], right[kept], distance[kept]
        is_near = np.bitwise_count(asked[2][left] ^ self.words[2][right]) <= COSINE_BITS
        most = int(self.probes_neighbours)
        for band in self.bands[:number]:
            differing = np.bitwise_count(_keys(asked, band, left) ^ _keys(self.words, band, right))
            is_near &= differing > most
        left, right, distance = left[is_near], right[is_near], distance[is_near]
        if is_own:
            left, right = np.minimum(left, right), np.maximum(left, right)
        return Pairs(left, right, distance)


class _Table:
    """The fingerprints sorted by their key in one band."""

    def __init__(self, words: Words, band: npt.NDArray[np.int64]) -> None:
        keys = _keys(words, band)
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        counts = np.bincount(self.keys, minlength=1 << len(band))
        self.counts = counts.astype(np.int32)
        self.starts = np.concatenate([[0], np.cumsum(counts)[:-1]])

    def own_pairs(self, mask: int) -> Iterator[tuple[Indexes, Indexes]]:
        """Yield the pairs of places whose keys differ by a mask, each once."""
        places = np.arange(len(self.keys))
        if mask == 0:
            starts = places + 1
            counts = self.starts[self.keys] + self.counts[self.keys] - starts
        else:
            places = places[(self.keys & mask) == 0]
            other = self.keys[places] | mask
            starts, counts = self.starts[other], self.counts[other]
        yield from _expanded(places, starts, counts)

    def matches(self, keys: npt.NDArray[np.int64]) -> Iterator[tuple[Indexes, Indexes]]:
        """Yield the numbers of keys with the places that have them."""
        yield from _expanded(np.arange(len(keys)), self.starts[keys], self.counts[keys])


def _expanded(
    places: Indexes, starts: Indexes, counts: npt.NDArray[np.integer]
) -> Iterator[tuple[Indexes, Indexes]]:
    """Yield each place with each of the ``counts`` places that follow from ``starts``, some at a time."""
    used = np.flatnonzero(counts)
    places, starts, counts = places[used], starts[used], counts[used].astype(np.int64)
    ends = np.cumsum(counts)
    at = 0
    while at < len(places):
        done = int(ends[at - 1]) if at else 0
        if counts[at] > _CHUNK:
            # More equal keys than fit at once: one place, in pieces.
            for low in range(0, int(counts[at]), _CHUNK):
                high = min(low + _CHUNK, int(counts[at]))
                yield np.full(high - low, places[at]), starts[at] + np.arange(low, high)
            at += 1
            continue
        to = max(int(np.searchsorted(ends, done + _CHUNK, side="right")), at + 1)
        part = counts[at:to]
        before = ends[at:to] - part - done
        repeated = np.repeat(np.arange(to - at), part)
        right = np.arange(int(part.sum())) + (starts[at:to] - before)[repeated]
        yield places[at:to][repeated], right
        at = to


def _bands(radius: int, fingerprints: int) -> list[npt.NDArray[np.int64]]:
    """Return the bits of each band; whatever is within the radius is within a bit (or equal) in one of them.

    A band of more bits than tell so many fingerprints apart uses the first of them, which finds no less.
    """
    most = min(fingerprints.bit_length() + _SPARE_BITS, _KEY_BITS)
    count = radius + 1 if radius <= _EXACT_UP_TO else radius // 2 + 1
    bits = np.arange(_DIFFERENCE_BITS)
    # Askew, so that no band holds the bits of one row or column, which go together.
    owner = (bits + bits // _SIDE) % count
    return [bits[owner == number][:most] for number in range(count)]


def _words(fingerprints: Fingerprints) -> Words:
    """Return the bits as (3, n) uint64, the first bit highest."""
    whole = np.ascontiguousarray(fingerprints, np.uint8).reshape(-1, FINGERPRINT_BITS_BYTES)
    return np.ascontiguousarray(whole.view(">u8").astype(np.uint64).T)


def _keys(words: Words, band: npt.NDArray[np.int64], rows: Indexes | None = None) -> npt.NDArray[np.int64]:
    """Gather the bits of a band into a number, of all fingerprints or of some rows."""
    some = words if rows is None else words[:, rows]
    keys = np.zeros(some.shape[1], np.int64)
    for place, bit in enumerate(band.tolist()):
        word, shift = divmod(bit, 64)
        keys |= ((some[word] >> np.uint64(63 - shift)) & np.uint64(1)).astype(np.int64) << place
    return keys
