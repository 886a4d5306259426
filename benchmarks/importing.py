"""How fast rows of a CSV become labels of as many images, beside a bare ``csv`` loop over the same file.

``python benchmarks/importing.py [--rows 1000000] [--runs 1] [--case exact …]``: the rows stand in any order,
as those of real sheets do. Each case is a process of its own, so that its memory is its own: it imports a
sheet for the first time, then again (same bytes), then with one row in 2,000 changed. Given are medians of
the wall clock and of CPU-seconds, the greatest memory, and the ratio to the bare loop.
"""

from __future__ import annotations

import argparse
import csv
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

from labelprep.manifest.store import create, open_store
from labelprep.workflows.importing import import_labels

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = 50
CHANGED_EVERY = 2_000
SPLITS = ("train", "val", "test")


def path_of(number: int) -> str:
    """Return the path of one image among many: 997 folders, numbered names."""
    return f"{number % 997}/img_{number:07}.jpg"


def named(number: int) -> str:
    """Return the class of one image."""
    return f"class {number % CLASSES}"


CASES: dict[str, Callable[[int], tuple[str, ...]]] = {
    "path": lambda number: (path_of(number), named(number)),
    "name": lambda number: (f"img_{number:07}.jpg", named(number)),
    "stem": lambda number: (f"img_{number:07}", named(number)),
    "number": lambda number: (f"img_{number}", named(number)),
    "one": lambda number: (path_of(number), "cat"),
    "split": lambda number: (path_of(number), named(number), SPLITS[number % 3]),
}


def main() -> None:
    """Measure one case, or start a process for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.case[0], arguments.rows)))
        return
    print(f"{facts()}, {arguments.rows:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), arguments.rows)
        for case in arguments.case or CASES:
            command = [sys.executable, __file__, "--measure", folder, "--rows", str(arguments.rows)]
            runs = [run([*command, "--case", case]) for _ in range(arguments.runs)]
            report(case, runs)


def run(command: list[str]) -> dict[str, Any]:
    """Measure one case in a process of its own."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def prepare(folder: Path, rows: int) -> None:
    """Make a manifest of images that were never files."""
    with create(folder / "manifest.db", folder) as store, store.writing() as connection:
        connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01')")
        connection.executemany(
            "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)",
            ((path_of(number),) for number in range(rows)),
        )


def write_sheet(sheet: Path, case: str, rows: int, *, changed: bool = False) -> None:
    """Write a row an image, in an order of chance; ``changed`` gives some of them another class."""
    numbers = list(range(rows))
    random.Random(0).shuffle(numbers)  # noqa: S311 - no secret
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "split")[: len(CASES[case](0))])
        for number in numbers:
            name, label, *more = CASES[case](number)
            other = changed and number % CHANGED_EVERY == 0
            writer.writerow((name, "another" if other else label, *more))


def measured(folder: Path, case: str, rows: int) -> dict[str, Any]:
    """Return what the bare loop and the three imports of one case take: wall and CPU-seconds."""
    manifest, sheet = folder / "work.db", folder / "labels.csv"
    shutil.copy(folder / "manifest.db", manifest)
    write_sheet(sheet, case, rows)
    found: dict[str, Any] = {"bare csv loop": timed(lambda: bare(sheet))}
    for step in ("first", "again", "changed"):
        if step == "changed":
            write_sheet(sheet, case, rows, changed=True)
        found[step] = timed(lambda: imported(manifest, sheet))
    return found | {"peak_mb": peak_mb()}


def timed(work: Callable[[], object]) -> tuple[float, float, str]:
    """Return the seconds and CPU-seconds of some work, and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, str(result)


def bare(sheet: Path) -> str:
    """Read the rows and do nothing with them."""
    with sheet.open(encoding="utf-8", newline="") as file:
        return f"{sum(1 for _ in csv.reader(file)) - 1:,} rows"


def imported(manifest: Path, sheet: Path) -> str:
    """Import the sheet as the command does."""
    with open_store(manifest) as store:
        report = import_labels(store, sheet)
    rules = ", ".join(f"{number:,} by {rule}" for rule, number in report.rules.items())
    return f"{rules}; {report.changed:,} changed"


def report(case: str, runs: list[dict[str, Any]]) -> None:
    """Print the medians of one case."""
    peak = max(one["peak_mb"] for one in runs)
    print(f"\n{case}: median of {len(runs)}, at most {peak:,.0f} MB, load {load()}")
    bare_seconds = statistics.median(one["bare csv loop"][1] for one in runs)
    for step in ("bare csv loop", "first", "again", "changed"):
        wall = statistics.median(one[step][0] for one in runs)
        cpu = statistics.median(one[step][1] for one in runs)
        ratio, what = cpu / bare_seconds, runs[0][step][2]
        print(f"  {step:13} {wall:6.1f} s  {cpu:6.1f} CPU-s  {ratio:6.1f} × bare  {what}")


if __name__ == "__main__":
    main()
