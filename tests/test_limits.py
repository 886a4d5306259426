"""Limits of what is read: chosen at a scan, kept with the manifest, held by what reads originals later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import PixelsError
from labelprep.manifest.store import open_store
from labelprep.pixels.fitting import fitted_pixels
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.reading import MAX_BYTES
from labelprep.workflows.limits import Limits
from pictures import draw, png
from running import rows

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

STATUSES = "SELECT path, status FROM image ORDER BY path"


@pytest.fixture
def manifest(work: Path) -> Path:
    """Draw a small and a larger picture; return where their manifest will be."""
    draw(work / "imgs/large.png", 1, size_wh=(40, 30))
    draw(work / "imgs/small.png", 2, size_wh=(8, 8))
    return work / "manifest.db"


def test_a_limit_holds_until_another_is_given(manifest: Path, command: Command) -> None:
    found = []
    for options in (["--max-pixels", "1000"], [], ["--max-pixels", "1200"], ["--max-pixels", "63"]):
        command("scan", "imgs", *options)
        found.append(dict(rows(manifest, STATUSES)))

    assert found == [
        {"large.png": "too_large", "small.png": "ok"},
        {"large.png": "too_large", "small.png": "ok"},
        {"large.png": "ok", "small.png": "ok"},
        {"large.png": "too_large", "small.png": "too_large"},
    ]


def test_bytes_have_a_limit_too(manifest: Path, command: Command) -> None:
    size_bytes = (manifest.parent / "imgs/small.png").stat().st_size

    command("scan", "imgs", "--max-bytes", str(size_bytes))

    assert dict(rows(manifest, STATUSES)) == {"large.png": "too_large", "small.png": "ok"}


def test_other_limits_read_only_what_they_concern(manifest: Path, command: Command) -> None:
    command("scan", "imgs")
    with open_store(manifest) as store, store.writing() as connection:
        connection.execute("UPDATE image SET brightness = 9")

    command("scan", "imgs", "--max-pixels", "1000")

    figures = dict(rows(manifest, "SELECT path, brightness FROM image"))
    assert figures == {"large.png": None, "small.png": 9.0}


def test_without_options_the_limits_are_those_of_the_reader(manifest: Path, command: Command) -> None:
    command("scan", "imgs")

    kept = dict(rows(manifest, "SELECT key, value FROM meta WHERE key LIKE 'max_%'"))

    assert kept == {"max_bytes": str(MAX_BYTES), "max_pixels": str(PIXEL_LIMIT)}
    assert Limits().as_options() == {"max_bytes": MAX_BYTES, "pixel_limit": PIXEL_LIMIT}


def test_what_is_fed_from_originals_holds_the_limit() -> None:
    assert fitted_pixels(png(), 8, 3, "crop", 64).shape == (8, 8, 3)
    with pytest.raises(PixelsError, match="8 × 8 pixels are more than the limit of 63 pixels"):
        fitted_pixels(png(), 8, 3, "crop", 63)
