"""How fast images are split, and in how much memory: the whole command but for the search of near duplicates.

``python benchmarks/splits.py [--images 1000000] [--case one]``: a manifest of images that were never files,
one in 20 equal to another; cases: one class an image (100 classes), grouped (a group column, five an image's
group), several (80 classes, about three an image). Each is a process of its own, which splits, proves, and
splits a tenth more. Given are seconds by the clock and of the processor, the greatest memory, the leaks, and
the greatest distance from the ideal in images.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import facts, peak_mb

from labelprep.manifest.store import create, open_store
from labelprep.workflows.splitting import Asked, split_images, verified

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = ("one", "grouped", "several")
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
ALONE = Asked(near=False)


def main() -> None:
    """Measure one case, or start a process for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.case[0], arguments.images)))
        return
    print(f"{facts()}, {arguments.images:,} images")
    for case in arguments.case or CASES:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), case, arguments.images)
            command = [sys.executable, __file__, "--measure", folder, "--images", str(arguments.images)]
            done = subprocess.run([*command, "--case", case], check=True, capture_output=True)
        found = json.loads(done.stdout)
        print(
            f"{case:8} {steps(found)}  {found['peak_mb']:5.0f} MB  {found['leaks']} leaks, "
            f"{found['distance']:.1f} images from the ideal"
        )


def steps(found: dict[str, Any]) -> str:
    """Return the seconds of each step as text."""
    return "  ".join(
        f"{name} {found[name][0]:.1f} s ({found[name][1]:.1f} CPU)" for name in ("split", "verify", "more")
    )


def prepare(folder: Path, case: str, images: int) -> None:
    """Make a manifest of images that were never files; the last tenth has no label yet."""
    with create(folder / "manifest.db", folder) as store, store.writing() as connection:
        connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01')")
        connection.executemany(
            "INSERT INTO image (path, status, added_by, sha256, labels, label, group_key) "
            "VALUES (?, 'ok', 1, ?, ?, ?, ?)",
            rows(case, images),
        )


def rows(case: str, images: int) -> Iterator[tuple[Any, ...]]:
    """Yield path, sha256, labels, label and group of each image."""
    chance = random.Random(0)  # noqa: S311 - no secret
    weights = [1 / (1 + number) for number in range(80)]
    for number in range(images):
        content = hashlib.sha256(str(number - number % 20 % 2 * (number % 20 < 2)).encode()).digest()
        if case == "several":
            names = sorted(set(chance.choices(range(80), weights, k=3)))
        else:
            names = [chance.randrange(100)]
        labels = json.dumps([f"class {name}" for name in names])
        label = f"class {names[0]}" if len(names) == 1 else None
        group = f"p{chance.randrange(images // 5)}" if case == "grouped" else None
        path = f"{number % 997}/img_{number:07}.jpg"
        yield (path, content, labels, label, group)


def measured(folder: Path, case: str, images: int) -> dict[str, Any]:
    """Return what the steps take, and what came out."""
    del case
    with open_store(folder / "manifest.db") as store:
        with store.writing() as connection:
            connection.execute("CREATE TEMP TABLE later AS SELECT id, labels FROM image WHERE id % 10 = 0")
            connection.execute("UPDATE image SET labels = '[]' WHERE id % 10 = 0")
        found: dict[str, Any] = {}
        for name in ("split", "verify", "more"):
            if name == "more":
                with store.writing() as connection:
                    connection.execute(
                        "UPDATE image SET labels = later.labels FROM temp.later WHERE later.id = image.id"
                    )
            began, cpu = time.perf_counter(), time.process_time()
            report = (
                verified(store, asked=ALONE) if name == "verify" else split_images(store, SHARES, asked=ALONE)
            )
            found[name] = (time.perf_counter() - began, time.process_time() - cpu)
    assert sum(report.splits.values()) == images  # noqa: S101 - the measure of a wrong result is worth nothing
    distances = [abs(away) for row in report.distance.values() for away in row.values()]
    return found | {"peak_mb": peak_mb(), "leaks": len(report.leaks), "distance": max(distances)}


if __name__ == "__main__":
    main()
