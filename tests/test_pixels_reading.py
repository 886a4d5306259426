"""Facts of one file, from one read."""

from __future__ import annotations

import hashlib
import os
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from labelprep.model.images import Status
from labelprep.pixels.decoding import decode
from labelprep.pixels.fingerprints import FINGERPRINT_BYTES, look_of
from labelprep.pixels.reading import Facts, ReadOptions, Unreadable, read_bytes, read_facts

if TYPE_CHECKING:
    from pathlib import Path


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return a smooth picture with detail, as photos are."""
    coarse = np.random.default_rng(seed).integers(
        0, 255, (height // 16 + 2, width // 16 + 2, 3), dtype=np.uint8
    )
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def written(path: Path, picture: Image.Image, **options: Any) -> Path:  # noqa: ANN401 - Pillow's own options
    picture.save(path, **options)
    return path


def test_facts_of_a_small_plain_jpeg(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", photo(300, 200))

    facts, proxy = read_facts(str(path))

    there = path.stat()
    assert proxy is None
    assert facts == Facts(
        status=Status.OK,
        format="jpeg",
        mode="RGB",
        channels=3,
        frames=1,
        width_px=300,
        height_px=200,
        size_bytes=there.st_size,
        mtime_ns=there.st_mtime_ns,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        fingerprint=facts.fingerprint,
        brightness=facts.brightness,
        sharpness=facts.sharpness,
        low=facts.low,
        high=facts.high,
        contrast=facts.contrast,
        flatness=facts.flatness,
        focus=facts.focus,
        own_proxy=True,
    )
    assert facts.fingerprint is not None
    assert (len(facts.fingerprint), facts.fingerprint[0]) == (FINGERPRINT_BYTES, 1)


def test_facts_survive_json(tmp_path: Path) -> None:
    facts, _ = read_facts(str(written(tmp_path / "a.png", photo(20, 20))))

    assert Facts.from_json(facts.as_json()) == facts
    assert Facts.from_json({"status": "corrupt", "problem": "crashed"}) == Facts(Status.CORRUPT, "crashed")


@pytest.mark.parametrize(
    ("name", "size_wh", "options"),
    [
        ("large.jpg", (1000, 800), {}),
        ("progressive.jpg", (300, 200), {"progressive": True}),
        ("picture.bmp", (300, 200), {}),
        ("heavy.png", (400, 300), {}),
    ],
)
def test_large_and_other_files_get_a_proxy(
    tmp_path: Path, name: str, size_wh: tuple[int, int], options: dict[str, Any]
) -> None:
    noise = np.random.default_rng(1).integers(0, 120, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    picture = Image.fromarray(np.asarray(photo(*size_wh)) // 2 + noise)

    facts, proxy = read_facts(str(written(tmp_path / name, picture, **options)))

    assert (facts.status, facts.own_proxy) == (Status.OK, False)
    assert proxy is not None
    stand_in = Image.open(BytesIO(proxy))
    assert min(stand_in.size) == min(256, *size_wh)
    assert stand_in.mode == "RGB"


def test_proxy_of_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = written(tmp_path / "a.jpg", photo(900, 600), exif=exif.tobytes())

    facts, proxy = read_facts(str(path))

    assert proxy is not None
    assert (facts.width_px, facts.height_px, facts.exif_orientation) == (600, 900, 6)
    assert facts.notes == ("EXIF orientation 6: turned upright",)
    assert Image.open(BytesIO(proxy)).size == (256, 384)


@pytest.mark.parametrize(
    ("name", "kind", "note"),
    [
        ("a.jpg", "PNG", ("PNG named .jpg",)),
        ("a", "PNG", ("PNG without an extension",)),
        ("A.JPEG", "JPEG", ()),
        ("a.jfif", "JPEG", ()),
    ],
)
def test_extension_of_another_format_is_noted(
    tmp_path: Path, name: str, kind: str, note: tuple[str, ...]
) -> None:
    path = written(tmp_path / name, photo(20, 20), format=kind)

    assert read_facts(str(path))[0].notes == note


def test_channels_tell_grey_from_colour(tmp_path: Path) -> None:
    grey = written(tmp_path / "grey.jpg", photo(40, 40).convert("L"))
    colour = written(tmp_path / "colour.jpg", photo(40, 40))
    palette = written(tmp_path / "palette.gif", photo(40, 40).convert("L"))

    assert [read_facts(str(path))[0].channels for path in (grey, colour, palette)] == [1, 3, 1]


def test_broken_file_keeps_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"<html>not found</html>")

    facts, proxy = read_facts(str(path))

    assert proxy is None
    assert (facts.status, facts.format, facts.size_bytes) == (Status.CORRUPT, "html", 22)
    assert facts.problem == "an HTML page, not an image: download the image again"
    assert facts.sha256 == hashlib.sha256(b"<html>not found</html>").hexdigest()


def test_missing_file_cannot_be_read(tmp_path: Path) -> None:
    facts, _ = read_facts(str(tmp_path / "none.jpg"))

    assert facts.status is Status.CORRUPT
    assert facts.problem.startswith("cannot be read: ")


def test_name_with_a_zero_byte_cannot_be_read() -> None:
    facts, _ = read_facts("a\x00.jpg")

    assert facts.problem.startswith("cannot be read: ")


def test_folder_is_not_a_regular_file(tmp_path: Path) -> None:
    assert read_facts(str(tmp_path))[0].problem == "not a regular file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_fifo_is_not_opened(tmp_path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "a.jpg")

    assert read_facts(str(tmp_path / "a.jpg"))[0].problem == "not a regular file"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows names are Unicode")
def test_name_that_is_not_unicode_is_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png")
    with open(path, "wb") as file:  # noqa: PTH123 - a name that is not Unicode
        photo(10, 10).save(file, "PNG")

    assert read_facts(path)[0].status is Status.OK


def test_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.truncate(5 << 30)

    facts, _ = read_facts(str(path))

    assert facts.status is Status.TOO_LARGE
    assert facts.problem == "5,368,709,120 bytes are more than the limit of 1,073,741,824 bytes"
    assert facts.size_bytes == 5 << 30


def test_limits_are_options(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", photo(20, 20))

    assert read_facts(str(path), ReadOptions(max_bytes=10))[0].status is Status.TOO_LARGE
    assert read_facts(str(path), ReadOptions(pixel_limit=399))[0].status is Status.TOO_LARGE
    assert read_facts(str(path), ReadOptions(pixel_limit=400))[0].status is Status.OK


def test_reading_leaves_the_file_and_its_times_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", photo(20, 20))
    os.utime(path, ns=(1_000_000_007, 2_000_000_011))

    content = read_bytes(str(path))

    assert content.mtime_ns == path.stat().st_mtime_ns
    assert content.data == path.read_bytes()


def test_unreadable_says_what_is_known(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", photo(20, 20))

    with pytest.raises(Unreadable) as caught:
        read_bytes(str(path), max_bytes=1)

    assert caught.value.facts.size_bytes == path.stat().st_size


def bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def test_fingerprint_can_be_found_again_from_the_proxy(tmp_path: Path) -> None:
    facts, proxy = read_facts(str(written(tmp_path / "a.jpg", photo(1200, 900))))

    assert proxy is not None
    assert facts.fingerprint is not None
    picture = decode(proxy).picture
    assert picture is not None
    assert bits_apart(look_of(picture).fingerprint, facts.fingerprint) <= 4


def test_fingerprint_is_near_for_copies_and_far_for_others() -> None:
    one, other = look_of(photo(300, 200, seed=1)), look_of(photo(300, 200, seed=2))
    smaller = look_of(photo(300, 200, seed=1).resize((210, 140), Image.Resampling.BICUBIC))

    assert bits_apart(one.fingerprint, smaller.fingerprint) <= 12
    assert bits_apart(one.fingerprint, other.fingerprint) > 60


def test_fingerprint_of_a_flat_picture_has_no_dust() -> None:
    looks = [
        look_of(Image.new("L", size, grey)) for size, grey in (((7, 300), 0), ((128, 171), 255), ((1, 1), 99))
    ]

    assert {look.fingerprint for look in looks} == {b"\x01" + bytes(24)}
    assert [look.brightness for look in looks] == [0.0, 1.0, 99 / 255]
    assert {look.sharpness for look in looks} == {0.0}


def test_fingerprint_bits_stand_in_their_order() -> None:
    ramp = Image.fromarray(np.tile(np.arange(72, dtype=np.uint8) * 3, (72, 1)))

    fingerprint = look_of(ramp).fingerprint

    assert fingerprint[1:9] == b"\xff" * 8
    assert fingerprint[9:17] == bytes(8)


def test_sharpness_falls_with_blur_and_matches_its_formula() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 100), dtype=np.uint8))
    values = np.asarray(picture).astype(float)
    edges = (
        values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * values[1:-1, 1:-1]
    )

    sharp, blurred = look_of(picture), look_of(picture.filter(ImageFilter.GaussianBlur(3)))

    assert sharp.sharpness == pytest.approx(edges.var())
    assert blurred.sharpness < sharp.sharpness / 4


def test_focus_falls_with_blur_and_not_with_contrast() -> None:
    random = np.random.default_rng(4)
    coarse = Image.fromarray(random.integers(0, 255, (40, 40), dtype=np.uint8))
    sharp = coarse.resize((320, 320), Image.Resampling.NEAREST)
    pale = sharp.point(lambda grey: 120 + grey // 8)
    blurred = sharp.filter(ImageFilter.GaussianBlur(5))

    found = [look_of(picture).focus for picture in (sharp, pale, blurred, Image.new("L", (50, 50), 9))]

    assert min(found[:2]) > 0.4
    assert abs(found[0] - found[1]) < 0.05
    assert found[2] < 0.15
    assert found[3] == 0
