"""Shapes turn with their picture: Pillow turns a mask's pixels to the same place as the program its runs."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from labelprep.model.annotation import Kind
from labelprep.model.geometry import mask_counts, mask_rows
from labelprep.model.turning import turned

WAYS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
RAW_WH = (7, 5)
MASK = bytes([1, 1, 1,
              1, 0, 0])  # fmt: skip


def upright_wh(orientation: int) -> tuple[int, int]:
    return RAW_WH if orientation < 5 else (RAW_WH[1], RAW_WH[0])


@pytest.mark.parametrize("orientation", WAYS)
def test_a_mask_turns_as_the_pixels_of_its_picture(orientation: int) -> None:
    stored = Image.new("L", RAW_WH)
    stored.paste(Image.frombytes("L", (3, 2), MASK), (1, 2))
    mask = {"size_wh": [3, 2], "offset": [1, 2], "counts": mask_counts(MASK, (3, 2))}

    found = turned(Kind.MASK, mask, orientation, upright_wh(orientation))

    upright = Image.new("L", upright_wh(orientation))
    width, height = found["size_wh"]
    pixels = mask_rows(found["counts"], (width, height))
    upright.paste(Image.frombytes("L", (width, height), pixels), tuple(found["offset"]))
    assert upright.tobytes() == stored.transpose(WAYS[orientation]).tobytes()


@pytest.mark.parametrize("orientation", WAYS)
def test_a_box_is_around_its_mask_however_it_turns(orientation: int) -> None:
    mask = {"size_wh": [3, 2], "offset": [1, 2], "counts": mask_counts(MASK, (3, 2))}

    box = turned(Kind.BOX, [1, 2, 4, 4], orientation, upright_wh(orientation))

    found = turned(Kind.MASK, mask, orientation, upright_wh(orientation))
    (left, top), (width, height) = found["offset"], found["size_wh"]
    assert box == [left, top, left + width, top + height]


@pytest.mark.parametrize(
    ("kind", "geometry", "expected"),
    [
        (Kind.CIRCLE, [1, 2, 0.5], [3, 1, 0.5]),
        (Kind.POINTS, [[0, 0], [7, 5]], [[5, 0], [0, 7]]),
        (Kind.POLYGON, [[1, 2], [4, 2], [4, 4]], [[3, 1], [3, 4], [1, 4]]),
        (Kind.CLASS, None, None),
    ],
)
def test_points_of_a_picture_that_is_a_quarter_right(kind: Kind, geometry: Any, expected: Any) -> None:  # noqa: ANN401 - by kind
    assert turned(kind, geometry, 6, (5, 7)) == expected
