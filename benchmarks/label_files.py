"""Measuring a reader of one label file an image against a bare loop over the same files.

Used by the scripts of the formats; one run is the bare loop, then the reader, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from labelprep.pixels.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable

MEASURE = """
import json, os, sys, time
import psutil
from pathlib import Path

folder, way, name, suffix, bare_source = sys.argv[1:]
process, most = psutil.Process(), [0]

def bare():
    exec(bare_source, globals())
    one = globals()["bare"]
    files = 0
    for path, _, names in os.walk(folder):
        for file in sorted(names):
            if file.endswith(suffix):
                one(os.path.join(path, file))
                files += 1
                if files % 1000 == 0:
                    most[0] = max(most[0], process.memory_info().rss)
    return files, 0

def whole():
    from labelprep.formats import reader
    from labelprep.formats.base import ReadContext
    from labelprep.model.annotation import Record

    reading = reader(name).read(Path(folder), ReadContext(Path(folder), lambda _: True))
    files = annotations = 0
    for item in reading.items:
        files += 1
        annotations += len(item.annotations) if isinstance(item, Record) else 0
        if files % 1000 == 0:
            most[0] = max(most[0], process.memory_info().rss)
    return files, annotations

run = {"bare": bare, "reader": whole}[way]
wall, cpu = time.perf_counter(), time.process_time()
files, annotations = run()
seconds = time.perf_counter() - wall, time.process_time() - cpu
memory = max(most[0], process.memory_info().rss)
found = {"files": files, "annotations": annotations, "wall": seconds[0], "cpu": seconds[1], "bytes": memory}
print(json.dumps(found))
"""


def measure(name: str, suffix: str, bare: str, make: Callable[[Path, int], None]) -> None:
    """Measure and print every set of files: two made by ``make``, then each folder that is given.

    ``name`` is the format's, ``bare`` the source of a function ``bare(path)`` that parses a file and no more.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in psutil.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {usable_cores()} cores, load {load}")
    given = (name, suffix, bare)
    with tempfile.TemporaryDirectory() as folder:
        # A tenth of the files shows whether memory grows with their number.
        for count in (arguments.files // 10, arguments.files):
            made = Path(folder) / str(count)
            make(made, count)
            report(f"{count:,} small files", made, arguments.runs, given)
    for folder_given in arguments.folders:
        report(str(folder_given), folder_given, arguments.runs, given)


def report(title: str, folder: Path, runs: int, given: tuple[str, str, str]) -> None:
    """Print rates, memory and the ratio for one set."""
    rows = [{way: measured(folder, way, given) for way in ("bare", "reader")} for _ in range(runs)]
    files = rows[0]["reader"]["files"]
    print(
        f"\n{title}: {files:,} files, {rows[0]['reader']['annotations']:,} annotations, median of {runs} runs"
    )
    for way in ("bare", "reader"):
        wall = statistics.median(row[way]["wall"] for row in rows)
        cpu = statistics.median(row[way]["cpu"] for row in rows)
        memory = max(row[way]["bytes"] for row in rows) / (1 << 20)
        print(
            f"  {way:7} {files / cpu:7.0f} files a CPU-second {files / wall:7.0f} a second {memory:6.0f} MiB"
        )
    ratio = statistics.median(row["reader"]["cpu"] / row["bare"]["cpu"] for row in rows)
    print(f"  reader / bare loop {ratio:.2f} (CPU)")


def measured(folder: Path, way: str, given: tuple[str, str, str]) -> dict[str, float]:
    """Run one way in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder), way, *given], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
