"""One way from a picture to the size of a network, the same for a proxy, an original and a new file."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.pixels.fitting import ArrayShape, fitted, fitted_pixels, needs_original, original_pixels
from labelprep.pixels.proxies import proxy_of


def thirds() -> Image.Image:
    """Return 30 × 10 pixels: red, green and blue squares side by side."""
    picture = Image.new("RGB", (30, 10))
    for number, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        picture.paste(colour, (number * 10, 0, number * 10 + 10, 10))
    return picture


def test_crop_takes_the_centre() -> None:
    pixels = fitted(thirds(), 10, 3, "crop")

    assert pixels.shape == (10, 10, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (0, 255, 0)).all()


def test_pad_keeps_everything_on_black() -> None:
    pixels = fitted(thirds(), 30, 3, "pad")

    assert (pixels[:10] == 0).all()
    assert (pixels[20:] == 0).all()
    assert np.array_equal(pixels[10:20], np.asarray(thirds()))


def test_stretch_fills_both_sides() -> None:
    pixels = fitted(thirds(), (20, 3), 3, "stretch")

    assert pixels.shape == (20, 3, 3)
    assert pixels.argmax(axis=2).tolist() == [[0, 1, 2]] * 20


def test_size_of_its_own_stays_as_it_is() -> None:
    values = np.random.default_rng(0).integers(0, 255, (28, 28), dtype=np.uint8)

    pixels = fitted(Image.fromarray(values), 28, 1)

    assert np.array_equal(pixels[:, :, 0], values)


def test_grey_and_colour_are_brought_to_the_channels_asked_for() -> None:
    grey = Image.new("L", (8, 8), 7)

    assert fitted(grey, 8, 3)[0, 0].tolist() == [7, 7, 7]
    assert fitted(thirds(), (10, 30), 1)[0, 0].tolist() == [76]


def test_reduction_does_not_alias() -> None:
    stripes = Image.fromarray(np.tile(np.array([0, 255], dtype=np.uint8), (64, 32)))

    pixels = fitted(stripes, 8, 1)

    assert np.abs(pixels[:, 1:-1].astype(int) - 128).max() <= 3


def test_height_comes_before_width() -> None:
    assert fitted(thirds(), (10, 20), 3).shape == (10, 20, 3)


@pytest.mark.parametrize(
    ("size", "original"), [(256, False), ((224, 256), False), (257, True), ((64, 300), True)]
)
def test_original_is_needed_above_the_size_of_proxies(size: tuple[int, int] | int, *, original: bool) -> None:
    assert needs_original(size) is original


@pytest.mark.parametrize("size", [28, 96, 224, 256, 320])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_new_file_gives_the_pixels_that_a_scanned_one_gives(kind: str, channels: int, size: int) -> None:
    coarse = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(coarse).resize((800, 601), Image.Resampling.BICUBIC).save(file, kind)
    data = file.getvalue()
    stored = data if needs_original(size) else proxy_of(data)

    scanned = fitted_pixels(stored, size, channels)

    assert scanned.shape == (size, size, channels)
    assert np.array_equal(original_pixels(data, size, channels), scanned)


def test_bytes_that_cannot_be_decoded_are_an_error() -> None:
    with pytest.raises(PixelsError, match="zero bytes"):
        fitted_pixels(b"", 8, 3)


def test_row_size_of_a_shape() -> None:
    assert ArrayShape(4, 5, 3).row_bytes == 60


def test_proxy_of_256_feeds_224_without_a_resize_and_nearly_as_a_resize_would() -> None:
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    picture = coarse.resize((341, 256), Image.Resampling.BICUBIC)
    file = BytesIO()
    picture.save(file, "JPEG", quality=95, subsampling=0)

    reduced = fitted_pixels(file.getvalue(), 224, 3)

    resized = fitted(picture, 224, 3)
    assert reduced.shape == (224, 224, 3)
    assert np.abs(reduced.astype(int) - resized).mean() < 2
    assert np.array_equal(fitted_pixels(file.getvalue(), 224, 3), reduced)
