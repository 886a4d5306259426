from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from labelprep.ml.listening import EpochReport
from labelprep.ml.plots import confusion_png, curves_png, font_families

NOWHERE = "\U000e0fff"  # a code point that is not assigned: no font has it


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG."""
    with Image.open(io.BytesIO(png)) as picture:
        return picture.size


def dark_share(png: bytes) -> float:
    """Return the share of the pixels that are nearly black or dark blue."""
    with Image.open(io.BytesIO(png)) as picture:
        return float((np.asarray(picture.convert("L")) < 100).mean())


def test_curves_are_drawn_with_and_without_validation() -> None:
    validated = [EpochReport(1, 9, 0.9, 0.5, 0.8, 0.6, 1.0), EpochReport(2, 9, 0.4, 0.8, 0.5, 0.7, 1.0)]
    alone = [EpochReport(1, 9, 0.9, 0.5, None, None, 1.0)]

    pictures = [curves_png(validated, 2), curves_png(alone, 1), curves_png([], 0)]

    assert [size_of(picture) for picture in pictures] == [(1200, 480)] * 3
    assert len(set(pictures)) == 3


def test_the_diagonal_of_good_predictions_is_dark() -> None:
    good, bad = np.eye(4, dtype=np.int64) * 50, np.full((4, 4), 12)

    dark, pale = (dark_share(confusion_png(counts, ["a", "b", "c", "d"])) for counts in (good, bad))

    assert dark > 2 * pale


@pytest.mark.parametrize("count", [2, 25, 26, 61])
def test_any_number_of_classes_fits_on_a_picture(count: int) -> None:
    width, height = size_of(
        confusion_png(np.eye(count, dtype=np.int64), [f"class {at}" for at in range(count)])
    )

    assert 500 < height < width < 2100


def test_a_class_without_images_is_no_division_by_zero() -> None:
    assert confusion_png(np.array([[3, 1], [0, 0]]), ["a", "b"]).startswith(b"\x89PNG")


def test_names_that_no_font_can_show_become_numbers_and_warn_of_nothing() -> None:
    counts = np.eye(2, dtype=np.int64)

    strange = confusion_png(counts, ["cat", f"dog{NOWHERE}"])

    assert (
        font_families(f"cat{NOWHERE}") == (font_families("cat")[0], set())
        or NOWHERE in font_families(NOWHERE)[1]
    )
    assert strange != confusion_png(counts, ["cat", "dog"])


def test_signs_that_matplotlib_would_read_as_formulas_stay_signs() -> None:
    png = confusion_png(
        np.eye(2, dtype=np.int64), ["$\\frac{", "line\nbreak\tand much too long a name for an axis"]
    )

    assert png.startswith(b"\x89PNG")


def test_latin_greek_and_cyrillic_need_no_other_font() -> None:
    assert font_families("Straße σκύλος кошка") == (["DejaVu Sans"], set())


def test_chinese_needs_a_wide_font_which_is_found_where_there_is_one() -> None:
    families, missing = font_families("猫狗 cat")
    if missing:
        pytest.skip(reason="this machine has no Chinese font")

    assert families[0] == "DejaVu Sans"
    assert len(families) == 2
