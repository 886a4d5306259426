"""How a set of VOC files counts its pixels: evidence of the whole set, never of one file."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.voc_counting import DEVKIT, EDGES, FROM_ZERO, Counting, Evidence
from labelprep.formats.voc_documents import glanced
from labelprep.formats.voc_objects import BadShapeError, box_of
from labelprep.formats.voc_reading import boxes_of
from labelprep.formats.xml_files import parsed
from labelprep.model.annotation import Record
from voc_documents import SIZE, box, document, read, told, written

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.formats.voc_counting import Number

Box = tuple[float, float, float, float]
INNER = (50, 50, 60, 60)


@pytest.mark.parametrize(
    ("boxes", "counting", "is_certain"),
    [
        ([(1, 1, 160, 120)], DEVKIT, True),
        ([(1, 5, 50, 60)], DEVKIT, True),
        ([(0, 0, 160, 120)], EDGES, True),
        ([(0, 5, 50, 60)], EDGES, True),
        ([(0, 0, 159, 119)], FROM_ZERO, True),
        ([(0, 0, 159, 119), (0, 0, 160, 100)], EDGES, True),
        ([(10.5, 10, 50, 60)], EDGES, True),
        ([INNER], DEVKIT, False),
        ([(-5, -3, 50, 60)], DEVKIT, False),
        ([(50, 60, 0, 0)], EDGES, True),
        # A slip or two do not turn a set round: neither a 0 among many 1, nor a fraction among whole numbers.
        ([(1, 1, 9, 9)] * 11 + [(0, 1, 9, 9)], DEVKIT, True),
        ([(1, 1, 9, 9)] * 9 + [(0, 1, 9, 9)], EDGES, True),
        ([(1, 1, 9, 9)] * 20 + [(1.5, 1, 9, 9)], DEVKIT, True),
        ([(0, 0, 159, 9)] * 11 + [(0, 0, 160, 9)], FROM_ZERO, True),
    ],
)
def test_the_set_tells_how_it_counts(boxes: list[Box], counting: Counting, is_certain: bool) -> None:
    evidence = Evidence()
    for one in boxes:
        evidence.add([int(side) if side == int(side) else Decimal(str(side)) for side in one], (160, 120))

    verdict = evidence.verdict()

    assert (verdict.counting, verdict.is_certain) == (counting, is_certain)
    assert evidence.counts()["boxes"] == len(boxes)


@pytest.mark.parametrize(
    ("corners", "counting", "expected"),
    [
        ([1, 1, 160, 120], DEVKIT, [0, 0, 160, 120]),
        ([5, 5, 5, 5], DEVKIT, [4, 4, 5, 5]),
        ([0, 0, 160, 120], EDGES, [0, 0, 160, 120]),
        ([0, 0, 159, 119], FROM_ZERO, [0, 0, 160, 120]),
        ([7, 7, 7, 7], FROM_ZERO, [7, 7, 8, 8]),
        ([50, 60, 11, 11], DEVKIT, [10, 10, 50, 60]),
        ([51, 11, 50, 20], DEVKIT, [49, 10, 51, 20]),
        ([50, 60, 10, 10], EDGES, [10, 10, 50, 60]),
        # Narrower than a pixel: the far edge, named as the last pixel, is less than the near one.
        ([Decimal("6.25"), 1, Decimal("5.75"), 2], DEVKIT, [5.25, 0, 5.75, 2]),
        ([Decimal("1.1"), 1, 2, 2], DEVKIT, [0.1, 0, 2, 2]),
    ],
)
def test_boxes_become_edges_counted_from_0(
    corners: list[Number], counting: Counting, expected: list[float]
) -> None:
    assert box_of(corners, counting, lambda _: None) == expected


def test_a_box_without_extent_encloses_nothing_where_its_far_edge_lies_behind_it() -> None:
    with pytest.raises(BadShapeError, match="a box of 0 × 10 pixels encloses nothing"):
        box_of([5, 5, 5, 15], EDGES, lambda _: None)


def test_one_file_decides_for_all_whatever_their_order(tmp_path: Path) -> None:
    found = []
    for folder, names in (("first", "ab"), ("last", "ba")):
        written(tmp_path / folder, box(0, 0, 160, 120), name=f"{names[0]}.xml")
        written(tmp_path / folder, box(*INNER), name=f"{names[1]}.xml")
        items, reading = read(tmp_path / folder)
        boxes = [item.annotations[0].geometry for item in items if isinstance(item, Record)]
        found.append(sorted(boxes))
        (one,) = told(reading)
        assert one[:2] == ("LP286", folder)
        assert one[2].startswith("pixels are counted from 0, far edge behind the last pixel (1 of 2 boxes")

    assert found == [[[0, 0, 160, 120], [50, 50, 60, 60]]] * 2


def test_a_set_that_tells_nothing_is_taken_as_the_devkit_s_and_that_is_said(tmp_path: Path) -> None:
    (item,), reading = read(written(tmp_path, box(*INNER)))

    assert isinstance(item, Record)
    assert item.annotations[0].geometry == [49, 49, 60, 60]
    assert reading.facts["counting"].startswith("counted from 1, far edge the last pixel (none of 1 boxes")
    (one,) = told(reading)
    assert one[:2] == ("LP286", "a.xml")
    assert one[2].startswith("nothing tells how pixels are counted: taken as counted from 1")


def test_slips_of_a_set_that_counts_from_1_are_told(tmp_path: Path) -> None:
    for number in range(11):
        written(tmp_path, box(1, 1, 9, 9), name=f"{number:02}.xml")
    written(tmp_path, box(0, 1, 9, 9), name="11.xml")

    items, reading = read(tmp_path)

    assert isinstance(items[-1], Record)
    assert items[-1].annotations[0].geometry == [-1, 0, 9, 9]
    assert [problem.split(" (")[0] for _, _, problem in told(reading)] == [
        "1 boxes begin at 0 though the set counts from 1"
    ]


def test_a_file_that_says_how_it_counts_is_read_so_and_tells_nothing_of_the_others(tmp_path: Path) -> None:
    ours = "<filename>a.jpg</filename><labelprep><counted_from>1</counted_from></labelprep>"
    written(tmp_path, box(0, 0, 160, 120), box(51, 51, 60, 60), name="a.xml", head=ours)
    written(tmp_path, box(0, 0, 160, 120), box(*INNER), name="b.xml")

    items, reading = read(tmp_path)

    assert [[one.geometry for one in item.annotations] for item in items if isinstance(item, Record)] == [
        [[-1, -1, 160, 120], [50, 50, 60, 60]],
        [[0, 0, 160, 120], [50, 50, 60, 60]],
    ]
    assert reading.facts["evidence"]["boxes"] == 2


def test_polygons_count_as_the_boxes_do_and_rotated_boxes_from_0(tmp_path: Path) -> None:
    polygon = "<polygon><x1>10</x1><y1>10</y1><x2>20</x2><y2>10</y2><x3>20</x3><y3>20</y3></polygon>"
    turned = "<robndbox><cx>50</cx><cy>50</cy><w>20</w><h>10</h><angle>0</angle></robndbox>"
    for name, corners in (("one", (1, 1, 160, 120)), ("zero", (0, 0, 160, 120))):
        more = (f"<object><name>cat</name>{inside}</object>" for inside in (polygon, turned))
        written(tmp_path / name, box(*corners), *more)

    one, zero = (read(tmp_path / name)[0][0] for name in ("one", "zero"))

    assert isinstance(one, Record)
    assert isinstance(zero, Record)
    assert one.annotations[1].geometry == [[9, 9], [19, 9], [19, 19]]
    assert zero.annotations[1].geometry == [[10, 10], [20, 10], [20, 20]]
    assert (
        one.annotations[2].geometry
        == zero.annotations[2].geometry
        == [[40, 45], [60, 45], [60, 55], [40, 55]]
    )


SIDES = st.integers(-3, 170)
PIECES = st.sampled_from(
    [
        box(*INNER),
        box(1, 1, 2, 2, more="<polygon/>"),
        box("1.5", 1, 2, 2),
        box(" 7 ", 1, 2, 2),
        box("x", 1, 2, 2),
        box(1, 1, 2, 2, more="<part><bndbox><xmin>0</xmin></bndbox></part>"),
        "<!-- " + box(0, 0, 160, 120) + " -->",
        "<object><bndbox><ymin>0</ymin><xmin>0</xmin><xmax>9</xmax><ymax>9</ymax></bndbox></object>",
        "<labelprep><counted_from>1</counted_from></labelprep>",
    ]
)


@given(
    st.lists(st.tuples(SIDES, SIDES, SIDES, SIDES), max_size=3), st.lists(PIECES, max_size=2), st.booleans()
)
def test_a_glance_sees_what_parsing_sees(boxes: list[Box], pieces: list[str], has_size: bool) -> None:
    text = document(*(box(*one) for one in boxes), *pieces, size=SIZE if has_size else "")

    seen = glanced(text.encode())

    whole = boxes_of(parsed(text))
    assert seen is None or ([list(one) for one in seen[0]], seen[1]) == (
        [list(one) for one in whole[0]],
        whole[1],
    )
