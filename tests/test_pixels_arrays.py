"""Arrays, packs and originals feed the same pixels."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.pixels.arrays import Job, array_path, extend_array, fill_array, open_array
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.feeding import ArraySource, PackSource
from labelprep.pixels.fitting import ArrayShape, needs_original, original_pixels
from labelprep.pixels.reading import Facts
from labelprep.pixels.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHAPE = ArrayShape(24, 24, 3)


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine(workers=2) as running:
        yield running


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Return a large photo, a small one, a GIF and a grey PNG."""
    random = np.random.default_rng(0)
    found = []
    for name, size_wh in (
        ("a.jpg", (900, 600)),
        ("b.jpg", (90, 60)),
        ("c.gif", (40, 50)),
        ("d.png", (24, 24)),
    ):
        coarse = random.integers(0, 255, (9, 9, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize(size_wh, Image.Resampling.BICUBIC)
        (picture.convert("L") if name == "d.png" else picture).save(tmp_path / name)
        found.append(str(tmp_path / name))
    return found


def sources(engine: LocalEngine, paths: list[str], cache: Path, shape: ArrayShape = SHAPE) -> list[Source]:
    """Scan the paths, and return where their pixels are read for the shape."""
    done = next(engine.run([Batch(0, paths)], Work("scan", {"cache": str(cache)})))
    facts = [Facts.from_json(result.value) for result in done.results]
    is_large = needs_original((shape.height, shape.width))
    return [
        Source(path, fact.size_bytes or 0, fact.mtime_ns or 0, None if is_large else fact.proxy)
        for path, fact in zip(paths, facts, strict=True)
    ]


def filled(
    engine: LocalEngine, given: list[Source], cache: Path, shape: ArrayShape = SHAPE
) -> list[dict[str, object]]:
    file = array_path(cache, shape)
    extend_array(file, shape, len(given))
    jobs = [Job(row, source) for row, source in enumerate(given)]
    return sorted(fill_array(file, shape, jobs, engine), key=lambda done: str(done["row"]))


@pytest.mark.parametrize("shape", [SHAPE, ArrayShape(20, 30, 1, "pad"), ArrayShape(300, 280, 3, "stretch")])
def test_array_packs_and_new_files_give_equal_pixels(
    tmp_path: Path, engine: LocalEngine, paths: list[str], shape: ArrayShape
) -> None:
    cache = tmp_path / "cache"
    given = sources(engine, paths, cache, shape)

    done = filled(engine, given, cache, shape)

    rows = np.array([3, 0, 2, 1, 0])
    array = ArraySource(array_path(cache, shape), shape, len(paths))
    packs = PackSource(given, shape, cache, threads=2)
    size = (shape.height, shape.width)
    fresh = [original_pixels(read(paths[row]), size, shape.channels, shape.fit) for row in rows]
    assert [(each["row"], each["status"]) for each in done] == [(0, "ok"), (1, "ok"), (2, "ok"), (3, "ok")]
    assert array.read(rows).shape == (5, shape.height, shape.width, shape.channels)
    assert np.array_equal(array.read(rows), np.stack(fresh))
    assert np.array_equal(packs.read(rows), np.stack(fresh))
    out = np.zeros_like(array.read(rows))
    array.read_into(rows, out)
    assert np.array_equal(out, np.stack(fresh))
    array.close()
    packs.close()


def test_prediction_through_the_engine_gives_the_same_pixels(
    tmp_path: Path, engine: LocalEngine, paths: list[str]
) -> None:
    options = {"height": 24, "width": 20, "channels": 3, "fit": "crop"}

    done = next(engine.run([Batch(0, [*paths, str(tmp_path / "none.jpg")])], Work("pixels", options)))

    for path, result in zip(paths, done.results, strict=False):
        pixels = np.frombuffer(result.payload, np.uint8).reshape(24, 20, 3)
        assert np.array_equal(pixels, original_pixels(read(path), (24, 20), 3))
    missing = done.results[-1]
    assert (missing.value["status"], missing.payload) == ("corrupt", b"")
    assert missing.value["problem"].startswith("cannot be read: ")


def test_proxies_are_made_again(tmp_path: Path, engine: LocalEngine, paths: list[str]) -> None:
    before = sources(engine, paths, tmp_path / "one")

    done = next(engine.run([Batch(0, paths)], Work("proxy", {"cache": str(tmp_path / "two")})))

    again = [
        replace(source, proxy=Facts.from_json({**EMPTY, "proxy": result.value["proxy"]}).proxy)
        for source, result in zip(before, done.results, strict=True)
    ]
    assert [result.value["own_proxy"] for result in done.results] == [False, True, False, True]
    rows = np.arange(4)
    assert np.array_equal(
        PackSource(before, SHAPE, tmp_path / "one").read(rows),
        PackSource(again, SHAPE, tmp_path / "two").read(rows),
    )


EMPTY = {"status": "ok"}


def test_original_that_changed_or_went_is_a_status(
    tmp_path: Path, engine: LocalEngine, paths: list[str]
) -> None:
    given = sources(engine, paths, tmp_path / "cache")
    os.utime(paths[1], ns=(1, 1))
    os.unlink(paths[3])  # noqa: PTH108 - a path of text

    done = filled(engine, given, tmp_path / "cache")

    assert [(each["row"], each["status"]) for each in done] == [
        (0, "ok"),
        (1, "missing"),
        (2, "ok"),
        (3, "missing"),
    ]
    assert done[1]["problem"] == "is not the file that was scanned: its size or time changed"


def test_packs_stop_at_an_original_that_changed_and_name_it(
    tmp_path: Path, engine: LocalEngine, paths: list[str]
) -> None:
    given = sources(engine, paths, tmp_path / "cache")
    os.utime(paths[1], ns=(1, 1))
    packs = PackSource(given, SHAPE, tmp_path / "cache")

    with pytest.raises(PixelsError) as caught:
        packs.read(np.array([0, 1]))

    assert caught.value.where == paths[1]
    assert caught.value.fix == "run labelprep scan again"
    packs.close()


def test_rows_that_are_filled_stay_when_more_are_added(
    tmp_path: Path, engine: LocalEngine, paths: list[str]
) -> None:
    cache = tmp_path / "cache"
    given = sources(engine, paths, cache)
    file = array_path(cache, SHAPE)
    filled(engine, given[:2], cache)
    before = np.array(open_array(file, SHAPE, 2))

    extend_array(file, SHAPE, 4)
    extend_array(file, SHAPE, 1)
    list(fill_array(file, SHAPE, [Job(3, given[3])], engine))

    assert file.stat().st_size == 4 * SHAPE.row_bytes
    assert np.array_equal(open_array(file, SHAPE, 2), before)
    assert open_array(file, SHAPE, 4)[2].max() == 0
    assert open_array(file, SHAPE, 4)[3].max() > 0


def test_array_file_is_named_by_what_decides_its_pixels(tmp_path: Path) -> None:
    assert array_path(tmp_path, ArrayShape(224, 200, 3, "pad")) == tmp_path / "arrays" / "224x200x3-pad-v1.u8"


def test_array_is_read_only(tmp_path: Path) -> None:
    file = array_path(tmp_path, SHAPE)
    extend_array(file, SHAPE, 1)

    with pytest.raises(ValueError, match="read-only"):
        open_array(file, SHAPE, 1)[0] = 1


def test_rows_beyond_the_array_are_an_error(tmp_path: Path) -> None:
    file = array_path(tmp_path, SHAPE)
    extend_array(file, SHAPE, 2)
    array = ArraySource(file, SHAPE, 2)

    with pytest.raises(IndexError):
        array.read(np.array([2]))
    with pytest.raises(IndexError, match="rows 0 to 2 are not all in 0 to 1"):
        array.read_into(np.array([0, 2]), np.empty((2, 24, 24, 3), np.uint8))


def test_array_that_is_gone_or_short_says_so(tmp_path: Path) -> None:
    file = array_path(tmp_path, SHAPE)
    extend_array(file, SHAPE, 1)

    assert open_array(tmp_path / "none.u8", SHAPE, 0).shape == (0, 24, 24, 3)
    with pytest.raises(PixelsError, match="the array cannot be used"):
        open_array(file, SHAPE, 2)
    with pytest.raises(PixelsError, match=r"none\.u8: the array cannot be used"):
        open_array(tmp_path / "none.u8", SHAPE, 1)


def test_array_larger_than_the_disk_is_refused_before_it_is_made(tmp_path: Path) -> None:
    file = array_path(tmp_path, SHAPE)

    with pytest.raises(PixelsError) as caught:
        extend_array(file, SHAPE, 1 << 40)

    assert "rows need" in caught.value.problem
    assert caught.value.fix == "free disk space, or choose a smaller --image-size"
    assert file.stat().st_size == 0


def read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - a path of text
        return file.read()
