"""How fast a network is fed, against ``keras.utils.image_dataset_from_directory`` on the same files.

``python benchmarks/feed.py [--runs 5] [--from mnist.npz] [0.2 0.75 12 28px]``: pictures of these megapixels
at 224 px in batches of 32, and 28 px pictures in batches of 128. One run is a pass of Keras's loader, one
from packed proxies and one from the raw array, each timed to its last batch. Given is the median over the
runs of the ratio within a run: by the wall clock, and by CPU time, which a busy machine spoils less.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image
from scan import machine, photos

from labelprep.ml.backend import keras
from labelprep.ml.batches import batches
from labelprep.ml.samples import Samples
from labelprep.pixels.arrays import array_path
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.feeding import ArraySource, PackSource, PixelSource
from labelprep.pixels.fitting import ArrayShape, original_pixels
from labelprep.pixels.reading import Facts
from labelprep.pixels.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

# More than fits into the processor's caches, as in a real training.
ARRAY_BYTES = 400_000_000
LEAST_PROXIES = 640


@dataclass(frozen=True)
class Case:
    """One kind of picture and how it is fed; ``wanted``: least ratio to Keras from proxies, from arrays."""

    name: str
    size_wh: tuple[int, int]
    images: int
    shape: ArrayShape
    batch_size: int
    wanted: tuple[float | None, float | None]


PHOTO = ArrayShape(224, 224, 3, "crop")
CASES = {
    "0.2": Case("0.2 Mpx", (540, 380), 400, PHOTO, 32, (None, 20)),
    "0.75": Case("0.75 Mpx", (1000, 750), 200, PHOTO, 32, (3.5, None)),
    "12": Case("12 Mpx", (4000, 3000), 24, PHOTO, 32, (40, None)),
    "28px": Case("28 px", (28, 28), 10_000, ArrayShape(28, 28, 1, "crop"), 128, (None, 7)),
}


def main() -> None:
    """Measure and print every case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--from", dest="digits", type=Path, help="an .npz of MNIST for the 28 px pictures")
    arguments = parser.parse_args()
    print(f"{machine()}, Keras {keras.__version__}")
    for name in arguments.cases:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            report(CASES[name], Path(folder), arguments.runs, arguments.digits)


def report(case: Case, folder: Path, runs: int, digits: Path | None) -> None:
    """Make one case's pictures, time the three feeds and print rates and ratios."""
    paths = pictures(case, folder / "images", digits)
    side_px, colours = case.shape.height, "rgb" if case.shape.channels == 3 else "grayscale"
    theirs = keras.utils.image_dataset_from_directory(
        folder / "images",
        image_size=(side_px, side_px),
        batch_size=case.batch_size,
        color_mode=colours,
        seed=0,
        verbose=False,
    )
    rows = ARRAY_BYTES // case.shape.row_bytes
    # A pass over a few pictures would time its own start: their proxies come again and again.
    decoded = max(len(paths), LEAST_PROXIES)
    packed = fed(proxies(paths, folder / "cache", case.shape), np.arange(decoded) % len(paths), case)
    raw = fed(array(paths, folder / "cache", case.shape, rows), np.arange(rows), case)
    feeds = {"Keras": (theirs, len(paths)), "proxies": (packed, decoded), "arrays": (raw, rows)}
    for feed, images in feeds.values():
        timed(feed, images)
    show(case, len(paths), [{name: timed(*feed) for name, feed in feeds.items()} for _ in range(runs)])


def show(case: Case, images: int, rows: list[dict[str, tuple[float, float]]]) -> None:
    """Print the median rates, and the median ratios to Keras's loader."""
    print(f"\n{case.name}: {images} files, batches of {case.batch_size}, median of {len(rows)} runs")
    for name, wanted in zip(("Keras", "proxies", "arrays"), (None, *case.wanted), strict=True):
        cpu, wall = (statistics.median(row[name][at] for row in rows) for at in (0, 1))
        times = [statistics.median(row[name][at] / row["Keras"][at] for row in rows) for at in (0, 1)]
        goal = f" (wanted: {wanted})" if wanted else ""
        rates = f"{cpu:9,.0f} images a CPU-second, {wall:9,.0f} a second"
        print(f"  {name:8} {rates}: {times[0]:6.1f} and {times[1]:6.1f} times Keras{goal}")


def fed(source: PixelSource, rows: np.ndarray, case: Case) -> Iterable[Any]:
    """Return rows of a source as labelprep feeds them to a training."""
    samples = Samples([""] * len(rows), np.zeros(len(rows), np.int32), rows, source)
    return cast("Iterable[Any]", batches(samples, batch_size=case.batch_size, shuffle=True))


def timed(feed: Iterable[Any], images: int) -> tuple[float, float]:
    """Return images a CPU-second and a second of one pass."""
    wall, cpu = time.perf_counter(), time.process_time()
    seen = sum(int(labels.shape[0]) for _, labels in feed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if seen != images:
        raise SystemExit(f"{seen} images came instead of {images}")
    return images / cpu, images / wall


def pictures(case: Case, folder: Path, digits: Path | None) -> list[str]:
    """Write a case's pictures into two class folders and return their paths."""
    paths = []
    for number in range(2):
        part = folder / f"class{number}"
        part.mkdir(parents=True)
        paths += (
            drawn_digits(part, case.images // 2, digits)
            if case.shape.channels == 1
            else photos(part, case.images // 2, case.size_wh)
        )
    return paths


def drawn_digits(folder: Path, count: int, digits: Path | None) -> list[str]:
    """Write small grey pictures as PNG: MNIST's where it is at hand, else soft blots much like them."""
    if digits is None:
        random = np.random.default_rng(0)
        coarse = random.integers(0, 256, (count, 5, 5), dtype=np.uint8) * (random.random((count, 5, 5)) < 0.3)
        shapes = [
            Image.fromarray(blot.astype(np.uint8)).resize((28, 28), Image.Resampling.BILINEAR)
            for blot in coarse
        ]
    else:
        with np.load(digits) as arrays:
            shapes = [Image.fromarray(digit) for digit in arrays["x_test"][:count]]
    paths = [str(folder / f"{number:05}.png") for number in range(count)]
    for shape, path in zip(shapes, paths, strict=True):
        shape.save(path)
    return paths


def proxies(paths: list[str], cache: Path, shape: ArrayShape) -> PixelSource:
    """Scan the files, as ``labelprep scan`` does, and return a source of their proxies."""
    with LocalEngine() as engine:
        work = Work("scan", {"cache": str(cache)})
        items = [Batch(at, paths[at : at + 64]) for at in range(0, len(paths), 64)]
        done = {batch.number: batch.results for batch in engine.run(items, work)}
    facts = [Facts.from_json(result.value) for number in sorted(done) for result in done[number]]
    sources = [
        Source(path, fact.size_bytes or 0, fact.mtime_ns or 0, fact.proxy)
        for path, fact in zip(paths, facts, strict=True)
    ]
    return PackSource(sources, shape, cache)


def array(paths: list[str], cache: Path, shape: ArrayShape, rows: int) -> PixelSource:
    """Write a raw array of the pictures, again and again up to ``rows``, and return a source of it."""
    fitted = [
        original_pixels(Path(path).read_bytes(), (shape.height, shape.width), shape.channels, shape.fit)
        for path in paths
    ]
    file = array_path(cache, shape)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        for row in range(rows):
            out.write(fitted[row % len(fitted)].tobytes())
    return ArraySource(file, shape, rows)


if __name__ == "__main__":
    main()
