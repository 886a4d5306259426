"""How long `check` takes over manifests of many images, and that its memory does not grow with what it finds.

``python benchmarks/checks.py [--images 100000 1000000] [--runs 3] [--case usual …] [--each]``: the facts are
generated, no file is read. ``usual``: two statements an image, fingerprints at random, and each kind of
mistake once in a thousand images. ``shapes``: a box an image besides. ``all``: a finding an image. Each run
is a process of its own, so that its memory is its own: a bare ``SELECT`` of all columns, the first check,
with the search for near duplicates, and another one; both keep what they find, as the command does.
``--each`` tells what each check takes alone.
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
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import facts, load, peak_mb

from labelprep.checks import CHECKS
from labelprep.manifest.store import create, open_store
from labelprep.pixels.fingerprints import FINGERPRINT_VERSION
from labelprep.progress import Silent
from labelprep.workflows.checking import CheckOptions, check_manifest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CLASSES = 50
MISTAKE_EVERY = 1_000
SPLITS = ("train", "train", "train", "train", "train", "train", "train", "train", "val", "test")
CASES = ("usual", "shapes", "all")
STEPS = ("bare", "first", "again")


def main() -> None:
    """Measure one run, or start a process for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, nargs="*", default=[100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, each=arguments.each)))
        return
    print(facts())
    for images in arguments.images:
        for case in arguments.case or CASES:
            with tempfile.TemporaryDirectory() as folder:
                manifest = Path(folder) / "manifest.db"
                prepare(manifest, images, case)
                report(f"{images:,} images, {case}", manifest, arguments)


def report(title: str, manifest: Path, arguments: argparse.Namespace) -> None:
    """Print the medians of the runs over one manifest."""
    runs = []
    for number in range(arguments.runs):
        copy = manifest.with_name(f"{number}.db")
        shutil.copy(manifest, copy)
        command = [sys.executable, __file__, "--measure", str(copy), *(["--each"] if arguments.each else [])]
        runs.append(run(command))
        copy.unlink()
    print(f"{title}, median of {len(runs)} runs, load {load()}")
    for name in STEPS:
        wall, cpu, bare = (
            statistics.median(one[step][at] for one in runs)
            for step, at in ((name, 0), (name, 1), (STEPS[0], 1))
        )
        print(f"  {name:<12} {wall:6.1f} s  {cpu:6.1f} CPU-s  {cpu / bare:6.1f} times the bare loop")
    print(f"  {max(one['peak_mb'] for one in runs):.0f} MB, {runs[0]['found']:,} findings")
    for code, seconds in runs[0]["each"].items():
        print(f"  {code} {seconds:.2f} s")


def run(command: list[str]) -> dict[str, Any]:
    """Measure in a process of its own."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def prepare(manifest: Path, images: int, case: str) -> None:
    """Make a manifest of images that were never files, each with a folder's word and a sheet's."""
    with create(manifest, manifest.parent) as store, store.writing() as connection:
        connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01')")
        connection.executemany(
            "INSERT INTO class (id, name, added_by) VALUES (?, ?, 1)",
            [(number, f"class {number}") for number in range(CLASSES)],
        )
        connection.executemany(
            "INSERT INTO source (id, kind, location, rows, matched, rank) VALUES (?, ?, ?, ?, ?, ?)",
            [(1, "folder", ".", images, images, 20), (2, "sheet", "labels.csv", images, images, 40)],
        )
        if case == "all":
            _add_unlabelled(connection, images)
            return
        _add_labelled(connection, images)
        if case == "shapes":
            _add_boxes(connection)


def _add_labelled(connection: sqlite3.Connection, images: int) -> None:
    connection.executemany(
        """
        INSERT INTO image (path, status, format, width_px, height_px, size_bytes, sha256, fingerprint,
            brightness, sharpness, low, high, contrast, flatness, focus, channels, split, split_source,
            group_key, label, labels, label_source, conflict, added_by)
        VALUES (?, ?, 'jpeg', ?, ?, 30000, ?, ?, ?, 800, 0.02, 0.98, 0.2, 0.01, ?, 3, ?, 'split', ?, ?, ?,
            'sheet', ?, 1)
        """,
        _labelled(images),
    )
    for source in (1, 2):
        connection.execute(
            "INSERT INTO statement (image_id, source_id, locator, added_by) SELECT id, ?, 'x', 1 FROM image",
            (source,),
        )
    connection.execute(
        """
        INSERT INTO annotation (statement_id, kind, class_id)
        SELECT statement.id, 'class', (image_id + (source_id = 1 AND image_id % ? = 5)) % ? FROM statement
        """,
        (MISTAKE_EVERY, CLASSES),
    )


def _add_boxes(connection: sqlite3.Connection) -> None:
    """Let each statement of the sheet draw a box, and some of them draw it twice."""
    connection.execute(
        """
        INSERT INTO annotation (statement_id, kind, class_id, geometry)
        SELECT statement.id, 'box', image_id % ?, json_array(10, 10, 100 + image_id % 300, 200)
        FROM statement JOIN json_each('[0, 1]') ON value = 0 OR image_id % ? = 9 WHERE source_id = 2
        """,
        (CLASSES, MISTAKE_EVERY),
    )


def _labelled(images: int) -> Iterator[tuple[object, ...]]:
    draw = random.Random(1)  # noqa: S311 - a benchmark
    for number in range(1, images + 1):
        turn = number % MISTAKE_EVERY
        content = sha256(str(number - (turn == 1)).encode()).digest()
        name = f"class {number % CLASSES}"
        labels = (None, "[]") if turn in {2, 3} else (name, json.dumps([name]))
        yield (
            f"{number % 997}/{'aux.' if turn == 4 else 'img_'}{number:07}.jpg",
            "corrupt" if turn == 6 else "missing" if turn == 7 else "ok",
            600 + number % 400, 400 + number % 300, content,
            bytes([FINGERPRINT_VERSION]) + draw.randbytes(24), number % 97 / 97, 0.05 if turn == 8 else 0.5,
            SPLITS[number // 7 % 10], f"group {number // 7}", *labels, int(turn == 2),
        )  # fmt: skip


def _add_unlabelled(connection: sqlite3.Connection, images: int) -> None:
    connection.execute(
        "INSERT INTO image (path, status, labels, added_by) VALUES ('a.jpg', 'ok', '[\"class 0\"]', 1)"
    )
    connection.executemany(
        "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)",
        ((f"{number % 997}/img_{number:07}.jpg",) for number in range(images)),
    )


def measured(manifest: Path, *, each: bool) -> dict[str, Any]:
    """Return what each step takes: wall and CPU-seconds; the greatest memory, and each check alone."""
    with open_store(manifest) as store:
        found: dict[str, Any] = {}
        for step in STEPS:
            wall, cpu = time.perf_counter(), time.process_time()
            if step == "bare":
                for _ in store.connection.execute("SELECT * FROM image ORDER BY path"):
                    pass
            else:
                done = check_manifest(store, CheckOptions(), Silent())
                found["found"] = sum(one.total for one in done.found)
            found[step] = time.perf_counter() - wall, time.process_time() - cpu
        found["peak_mb"] = peak_mb()
        alone = {}
        for check in CHECKS if each else ():
            start = time.perf_counter()
            check_manifest(store, CheckOptions(select=(check.code,)), Silent())
            alone[check.code] = time.perf_counter() - start
    return found | {"each": alone}


if __name__ == "__main__":
    main()
