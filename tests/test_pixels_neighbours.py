"""The search for near fingerprints finds exactly what comparing each with each finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.pixels.neighbours import COSINE_BITS, Search, collapsed, components, near_pairs

Bytes = np.ndarray


def brute(prints: Bytes, radius: int) -> set[tuple[int, int, int]]:
    """Compare each with each; of equal ones only the first counts beside the pair with it."""
    bits = np.unpackbits(prints, axis=1)
    found = set()
    first: dict[bytes, int] = {}
    for number, row in enumerate(prints):
        first.setdefault(row.tobytes(), number)
    for left in range(len(prints)):
        for right in range(left + 1, len(prints)):
            own = first[prints[left].tobytes()] == left, first[prints[right].tobytes()] == right
            is_copy = first[prints[right].tobytes()] == left
            differing = bits[left] != bits[right]
            distance = int(differing[:128].sum())
            is_near = distance <= radius and int(differing[128:].sum()) <= COSINE_BITS
            if is_copy or (is_near and all(own)):
                found.add((left, right, distance))
    return found


def clustered(seed: int, count: int, flips: int) -> Bytes:
    """Return fingerprints, half of which are others with some bits turned."""
    random = np.random.default_rng(seed)
    prints = random.integers(0, 256, (count, 24), dtype=np.uint8)
    for number in range(1, count, 2):
        bits = np.unpackbits(prints[int(random.integers(0, number))])
        places = random.integers(0, 192, int(random.integers(0, flips + 1)))
        bits[places] ^= 1
        prints[number] = np.packbits(bits)
    return prints


@given(st.integers(0, 10_000), st.integers(0, 40), st.sampled_from([0, 1, 3, 4, 5, 8, 13, 16]))
def test_all_pairs_within_the_radius_are_found_and_no_others(seed: int, count: int, radius: int) -> None:
    prints = clustered(seed, count, 20)

    pairs = near_pairs(prints, radius)

    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True))
    assert found == sorted(found)
    assert set(found) == brute(prints, radius)
    assert len(set(found)) == len(found)


@given(st.integers(0, 10_000), st.integers(2, 30))
def test_asking_finds_what_the_search_among_all_finds(seed: int, count: int) -> None:
    prints = clustered(seed, count, 16)
    prints = prints[collapsed(prints)[0]]

    asked = set()
    for pairs in Search(prints).pairs_with(prints):
        asked |= {(a, b) for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True) if a < b}

    own = near_pairs(prints)
    assert asked == set(zip(own.left.tolist(), own.right.tolist(), strict=True))


def test_ten_thousand_equal_ones_cost_as_many_pairs() -> None:
    prints = np.zeros((10_000, 24), np.uint8)

    pairs = near_pairs(prints)

    assert len(pairs) == 9_999
    assert set(pairs.left.tolist()) == {0}


@given(
    st.integers(1, 40).flatmap(
        lambda count: st.tuples(
            st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)))
        )
    )
)
def test_components_are_those_of_walking_along_pairs(given_pairs: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = given_pairs
    expected = list(range(count))
    for _ in range(count):
        for left, right in pairs:
            expected[left] = expected[right] = min(expected[left], expected[right])

    found = components(
        count,
        np.array([pair[0] for pair in pairs], np.int64),
        np.array([pair[1] for pair in pairs], np.int64),
    )

    assert found.tolist() == expected


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_have_no_pairs(count: int) -> None:
    assert len(near_pairs(np.zeros((count, 24), np.uint8))) == 0
