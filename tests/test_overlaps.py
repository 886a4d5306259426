"""How much shapes share, against counting pixels."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.model.annotation import Kind
from labelprep.model.geometry import mask_counts
from labelprep.model.overlaps import box_overlap, mask_overlap, polygon_overlap, same_place

SIDE = st.integers(0, 12)
BOXES = st.tuples(SIDE, SIDE, st.integers(1, 8), st.integers(1, 8)).map(
    lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
)


def pixels(box: list[int]) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


def corners(box: list[int]) -> list[list[int]]:
    left, top, right, bottom = box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def mask(box: list[int]) -> dict[str, Any]:
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    return {
        "size_wh": list(size),
        "offset": [left, top],
        "counts": mask_counts(bytes([1]) * math.prod(size), size),
    }


@given(BOXES, BOXES)
def test_all_ways_of_counting_agree(one: list[int], other: list[int]) -> None:
    expected = len(pixels(one) & pixels(other)) / len(pixels(one) | pixels(other))

    assert box_overlap(one, other) == pytest.approx(expected)
    assert polygon_overlap(corners(one), corners(other)) == pytest.approx(expected)
    assert mask_overlap(mask(one), mask(other)) == pytest.approx(expected)


def test_a_polygon_with_a_bay_does_not_cover_it() -> None:
    letter = [[0, 0], [4, 0], [4, 4], [3, 4], [3, 1], [1, 1], [1, 4], [0, 4]]
    bay = corners([1, 1, 3, 4])

    assert polygon_overlap(letter, bay) == 0
    assert polygon_overlap(letter, corners([0, 0, 4, 4])) == pytest.approx(10 / 16)


def test_polygons_that_cross_share_what_both_cover() -> None:
    down = [[0, 0], [4, 0], [0, 4]]
    up = [[4, 4], [0, 4], [4, 0]]
    right = [[0, 0], [4, 0], [4, 4]]

    assert polygon_overlap(down, up) == 0
    assert polygon_overlap(down, right) == pytest.approx(4 / 12)


@pytest.mark.parametrize(
    ("kind", "one", "other", "expected"),
    [
        (Kind.BOX, [0, 0, 100, 100], [0, 0, 100, 95], True),
        (Kind.BOX, [0, 0, 100, 100], [0, 0, 100, 85], False),
        (Kind.CIRCLE, [50, 50, 20], [50, 50, 19.5], True),
        (Kind.CIRCLE, [50, 50, 20], [55, 50, 20], False),
        (Kind.POLYGON, [[0, 0], [10, 0], [0, 10]], [[0, 10], [0, 0], [10, 0]], True),
        (Kind.POLYGON, [[0, 0], [10, 0], [0, 10]], [[10, 10], [0, 10], [10, 0]], False),
        (Kind.ROTATED_BOX, [[5, 0], [10, 5], [5, 10], [0, 5]], [[5, 10], [0, 5], [5, 0], [10, 5]], True),
        (Kind.POINTS, [[1, 1], [5, 5]], [[1.5, 1], [5, 5.5]], True),
        (Kind.POINTS, [[1, 1], [5, 5]], [[5, 5], [1, 1]], False),
        (Kind.POLYLINE, [[1, 1], [5, 5]], [[1, 1]], False),
    ],
)
def test_shapes_in_the_same_place(kind: Kind, one: Any, other: Any, *, expected: bool) -> None:  # noqa: ANN401 - geometry by kind
    assert same_place(kind, one, other, 0.9) is expected
