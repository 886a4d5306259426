"""One decoder: each format and oddity becomes upright 8-bit grey or RGB, or a status with a reason."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from labelprep.model.images import TRAINABLE, Status
from labelprep.pixels.decoding import Decoded, decode

HAS_HEIF = importlib.util.find_spec("pillow_heif") is not None
Pixels = npt.NDArray[np.uint8]

LOSSLESS = ("PNG", "BMP", "TIFF", "PPM", "TGA")
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pattern(width: int = 24, height: int = 16) -> Image.Image:
    """Return a picture without any symmetry."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([across * 8, down * 12, across + down], axis=2).astype(np.uint8))


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own options
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def pixels_of(decoded: Decoded) -> Pixels:
    assert decoded.picture is not None, decoded.problem
    return np.asarray(decoded.picture)


def exif(orientation: int) -> bytes:
    found = Image.Exif()
    found[0x0112] = orientation
    return found.tobytes()


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_give_the_pixels_that_were_saved(kind: str) -> None:
    picture = pattern()

    decoded = decode(saved(picture, kind))

    assert decoded.status is Status.OK
    assert (decoded.format, decoded.mode, decoded.width_px, decoded.height_px) == (
        kind.lower(),
        "RGB",
        24,
        16,
    )
    assert np.array_equal(pixels_of(decoded), np.asarray(picture))


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [
        ("JPEG", "jpeg", {"quality": 95, "subsampling": 0}),
        ("JPEG", "jpeg", {"quality": 95, "subsampling": 0, "progressive": True}),
        ("WEBP", "webp", {"quality": 100}),
        ("AVIF", "avif", {"quality": 100}),
        ("JPEG2000", "jpeg2000", {}),
    ],
)
def test_lossy_formats_come_close(kind: str, name: str, options: dict[str, Any]) -> None:
    picture = pattern()

    decoded = decode(saved(picture, kind, **options))

    assert (decoded.status, decoded.format) == (Status.OK, name)
    difference = pixels_of(decoded).astype(int) - np.asarray(picture)
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    picture = pattern()
    turn = STORED_AS[orientation]
    stored = picture if turn is None else picture.transpose(turn)
    options = {"lossless": True} if kind == "WEBP" else {}

    decoded = decode(saved(stored, kind, exif=exif(orientation), **options))

    assert (decoded.exif_orientation, decoded.width_px, decoded.height_px) == (orientation, 24, 16)
    assert np.array_equal(pixels_of(decoded), np.asarray(picture))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_stands_upright_also_where_it_is_reduced(orientation: int) -> None:
    picture = pattern(61, 41).resize((243, 163), Image.Resampling.BICUBIC)
    turn = STORED_AS[orientation]
    stored = picture if turn is None else picture.transpose(turn)
    data = saved(stored, "JPEG", quality=95, subsampling=0, exif=exif(orientation))

    decoded = decode(data, at_least=40)

    assert (decoded.exif_orientation, decoded.width_px, decoded.height_px) == (orientation, 243, 163)
    assert decoded.picture is not None
    assert decoded.picture.size == (61, 41)
    assert decoded.box is not None
    assert (decoded.box[2] - decoded.box[0], decoded.box[3] - decoded.box[1]) == (243 / 4, 163 / 4)
    difference = pixels_of(decoded).astype(int) - np.asarray(picture.resize((61, 41), Image.Resampling.BOX))
    assert np.abs(difference).mean() < 4


def test_reduced_edge_lies_where_the_turn_puts_it() -> None:
    stored = pattern(243, 163)
    data = saved(stored, "JPEG", exif=exif(3))

    decoded = decode(data, at_least=40)

    assert decoded.box == (61 - 243 / 4, 41 - 163 / 4, 61, 41)


def test_orientation_that_is_none_is_ignored() -> None:
    decoded = decode(saved(pattern(), "JPEG", exif=exif(9)))

    assert (decoded.exif_orientation, decoded.width_px, decoded.notes) == (1, 24, ())


