"""Corners, circles, polygons and masks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.model import geometry

INSIDE = st.integers(-40, 40).map(float)
POINT = st.tuples(INSIDE, INSIDE)
SIZE = st.tuples(st.integers(1, 9), st.integers(1, 9))


def test_a_box_is_found_from_corners_in_any_order() -> None:
    assert geometry.box_of([[60, 50], [10, 10]]) == [10, 10, 60, 50]
    assert geometry.box_of([[10, 50], [60, 10]]) == [10, 10, 60, 50]


def test_a_circle_has_a_box_and_a_radius() -> None:
    assert geometry.box_of_circle(50, 50, 10) == [40, 40, 60, 60]
    assert geometry.radius_of([1, 1], [4, 5]) == 5


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[0, 0], [4, 0], [4, 2], [0, 2]], True),
        ([[0, 0], [0, 2], [4, 2], [4, 0]], True),
        ([[0, 0], [4, 2], [4, 0], [0, 2]], False),
        ([[0, 0], [4, 1], [4, 3], [0, 2]], False),
        ([[0, 0], [4, 0], [4, 2]], False),
    ],
)
def test_corners_of_an_upright_box_go_round_it(points: list[list[float]], expected: bool) -> None:
    assert geometry.are_box_corners(points) is expected


def test_area_does_not_suffer_far_from_the_origin() -> None:
    near = [[0.0, 0.0], [3.0, 0.0], [3.0, 2.0], [0.0, 2.0]]
    far = [[x + 1e8, y - 1e8] for x, y in near]

    assert geometry.polygon_area(near) == 6
    assert geometry.polygon_area(far) == 6
    assert geometry.polygon_area(near[:2]) == 0


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[5, 5], [5, 5], [5, 5]], True),
        ([[0, 0], [1, 3], [2, 6], [-1, -3]], True),
        ([[0, 0], [10, 0], [5, 1e-9]], True),
        ([[0, 0], [10, 0], [5, 0.01]], False),
        ([[1, 1], [50, 50], [50, 1], [1, 50]], False),
    ],
)
def test_points_on_a_line_enclose_nothing(points: list[list[float]], expected: bool) -> None:
    assert geometry.is_flat(points) is expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[0, 0], [4, 0], [4, 4]], False),
        ([[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], False),
        ([[1, 1], [50, 50], [50, 1], [1, 50]], True),
        # Two squares that share a corner touch there.
        ([[0, 0], [2, 0], [2, 2], [4, 2], [4, 4], [2, 4], [2, 2], [0, 2]], False),
    ],
)
def test_edges_that_cross_are_found_and_those_that_touch_are_not(
    points: list[list[float]], expected: bool
) -> None:
    assert geometry.crosses_itself(points) is expected


@given(st.lists(POINT, min_size=3, max_size=9))
def test_the_sweep_finds_what_comparing_all_edges_finds(points: list[tuple[float, float]]) -> None:
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    everywhere = any(
        geometry._cross(*one, *other) for at, one in enumerate(edges) for other in edges[at + 1 :]
    )

    assert geometry.crosses_itself(points) is everywhere


def test_a_polygon_whose_edges_all_overlap_is_given_up() -> None:
    ladder = [[side * 1000.0, 10.0 * step] for step in range(1000) for side in (0, 1)]
    comb = [point for at in range(0, 2000, 4) for point in (ladder[at], ladder[at + 1], ladder[at + 3])]

    assert geometry.crosses_itself([*comb, [-5000.0, 0.0]]) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        "ab",
        [[1, 2, 3]],
        [[1]],
        [["1", "2"]],
        [[True, 2]],
        [[math.nan, 1]],
        [[1, math.inf]],
        [[10**400, 1]],
        [[1e10, 1]],
        [{"x": 1, "y": 2}],
        ["ab"],
    ],
)
def test_what_is_no_list_of_finite_points_is_refused(value: object) -> None:
    assert geometry.points_of(value) is None


def test_points_become_floats() -> None:
    points = geometry.points_of([[1, 2.5], [-3, 0]])

    assert points == [[1.0, 2.5], [-3.0, 0.0]]
    assert all(type(number) is float for point in points or () for number in point)


def test_a_mask_is_counted_down_the_columns_beginning_with_background() -> None:
    rows = bytes([1, 0, 0,
                  1, 1, 0])  # fmt: skip

    assert geometry.mask_counts(rows, (3, 2)) == [0, 2, 1, 1, 2]
    assert geometry.mask_rows([0, 2, 1, 1, 2], (3, 2)) == rows
    assert geometry.mask_area([0, 2, 1, 1, 2]) == 3


@given(SIZE.flatmap(lambda size: st.tuples(st.just(size), st.lists(
    st.integers(0, 1), min_size=size[0] * size[1], max_size=size[0] * size[1]))))  # fmt: skip
def test_a_mask_survives_its_run_lengths(drawn: tuple[tuple[int, int], list[int]]) -> None:
    size_wh, pixels = drawn

    counts = geometry.mask_counts(bytes(pixels), size_wh)

    assert geometry.mask_rows(counts, size_wh) == bytes(pixels)
    assert sum(counts) == size_wh[0] * size_wh[1]
    assert geometry.mask_area(counts) == sum(pixels)
    assert all(counts[1:])


@pytest.mark.parametrize(("counts", "size_wh"), [([1], (2, 1)), ([-1, 3], (2, 1)), ([], (0, 0))])
def test_runs_that_do_not_fill_a_mask_are_refused(counts: list[int], size_wh: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="do not make"):
        geometry.mask_rows(counts, size_wh)


def test_bytes_that_do_not_fill_a_mask_are_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes are not 2 × 3 pixels"):
        geometry.mask_counts(b"\x00" * 5, (2, 3))
