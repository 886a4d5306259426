"""Near fingerprints: the search finds what comparing each with each finds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.pixels.neighbours import COSINE_BITS, Search, collapsed, components, joined, near_pairs

Rows = npt.NDArray[np.uint8]
Found = set[tuple[int, int, int]]


def changed(row: Rows, bits: list[int]) -> Rows:
    """Return a fingerprint with some of its bits turned over."""
    flipped = np.unpackbits(row)
    flipped[bits] ^= 1
    return np.packbits(flipped)


@st.composite
def fingerprints(draw: st.DrawFn) -> Rows:
    """Draw fingerprints of which many are near each other, as those of pictures are."""
    seeds = draw(st.lists(st.binary(min_size=24, max_size=24), min_size=1, max_size=4))
    rows = []
    for _ in range(draw(st.integers(1, 25))):
        seed = np.frombuffer(draw(st.sampled_from(seeds)), np.uint8)
        rows.append(changed(seed, draw(st.lists(st.integers(0, 191), max_size=30, unique=True))))
    return np.stack(rows)


def brute(left: Rows, right: Rows, radius: int) -> Found:
    """Compare each with each."""
    found = set()
    for one in range(len(left)):
        for two in range(len(right)):
            bits = np.unpackbits(left[one] ^ right[two])
            if bits[:128].sum() <= radius and bits[128:].sum() <= COSINE_BITS:
                found.add((one, two, int(bits[:128].sum())))
    return found


@given(fingerprints(), st.integers(1, 17))
def test_the_search_finds_what_comparing_each_with_each_finds(rows: Rows, radius: int) -> None:
    distinct = rows[collapsed(rows)[0]]

    pairs = near_pairs(distinct, radius)

    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True))
    assert found == sorted(triple for triple in brute(distinct, distinct, radius) if triple[0] < triple[1])


@given(fingerprints(), fingerprints(), st.integers(1, 15))
def test_other_fingerprints_find_what_is_near_them(asked: Rows, rows: Rows, radius: int) -> None:
    distinct = rows[collapsed(rows)[0]]

    pairs = joined(list(Search(distinct, radius).pairs_with(asked)))

    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == brute(asked, distinct, radius)


@given(fingerprints(), st.randoms(use_true_random=False))
def test_components_do_not_depend_on_the_order(rows: Rows, random: object) -> None:
    order = np.arange(len(rows))
    random.shuffle(order)  # type: ignore[attr-defined]

    def together(given_rows: Rows, names: npt.NDArray[np.int64]) -> set[frozenset[int]]:
        pairs = near_pairs(given_rows)
        found = components(len(given_rows), pairs.left, pairs.right)
        return {frozenset(names[found == root].tolist()) for root in set(found.tolist())}

    assert together(rows, np.arange(len(rows))) == together(rows[order], order)


def test_equal_fingerprints_are_paired_with_the_first_of_them_alone() -> None:
    black = np.zeros((5_000, 24), np.uint8)

    pairs = near_pairs(black)

    assert len(pairs) == 4_999
    assert set(pairs.left.tolist()) == {0}
    assert set(pairs.distance.tolist()) == {0}


def test_components_are_named_by_their_smallest_member() -> None:
    left, right = np.array([5, 3, 1]), np.array([4, 5, 2])

    found = components(7, left, right)

    assert found.tolist() == [0, 1, 1, 3, 3, 3, 6]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_near_nothing(count: int) -> None:
    assert len(near_pairs(np.zeros((count, 24), np.uint8))) == 0