def test_avif_stands_upright() -> None:
    stored = pattern(48, 32)

    decoded = decode(saved(stored, "AVIF", quality=100, exif=exif(6)))

    assert (decoded.exif_orientation, decoded.width_px, decoded.height_px) == (6, 32, 48)
    expected = np.asarray(stored.transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert np.abs(pixels_of(decoded) - expected).mean() < 4


def test_strict_and_lenient_decoding_give_equal_pixels() -> None:
    data = saved(pattern(64, 48), "JPEG", quality=80)

    strict = pixels_of(decode(data))

    assert np.array_equal(strict, np.asarray(Image.open(BytesIO(data))))


def test_grey_is_asked_for() -> None:
    decoded = decode(saved(pattern(), "PNG"), grey=True)

    assert decoded.mode == "RGB"
    assert np.array_equal(pixels_of(decoded), np.asarray(pattern().convert("L")))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_pictures_stay_grey(mode: str) -> None:
    picture = pattern().convert(mode)

    decoded = decode(saved(picture, "PNG"))

    assert np.array_equal(pixels_of(decoded), np.asarray(picture.convert("L")))


def test_palette_of_greys_is_grey() -> None:
    picture = pattern().convert("L").convert("P")

    decoded = decode(saved(picture, "PNG"))

    assert decoded.mode == "P"
    assert np.array_equal(pixels_of(decoded), np.asarray(pattern().convert("L")))


def test_palette_of_colours_is_rgb() -> None:
    picture = pattern().quantize(16)

    decoded = decode(saved(picture, "PNG"))

    assert np.array_equal(pixels_of(decoded), np.asarray(picture.convert("RGB")))


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    values = np.array([[0, 255, 256, 511], [512, 32768, 65279, 65535]], dtype=np.uint16)

    decoded = decode(saved(Image.fromarray(values), "PNG"))

    assert decoded.mode == "I;16"
    assert pixels_of(decoded).tolist() == [[0, 0, 1, 1], [2, 128, 254, 255]]
    assert decoded.notes == ("mode I;16: scaled to 8 bits",)


def test_sixteen_bit_tiff_in_either_byte_order_is_scaled_alike() -> None:
    values = np.array([[0, 256, 65535]], dtype=np.uint16)
    little = saved(Image.fromarray(values), "TIFF")
    big = saved(Image.fromarray(values.astype(">u2")), "TIFF")

    assert little != big
    assert pixels_of(decode(little)).tolist() == [[0, 1, 255]]
    assert pixels_of(decode(big)).tolist() == [[0, 1, 255]]


def test_sixteen_bits_that_use_little_of_their_range_are_noted() -> None:
    values = np.full((4, 4), 1023, dtype=np.uint16)

    decoded = decode(saved(Image.fromarray(values), "PNG"))

    assert decoded.notes == ("mode I;16: scaled to 8 bits", "16-bit values under 4096: almost black")


def test_sixteen_bit_rgb_keeps_its_high_bytes_and_its_transparent_colour() -> None:
    data = deep_rgb_png(
        [(0x1234, 0xFF00, 0x00FF), (0x8000, 0x8001, 0x8002)], transparent=(0x8000, 0x8001, 0x8002)
    )

    decoded = decode(data)

    assert pixels_of(decoded).tolist() == [[[0x12, 0xFF, 0x00], [255, 255, 255]]]


def test_real_numbers_are_shares_or_eight_bits() -> None:
    shares = Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    values = Image.fromarray(np.array([[-3.0, 128.4, 999.0]], dtype=np.float32))

    assert pixels_of(decode(saved(shares, "TIFF"))).tolist() == [[0, 128, 255]]
    assert pixels_of(decode(saved(values, "TIFF"))).tolist() == [[0, 128, 255]]


def test_alpha_lies_over_white() -> None:
    picture = Image.new("RGBA", (3, 1))
    picture.putdata([(200, 100, 0, 255), (200, 100, 0, 0), (200, 100, 0, 51)])

    decoded = decode(saved(picture, "PNG"))

    assert pixels_of(decoded).tolist() == [[[200, 100, 0], [255, 255, 255], [244, 224, 204]]]
    assert decoded.notes == ("transparent: laid over white",)
    assert not decoded.is_plain


def test_grey_with_alpha_stays_grey() -> None:
    picture = Image.new("LA", (2, 1))
    picture.putdata([(100, 255), (100, 0)])

    assert pixels_of(decode(saved(picture, "PNG"))).tolist() == [[100, 255]]


def test_transparent_palette_entry_is_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putdata([0, 1])

    decoded = decode(saved(picture, "PNG", transparency=0))

    assert pixels_of(decoded).tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_transparent_grey_of_sixteen_bits_is_white() -> None:
    values = np.array([[4096, 8192]], dtype=np.uint16)

    decoded = decode(saved(Image.fromarray(values), "PNG", transparency=4096))

    assert pixels_of(decoded).tolist() == [[255, 32]]


def test_cmyk_jpeg_of_adobe_and_of_others() -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    adobe = saved(ink, "JPEG", quality=100)
    start = adobe.index(b"\xff\xee")
    other = adobe[:start] + adobe[start + 2 + int.from_bytes(adobe[start + 2 : start + 4], "big") :]

    marked, unmarked = decode(adobe), decode(other)

    assert (marked.mode, unmarked.mode) == ("CMYK", "CMYK")
    assert marked.notes == ("CMYK: converted to RGB",)
    assert unmarked.notes == (
        "CMYK: converted to RGB",
        "CMYK without Adobe's marker: colours may be inverted",
    )
    assert np.abs(pixels_of(marked)[8, 8].astype(int) - (255, 0, 0)).max() < 4
    assert np.array_equal(pixels_of(marked), pixels_of(unmarked))


def test_lab_tiff_becomes_srgb() -> None:
    lab = Image.new("LAB", (4, 4), (255, 128, 128))

    decoded = decode(saved(lab, "TIFF"))

    assert pixels_of(decoded).min() > 250


def test_first_frame_stands_on_its_full_canvas() -> None:
    first, second = Image.new("RGB", (10, 8), (255, 0, 0)), Image.new("RGB", (10, 8), (0, 0, 255))
    data = saved(first, "GIF", save_all=True, append_images=[second])

    decoded = decode(data)

    assert (decoded.frames, decoded.width_px, decoded.height_px) == (2, 10, 8)
    assert decoded.notes == ("2 frames: only the first is used",)
    assert pixels_of(decoded)[4, 5].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "TIFF", "AVIF"])
