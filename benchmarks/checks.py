"""How fast `check` reads a manifest: every check over generated facts, beside counting the images alone.

``python benchmarks/checks.py [--images 100000 …] [--runs 3]``: a manifest of so many images is made without a
picture (100 classes, splits, one statement each, fingerprints at random), and checked in its own process
with the search for near duplicates (first) and without it (again). Given are medians of the wall clock and of
CPU-seconds, the greatest memory, and the ratio to a bare ``SELECT`` over all columns.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import facts, load, peak_mb

from labelprep.manifest import journal
from labelprep.manifest.store import create, open_store
from labelprep.pixels.fingerprints import FINGERPRINT_VERSION
from labelprep.progress import Silent
from labelprep.workflows.checking import CheckOptions, check_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = 100
COLUMNS = (
    "id", "path", "status", "format", "mode", "channels", "frames", "width_px", "height_px",
    "exif_orientation", "size_bytes", "mtime_ns", "sha256", "fingerprint", "brightness", "sharpness",
    "low", "high", "contrast", "flatness", "decoder_version", "split", "label", "labels", "label_source",
    "added_by",
)  # fmt: skip


def main() -> None:
    """Measure one manifest, or make them and start a process for each run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, nargs="*", default=[100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of is not None:
        print(json.dumps(measured(given.of)))
        return
    print(facts())
    for images in given.images:
        tell(images, given.runs)


def tell(images: int, runs: int) -> None:
    """Print the figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.db"
        make(made, images)
        found: list[dict[str, Any]] = []
        for run in range(runs):
            copy = Path(folder) / f"{run}.db"
            shutil.copy(made, copy)
            output = subprocess.run(
                [sys.executable, __file__, "--of", str(copy)], check=True, capture_output=True, text=True
            )
            found.append(json.loads(output.stdout))
    print(f"\n{images:,} images, median of {runs} runs, load {load()}")
    bare = statistics.median(run["bare"]["cpu"] for run in found)
    for name in ("bare", "first", "again"):
        wall, cpu = (statistics.median(run[name][key] for run in found) for key in ("wall", "cpu"))
        print(f"  {name:<6} {wall:7.1f} s  {cpu:7.1f} CPU-s  {cpu / bare:5.1f} times the bare loop")
    print(f"  greatest memory {max(run['mb'] for run in found):,.0f} MB")


def measured(manifest: Path) -> dict[str, Any]:
    """Return seconds of a bare loop, of a first check and of another, and the greatest memory."""
    with open_store(manifest) as store:
        result: dict[str, Any] = {}
        for name in ("bare", "first", "again"):
            wall, cpu = time.perf_counter(), time.process_time()
            if name == "bare":
                for _ in store.connection.execute("SELECT * FROM image ORDER BY path"):
                    pass
            else:
                check_manifest(store, CheckOptions(), Silent())
            result[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**result, "mb": peak_mb()}


def make(path: Path, images: int) -> None:
    """Write a manifest of generated facts."""
    with create(path, path.parent / "none") as store, store.writing() as connection:
        command = journal.begin(connection, "scan", {})
        connection.execute("INSERT INTO source (kind, location, rank) VALUES ('folder', '.', 20)")
        connection.executemany(
            "INSERT INTO class (id, name, added_by) VALUES (?, ?, ?)",
            ((number, name_of(number), command) for number in range(CLASSES)),
        )
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"INSERT INTO image ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608 - constants
            rows(images, command),
        )
        connection.execute(
            "INSERT INTO statement (id, image_id, source_id, locator, added_by) "
            "SELECT id, id, 1, 'folder', ? FROM image",
            (command,),
        )
        connection.execute(
            "INSERT INTO annotation (statement_id, kind, class_id) "
            "SELECT image.id, 'class', class.id FROM image JOIN class ON class.name = label"
        )


def name_of(number: int) -> str:
    """Return the name of a class; no two are a slip of each other."""
    return f"kind {number:02}"


def rows(images: int, command: int) -> Iterator[tuple[Any, ...]]:
    """Yield the facts of images, the same at every call."""
    draw = random.Random(1)  # noqa: S311 - a benchmark
    for number in range(images):
        name = name_of(draw.randrange(CLASSES))
        split = ("train", "train", "train", "val", "test")[draw.randrange(5)]
        print_ = bytes([FINGERPRINT_VERSION]) + draw.randbytes(24)
        size = 500 + draw.randrange(300), 400 + draw.randrange(200)
        yield (
            number + 1, f"{name}/img_{number:07}.jpg", "ok", "jpeg", "RGB", 3, 1, *size, 1,
            50_000, 1, number.to_bytes(32, "big"), print_, draw.uniform(0.3, 0.7),
            draw.uniform(300, 2000), 0.1, 0.9, 0.2, 0.1, 1, split, name, f'["{name}"]', "folder", command,
        )  # fmt: skip


if __name__ == "__main__":
    main()
