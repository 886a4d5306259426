"""What a network is fed, what a page shows and what a person sees in any viewer are one picture."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from PIL import Image

from labelprep.model.images import Status
from labelprep.pixels.fitting import fitted, fitted_pixels, original_pixels
from labelprep.pixels.reading import read_facts
from labelprep.pixels.thumbnails import thumbnail_jpeg
from seen import apart, as_seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE: Final = 64
GREY_LEVELS: Final = 2.0
JPEG_LEVELS: Final = 4.0
"""A thumbnail is a JPEG of quality 80 with colour at half its size."""
SMALL, LARGE = (96, 72), (640, 480)
ORIENTATION = 0x0112


def scene(size_wh: tuple[int, int]) -> Image.Image:
    """Return a smooth picture in colour without any symmetry."""
    corners = np.array([[[10, 40, 200], [250, 60, 20]], [[30, 220, 60], [120, 130, 255]]], np.uint8)
    return Image.fromarray(corners).resize(size_wh, Image.Resampling.BILINEAR)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own options
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def faded(size_wh: tuple[int, int]) -> Image.Image:
    """Return the scene with alpha that rises from left to right."""
    picture = scene(size_wh)
    picture.putalpha(Image.linear_gradient("L").rotate(90).resize(size_wh))
    return picture


def palette_with_hole(size_wh: tuple[int, int]) -> bytes:
    """Return a PNG of a palette, one of whose colours is transparent."""
    return saved(scene(size_wh).quantize(16, dither=Image.Dither.NONE), "PNG", transparency=3)


def unmarked_cmyk(size_wh: tuple[int, int]) -> bytes:
    """Return a JPEG of inks without the marker by which Adobe says how they are meant."""
    data = saved(scene(size_wh).convert("CMYK"), "JPEG", quality=95)
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


def bit_fields(size_wh: tuple[int, int]) -> bytes:
    """Return a BMP of 16 bits a pixel: 5 of red, 6 of green, 5 of blue."""
    pixels = np.asarray(scene(size_wh)).astype(np.uint16)
    packed = (pixels[..., 0] >> 3 << 11) | (pixels[..., 1] >> 2 << 5) | (pixels[..., 2] >> 3)
    body = packed[::-1].astype("<u2").tobytes()
    info = struct.pack("<IiiHHIIiiII", 40, *size_wh, 1, 16, 3, len(body), 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    start = 14 + len(info) + len(masks)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + masks + body


def deep(size_wh: tuple[int, int], kind: str) -> bytes:
    """Return grey of 16 bits."""
    values = np.asarray(scene(size_wh).convert("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(values), kind)


def shifted_gif(size_wh: tuple[int, int]) -> bytes:
    """Return a GIF of two frames, of which the first is the scene."""
    first, second = scene(size_wh), scene(size_wh).transpose(Image.Transpose.ROTATE_180)
    return saved(first, "GIF", save_all=True, append_images=[second])


KINDS: Final[dict[str, Callable[[tuple[int, int]], bytes]]] = {
    "rgb.jpg": lambda size: saved(scene(size), "JPEG", quality=95),
    "grey.jpg": lambda size: saved(scene(size).convert("L"), "JPEG", quality=95),
    "progressive.jpg": lambda size: saved(scene(size), "JPEG", quality=95, progressive=True),
    "adobe.jpg": lambda size: saved(scene(size).convert("CMYK"), "JPEG", quality=95),
    "unmarked.jpg": unmarked_cmyk,
    "rgb.png": lambda size: saved(scene(size), "PNG"),
    "alpha.png": lambda size: saved(faded(size), "PNG"),
    "grey_alpha.png": lambda size: saved(faded(size).convert("LA"), "PNG"),
    "palette.png": lambda size: saved(scene(size).quantize(16, dither=Image.Dither.NONE), "PNG"),
    "hole.png": palette_with_hole,
    "one_bit.png": lambda size: saved(scene(size).convert("L").point(lambda v: v > 120, "1"), "PNG"),
    "deep.png": lambda size: deep(size, "PNG"),
    "deep.tif": lambda size: deep(size, "TIFF"),
    "inks.tif": lambda size: saved(scene(size).convert("CMYK"), "TIFF"),
    "alpha.tif": lambda size: saved(faded(size), "TIFF"),
    "alpha.webp": lambda size: saved(faded(size), "WEBP", lossless=True),
    "alpha.avif": lambda size: saved(faded(size), "AVIF", quality=95),
    "fields.bmp": bit_fields,
    "rgb.bmp": lambda size: saved(scene(size), "BMP"),
    "palette.gif": lambda size: saved(scene(size), "GIF"),
    "frames.gif": shifted_gif,
    "rgb.jp2": lambda size: saved(scene(size), "JPEG2000"),
    "rgb.tga": lambda size: saved(scene(size), "TGA"),
    "rgb.ppm": lambda size: saved(scene(size), "PPM"),
}


@pytest.mark.parametrize("size_wh", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_fed_as_it_is_shown_and_seen(
    tmp_path: Path, name: str, size_wh: tuple[int, int]
) -> None:
    path = tmp_path / name
    path.write_bytes(KINDS[name](size_wh))

    assert_one_picture(path)


@pytest.mark.parametrize("size_wh", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
def test_every_orientation_is_fed_as_it_is_shown_and_seen(
    tmp_path: Path, ending: str, orientation: int, size_wh: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"a.{ending}"
    scene(size_wh).save(path, exif=exif.tobytes(), quality=90)

    assert_one_picture(path)


def assert_one_picture(path: Path) -> None:
    """Compare what is fed, a thumbnail, and what prediction makes of the file with what Pillow shows."""
    original = path.read_bytes()

    facts, proxy = read_facts(str(path))
    fed = fitted_pixels(proxy or original, SIDE, 3, "stretch")
    thumbnail = Image.open(BytesIO(thumbnail_jpeg(proxy or original, 2 * SIDE))).convert("RGB")

    seen = as_seen(Image.open(BytesIO(original)))
    assert (facts.status, facts.problem) == (Status.OK, "")
    assert (facts.width_px, facts.height_px) == seen.size
    assert apart(fed, fitted(seen, SIDE, 3, "stretch")) <= GREY_LEVELS
    assert apart(fed, fitted(thumbnail, SIDE, 3, "stretch")) <= JPEG_LEVELS
    assert np.array_equal(fed, original_pixels(original, SIDE, 3, "stretch"))