def test_other_animations_and_pages_give_the_first_too(kind: str) -> None:
    first, second = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))

    decoded = decode(saved(first, kind, save_all=True, append_images=[second]))

    assert decoded.frames == 2
    assert np.abs(pixels_of(decoded)[8, 8].astype(int) - (255, 0, 0)).max() < 6
    assert not decoded.is_plain


def test_jpeg_with_several_pictures_counts_them() -> None:
    data = saved(pattern(), "MPO", save_all=True, append_images=[pattern()])

    decoded = decode(data)

    assert (decoded.format, decoded.frames, decoded.is_plain) == ("jpeg", 2, False)


@pytest.mark.parametrize(
    ("kind", "options", "is_plain"),
    [
        ("JPEG", {}, True),
        ("JPEG", {"progressive": True}, False),
        ("PNG", {}, True),
        ("BMP", {}, False),
    ],
)
def test_only_plain_files_may_be_their_own_proxy(
    kind: str, options: dict[str, Any], *, is_plain: bool
) -> None:
    assert decode(saved(pattern(), kind, **options)).is_plain is is_plain


@pytest.mark.parametrize(
    ("data", "status", "problem"),
    [
        (b"", Status.CORRUPT, "zero bytes: the file is empty"),
        (bytes(4096), Status.CORRUPT, "nothing but zeros: the copy broke off"),
        (b"<!doctype html><p>404", Status.CORRUPT, "an HTML page, not an image: download the image again"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            Status.CORRUPT,
            "a Git LFS pointer, not the image: run git lfs pull",
        ),
        (b"PK\x03\x04\x14\x00", Status.CORRUPT, "a ZIP archive, not an image: unpack it"),
        (b"<svg xmlns='x'/>", Status.UNSUPPORTED, "an SVG drawing: convert it to PNG"),
        (b"\xff\x0a\x00\x00", Status.UNSUPPORTED, "a JPEG XL image: convert it to JPEG or PNG"),
        (b"\x01\x02\x03", Status.CORRUPT, "no image format known: its first bytes fit none"),
        (
            b"\x89PNG\n\x1a\n",
            Status.CORRUPT,
            "a PNG changed by a transfer in text mode: copy it again in binary mode",
        ),
    ],
)
def test_what_is_no_image_is_named(data: bytes, status: Status, problem: str) -> None:
    decoded = decode(data)

    assert (decoded.status, decoded.problem, decoded.picture) == (status, problem, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_half_a_file_is_corrupt(kind: str) -> None:
    random = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = saved(Image.fromarray(random), kind)

    decoded = decode(data[: len(data) // 2])

    assert (decoded.status, decoded.picture) == (Status.CORRUPT, None)
    assert decoded.problem.startswith(("truncated: ", "broken WEBP: "))


def test_png_without_its_end_or_with_a_wrong_checksum_is_corrupt() -> None:
    data = saved(pattern(), "PNG")
    flipped = bytearray(data)
    flipped[data.index(b"IDAT") + 20] ^= 1

    assert decode(data[:-12]).problem == "truncated: the PNG has no end"
    assert decode(bytes(flipped)).problem == "damaged picture data: a checksum of the PNG is wrong"


def test_jpeg_with_stray_bytes_decodes_but_is_damaged() -> None:
    data = saved(pattern(), "JPEG")

    decoded = decode(data[:-2] + bytes(99) + data[-2:])

    assert decoded.status is Status.DAMAGED
    assert decoded.problem.startswith("decodes, but its JPEG data is damaged: ")
    assert np.array_equal(pixels_of(decoded), pixels_of(decode(data)))
    assert not decoded.is_plain


def test_size_is_checked_before_anything_is_allocated() -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")

    decoded = decode(data)

    assert decoded.status is Status.TOO_LARGE
    assert decoded.problem == "60000 × 60000 pixels are more than the limit of 178,956,970 pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
def test_pixel_limit_holds_for_every_format(kind: str) -> None:
    data = saved(pattern(24, 16), kind)

    assert decode(data, pixel_limit=24 * 16).status is Status.OK
    assert decode(data, pixel_limit=24 * 16 - 1).status is Status.TOO_LARGE


def test_text_that_unpacks_to_too_much_is_too_large() -> None:
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(80 << 20)))
    data = saved(pattern(), "PNG")

    decoded = decode(data[:33] + bomb + data[33:])

    assert decoded.status is Status.TOO_LARGE


def test_tiff_with_a_long_header_of_nonsense_is_refused_in_words() -> None:
    directory = ImageFileDirectory_v2()
    directory[256] = 10
    file = BytesIO(b"II*\x00\x08\x00\x00\x00")
    file.seek(8)
    directory.save(file)

    decoded = decode(file.getvalue())

    assert decoded.status is Status.CORRUPT
    assert decoded.problem.startswith("broken TIFF: ")


@pytest.mark.skipif(HAS_HEIF, reason="pillow-heif is installed here")
def test_heic_without_its_extra_names_the_extra() -> None:
    decoded = decode(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")

    assert (decoded.status, decoded.problem) == (
        Status.UNSUPPORTED,
        "a HEIC image: pip install labelprep[heic]",
    )


@pytest.mark.skipif(not HAS_HEIF, reason="needs the heic extra")
def test_heic_is_decoded_with_its_extra() -> None:
    import pillow_heif  # noqa: PLC0415 - an extra

    file = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), (200, 100, 50))).save(file, quality=-1)

    decoded = decode(file.getvalue())

    assert (decoded.status, decoded.format, decoded.width_px, decoded.height_px) == (
        Status.OK,
        "heic",
        64,
        48,
    )
    assert np.abs(pixels_of(decoded).astype(int) - (200, 100, 50)).max() < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO", "JPEG2000"])
@given(data=st.data())
@settings(max_examples=40)
def test_broken_bytes_never_raise(kind: str, data: st.DataObject) -> None:
    broken = bytearray(saved(pattern(), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.integers(0, len(broken)))]

    decoded = decode(bytes(broken), at_least=4, pixel_limit=1_000_000)

    assert (decoded.picture is not None) == (decoded.status in TRAINABLE)
    assert bool(decoded.problem) == (decoded.status is not Status.OK)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deep_rgb_png(pixels: list[tuple[int, int, int]], transparent: tuple[int, int, int]) -> bytes:
    """Write one row of 16-bit RGB, which Pillow cannot."""
    row = b"\x00" + b"".join(struct.pack(">HHH", *pixel) for pixel in pixels)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", len(pixels), 1, 16, 2, 0, 0, 0)),
            chunk(b"tRNS", struct.pack(">HHH", *transparent)),
            chunk(b"IDAT", zlib.compress(row)),
            chunk(b"IEND", b""),
        )
    )
