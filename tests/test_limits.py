"""Limits of what is read: chosen at a scan, kept with the manifest, held by what reads originals later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from labelprep.errors import PixelsError
from labelprep.manifest.store import open_store
from labelprep.pixels.fitting import fitted_pixels
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.reading import MAX_BYTES
from labelprep.pixels.thumbnails import thumbnail_jpeg
from labelprep.pixels.thumbs import thumb_of
from labelprep.pixels.works import WORKS
from labelprep.progress import Silent
from labelprep.workflows.contents import Contents, Thumbnails
from labelprep.workflows.limits import Limits, keep_limits
from labelprep.workflows.thumbnails import thumbnails
from labelprep.workflows.views import CROP, search_views
from pictures import draw, png
from running import rows, scan

if TYPE_CHECKING:
    from collections.abc import Callable
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


@pytest.mark.parametrize("taken", [thumb_of, thumbnail_jpeg])
def test_small_pictures_are_not_made_of_what_is_too_large(taken: Callable[[bytes, int, int], bytes]) -> None:
    assert taken(png(), 16, 64)
    with pytest.raises(PixelsError, match="8 × 8 pixels are more than the limit of 63 pixels"):
        taken(png(), 16, 63)


@pytest.mark.parametrize("name", ["thumb", "thumbnail", "views"])
def test_workers_hold_the_limit_when_they_look_again(manifest: Path, name: str) -> None:
    path = manifest.parent / "imgs/small.png"
    facts = path.stat()
    source = [str(path), facts.st_size, facts.st_mtime_ns, None]
    options = {"cache": str(manifest.parent), "side": 16, "views": "crops"}

    within, _ = WORKS[name]({**options, "pixel_limit": 64}).do(source)
    beyond, _ = WORKS[name]({**options, "pixel_limit": 63}).do(source)

    assert (within["status"], beyond["status"]) == ("ok", "corrupt")
    assert "63 pixels" in beyond["problem"]


def test_what_looks_at_pictures_again_hands_the_limit_on(manifest: Path) -> None:
    scan(manifest.parent / "imgs", manifest)
    with open_store(manifest) as store:
        with store.writing():
            keep_limits(store, Limits(max_pixels=100))
        contents = Contents(store, CROP)
        with Thumbnails(contents, Silent(), 1) as found:
            found.of(np.arange(2))
            lost = [contents.ids[number] for number in found.lost]
        shown = thumbnails(store, [1, 2], 16, Silent())
        search_views(store, CROP, workers=1)
        compared = rows(store, "SELECT path FROM near_search JOIN image USING (sha256) WHERE level = 2")

    (large,) = rows(manifest, "SELECT id FROM image WHERE path = 'large.png'")
    assert lost == [large]
    assert large not in shown
    assert len(shown) == 1
    assert compared == ["small.png"]
