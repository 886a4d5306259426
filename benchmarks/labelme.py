"""How fast LabelMe files are read and imported, against a bare loop of ``json.load`` over the same files.

``python benchmarks/labelme.py [FOLDER…] [--files 100000]``: small generated files (a box and two polygons
each), then each folder's. One run is the bare loop, then the reader, then the import onto a manifest of as
many images, each in a process of its own; given is the median over the runs, by the wall clock and per
CPU-second of the process and of its workers together, with the most memory the process held.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import facts, load

FILES_A_FOLDER = 10_000
WAYS = ("bare", "reader", "import")
MEASURE = """
import json, os, sys, time
import psutil
from pathlib import Path

folder, way = sys.argv[1:]
process, most = psutil.Process(), [0]

def bare():
    files = 0
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith(".json"):
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    json.load(file)
                files += 1
                if files % 1000 == 0:
                    most[0] = max(most[0], process.memory_info().rss)
    return files, 0

def reader():
    from labelprep.formats.base import ReadContext
    from labelprep.formats.labelme import LabelMe
    from labelprep.model.annotation import Record

    reading = LabelMe().read(Path(folder), ReadContext(Path(folder), lambda _: True))
    files = annotations = 0
    for item in reading.items:
        files += 1
        annotations += len(item.annotations) if isinstance(item, Record) else 0
        if files % 1000 == 0:
            most[0] = max(most[0], process.memory_info().rss)
    return files, annotations

def imported():
    import tempfile
    from labelprep.manifest.store import create
    from labelprep.workflows.importing import import_labels

    names = sorted(Path(folder).rglob("*.json"))
    images = [name.relative_to(folder).with_suffix(".jpg").as_posix() for name in names]
    with tempfile.TemporaryDirectory() as place, create(Path(place, "manifest.db"), Path(folder)) as store:
        with store.writing() as connection:
            connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026')")
            connection.executemany(
                "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)", ((path,) for path in images)
            )
        begin()
        report = import_labels(store, Path(folder))
        most[0] = process.memory_info().rss
    return report.matched, report.annotations

def cpu_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

def begin():
    began[:] = time.perf_counter(), cpu_seconds()

began = []
begin()
files, annotations = {"bare": bare, "reader": reader, "import": imported}[way]()
seconds = time.perf_counter() - began[0], cpu_seconds() - began[1]
memory = max(most[0], process.memory_info().rss)
found = {"files": files, "annotations": annotations, "wall": seconds[0], "cpu": seconds[1], "bytes": memory}
print(json.dumps(found))
"""


def main() -> None:
    """Measure and print every set of files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        # A tenth of the files shows whether memory grows with their number.
        for count in (arguments.files // 10, arguments.files):
            made = Path(folder) / str(count)
            make(made, count)
            report(f"{count:,} small files", made, arguments.runs)
    for given in arguments.folders:
        report(str(given), given, arguments.runs)


def make(folder: Path, count: int) -> None:
    """Write small LabelMe files, 10,000 a folder."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for number in range(count):
        file = folder / f"{number // FILES_A_FOLDER:03}" / f"{number:06}.json"
        if number % FILES_A_FOLDER == 0:
            file.parent.mkdir(parents=True)
        file.write_text(json.dumps(document(chance, number), ensure_ascii=False, indent=2), encoding="utf-8")


def document(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a box and two polygons of 6 to 16 points."""
    corners = [[chance.uniform(0, 640), chance.uniform(0, 480)] for _ in range(2)]
    forms = [("rectangle", corners), ("polygon", blob(chance)), ("polygon", blob(chance))]
    usual: dict[str, Any] = {"group_id": None, "description": "", "flags": {}, "mask": None}
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": [
            {"label": chance.choice(["cat", "dog", "猫"]), "points": points, "shape_type": kind, **usual}
            for kind, points in forms
        ],
        "imagePath": f"{number:06}.jpg",
        "imageData": None,
        "imageHeight": 480,
        "imageWidth": 640,
    }


def blob(chance: random.Random) -> list[list[float]]:
    """Return the points of a round polygon."""
    x, y, count = chance.uniform(50, 590), chance.uniform(50, 430), chance.randint(6, 16)
    return [
        [x + chance.uniform(20, 40) * math.cos(angle), y + chance.uniform(20, 40) * math.sin(angle)]
        for angle in (2 * math.pi * at / count for at in range(count))
    ]


def report(name: str, folder: Path, runs: int) -> None:
    """Print rates, memory and the ratio for one set."""
    rows = [{way: measured(folder, way) for way in WAYS} for _ in range(runs)]
    files = rows[0]["reader"]["files"]
    print(
        f"\n{name}: {files:,} files, {rows[0]['reader']['annotations']:,} annotations, median of {runs} runs"
    )
    for way in WAYS:
        wall = statistics.median(row[way]["wall"] for row in rows)
        cpu = statistics.median(row[way]["cpu"] for row in rows)
        memory = max(row[way]["bytes"] for row in rows) / (1 << 20)
        print(
            f"  {way:7} {files / cpu:7.0f} files a CPU-second {files / wall:7.0f} a second {memory:6.0f} MiB"
        )
    for way in WAYS[1:]:
        ratio = statistics.median(row[way]["cpu"] / row["bare"]["cpu"] for row in rows)
        print(f"  {way} / bare loop {ratio:.2f} (CPU), load {load()}")


def measured(folder: Path, way: str) -> dict[str, float]:
    """Run one way in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder), way], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
