"""What EXIF tells: how a picture stands, with what and when it was taken, and nothing where it is damaged."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labelprep.manifest.store import open_store
from labelprep.pixels.exif import NOTHING, PREFIX, Exif, read_exif
from labelprep.pixels.reading import read_facts
from running import rows, scan

if TYPE_CHECKING:
    from pathlib import Path

MAKE, MODEL, ORIENTATION, MORE, TAKEN, FRACTION, SERIAL = 0x10F, 0x110, 0x112, 0x8769, 0x9003, 0x9291, 0xA431
WHOLE = Exif(6, "Canon EOS R5 0123", "2024-05-01T12:34:56.78")


def exif(**changes: object) -> Image.Exif:
    """Return EXIF of one camera, with some values otherwise."""
    values = {"make": "Canon", "model": "Canon EOS R5", "taken": "2024:05:01 12:34:56", **changes}
    block = Image.Exif()
    block[MAKE], block[MODEL], block[ORIENTATION] = values["make"], values["model"], 6
    block.get_ifd(MORE).update({TAKEN: values["taken"], FRACTION: "78", SERIAL: "0123"})
    return block


def block(**changes: object) -> bytes:
    """Return the same as bytes, from the TIFF header on."""
    return exif(**changes).tobytes().removeprefix(PREFIX)


def test_camera_and_time_are_read() -> None:
    assert read_exif(block()) == WHOLE


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif"])
def test_every_format_that_holds_exif_tells_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.new("RGB", (8, 4), (90, 20, 30)).save(path, exif=exif())

    facts, _ = read_facts(str(path))

    assert (facts.exif_orientation, facts.camera, facts.taken_at) == (
        WHOLE.orientation,
        WHOLE.camera,
        WHOLE.taken_at,
    )


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00", "soon"]
)
def test_a_clock_that_was_never_set_says_nothing(taken: str) -> None:
    assert read_exif(block(taken=taken)).taken_at is None


def test_a_maker_that_the_model_does_not_repeat_is_said() -> None:
    assert read_exif(block(make="NIKON", model="D90")).camera == "NIKON D90 0123"


def test_what_cannot_be_printed_is_left_out() -> None:
    assert read_exif(block(make="", model="A\x07B \n C")).camera == "A B C 0123"


@given(st.integers(0, 400), st.binary(max_size=6))
def test_damaged_blocks_are_read_as_far_as_they_go(at: int, noise: bytes) -> None:
    damaged = block()[:at] + noise + block()[at + len(noise) :]

    found = read_exif(damaged)

    assert 1 <= found.orientation <= 8


@pytest.mark.parametrize(
    "raw", [b"", b"II", b"MM\0*\xff\xff\xff\xff", b"XX*\0\x08\0\0\0", b"II*\0\x08\0\0\0"]
)
def test_no_block_at_all_says_nothing(raw: bytes) -> None:
    assert read_exif(raw) == NOTHING


def test_a_directory_that_points_at_itself_ends() -> None:
    header = b"II*\0\x08\0\0\0"
    entry = (1).to_bytes(2, "little") + MORE.to_bytes(2, "little") + b"\x04\0\x01\0\0\0\x08\0\0\0"

    assert read_exif(header + entry) == NOTHING


def test_a_scan_keeps_camera_and_time_and_tones(work: Path) -> None:
    (work / "imgs").mkdir()
    half = Image.new("L", (40, 40), 0)
    half.paste(255, (0, 0, 20, 40))
    file = BytesIO()
    half.convert("RGB").save(file, "PNG", exif=exif())
    (work / "imgs/a.png").write_bytes(file.getvalue())

    scan(work / "imgs")

    columns = "camera, taken_at, low, high, contrast, flatness, brightness"
    assert rows(work / "manifest.db", f"SELECT {columns} FROM image") == [  # noqa: S608 - columns of this file
        (WHOLE.camera, WHOLE.taken_at, 0.0, 1.0, 0.5, 1.0, 0.5)
    ]


def test_images_of_an_older_labelprep_are_read_again(work: Path) -> None:
    (work / "imgs").mkdir()
    Image.new("RGB", (8, 8)).save(work / "imgs/a.png")
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store, store.writing() as connection:
        connection.execute("UPDATE image SET low = NULL")

    scan(work / "imgs")

    assert rows(work / "manifest.db", "SELECT low FROM image") == [0.0]
