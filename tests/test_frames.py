"""Shapes follow the picture when EXIF turns it, and stay inside it where only rounding led out."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from labelprep.formats.frames import bounded, stored_size, upright, upright_point
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.geometry import mask_counts, mask_rows

STORED = (7, 4)
ORIENTATIONS = range(1, 9)


def turned(pixels: np.ndarray[Any, Any], orientation: int) -> np.ndarray[Any, Any]:
    """Let Pillow turn a picture (height, width) upright, by EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", exif=exif)
    return np.asarray(ImageOps.exif_transpose(Image.open(file)))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@given(data=st.data())
def test_a_point_goes_where_its_pixel_goes(orientation: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, STORED[0] - 1)), data.draw(st.integers(0, STORED[1] - 1))
    pixels = np.zeros((STORED[1], STORED[0]), np.uint8)
    pixels[y, x] = 1

    row, column = np.argwhere(turned(pixels, orientation))[0]
    found = upright_point((x + 0.5, y + 0.5), orientation, STORED)

    assert found == [column + 0.5, row + 0.5]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_boxes_and_masks_cover_the_same_pixels_after_it(orientation: int) -> None:
    pixels = np.zeros((STORED[1], STORED[0]), np.uint8)
    pixels[1:3, 2:6] = [[1, 0, 1, 1], [1, 1, 1, 0]]
    mask = {
        "size_wh": [4, 2], "offset": [2, 1], "counts": mask_counts(pixels[1:3, 2:6].tobytes(), (4, 2)),
    }  # fmt: skip

    wanted = turned(pixels, orientation)
    box = upright(Annotation(Kind.BOX, "a", [2, 1, 6, 3]), orientation, STORED).geometry
    found = upright(Annotation(Kind.MASK, "a", mask), orientation, STORED).geometry

    rows, columns = np.nonzero(wanted)
    assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    left, top = found["offset"]
    width, height = found["size_wh"]
    shown = np.zeros_like(wanted)
    shown[top : top + height, left : left + width] = np.frombuffer(
        mask_rows(found["counts"], (width, height)), np.uint8
    ).reshape(height, width)
    assert shown.tolist() == wanted.tolist()


def test_other_shapes_follow_point_by_point() -> None:
    line = Annotation(Kind.POLYLINE, "a", [[0, 0], [7, 1]])
    circle = Annotation(Kind.CIRCLE, "a", [2, 1, 0.5])

    assert upright(line, 6, STORED).geometry == [[4, 0], [3, 7]]
    assert upright(circle, 6, STORED).geometry == [3, 2, 0.5]
    assert upright(Annotation(Kind.CLASS, "a"), 6, STORED) == Annotation(Kind.CLASS, "a")


def test_the_stored_size_of_a_picture_on_its_side() -> None:
    assert [stored_size((4, 7), orientation) for orientation in (1, 3, 6, 8)] == [
        (4, 7),
        (4, 7),
        (7, 4),
        (7, 4),
    ]


@pytest.mark.parametrize(
    ("kind", "before", "after", "over"),
    [
        (Kind.BOX, [0, 0, 10, 8], [0, 0, 10, 8], 0),
        (Kind.BOX, [-0.4, 1, 10.6, 8], [0, 1, 10, 8], 0.6),
        (Kind.BOX, [-5, 1, 10, 8], [-5, 1, 10, 8], 5),
        (Kind.POLYGON, [[-1, 0], [5, 9], [5, 3]], [[0, 0], [5, 8], [5, 3]], 1),
        (Kind.POINTS, [[10.5, 8]], [[10, 8]], 0.5),
        (Kind.CIRCLE, [9, 4, 6], [9, 4, 6], 0),
        (Kind.CIRCLE, [12, 4, 1], [12, 4, 1], 2),
        (Kind.ROTATED_BOX, [[5, -3], [12, 4], [5, 11], [-2, 4]], [[5, -3], [12, 4], [5, 11], [-2, 4]], 0),
    ],
)
def test_rounding_is_cut_and_more_is_told(kind: Kind, before: Any, after: Any, over: float) -> None:  # noqa: ANN401 - geometry by kind
    found = bounded(Annotation(kind, "a", before), (10, 8))

    assert found.item.geometry == after
    assert found.over_px == pytest.approx(over)


def test_a_mask_outside_is_told() -> None:
    mask = {"size_wh": [4, 4], "offset": [8, 0], "counts": [0, 16]}

    assert bounded(Annotation(Kind.MASK, "a", mask), (10, 8)).over_px == 2
