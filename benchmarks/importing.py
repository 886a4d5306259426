"""How fast rows of a CSV become labels of as many images, beside a bare ``csv`` loop over the same file.

python benchmarks/importing.py [ROWS]
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path

import psutil

from labelprep.manifest.store import create, open_store
from labelprep.workflows.importing import import_labels

ROWS = 1_000_000


def prepared(folder: Path, rows: int) -> tuple[Path, Path]:
    """Make a manifest of images that were never files, and a sheet that names each of them once."""
    manifest, sheet = folder / "manifest.db", folder / "labels.csv"
    paths = [f"{number % 997}/img_{number:07}.jpg" for number in range(rows)]
    with create(manifest, folder) as store, store.writing() as connection:
        connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026-01-01')")
        connection.executemany(
            "INSERT INTO image (path, status, added_by) VALUES (?, 'ok', 1)", ((path,) for path in paths)
        )
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label"))
        writer.writerows((path, f"class {number % 50}") for number, path in enumerate(paths))
    return manifest, sheet


def main() -> None:
    """Print seconds, rows a second, memory, and the ratio to the bare loop."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        manifest, sheet = prepared(Path(folder), rows)
        began = time.perf_counter()
        with sheet.open(encoding="utf-8", newline="") as file:
            bare_rows = sum(1 for _ in csv.reader(file)) - 1
        bare = time.perf_counter() - began
        print(f"bare csv loop: {bare_rows:,} rows in {bare:.1f} s")
        for name in ("first import", "again, nothing new"):
            began = time.perf_counter()
            with open_store(manifest) as store:
                report = import_labels(store, sheet)
            seconds = time.perf_counter() - began
            memory = psutil.Process().memory_info().rss >> 20
            print(
                f"{name}: {report.matched:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s, "
                f"{seconds / bare:.0f} times the bare loop, {memory:,} MB"
            )


if __name__ == "__main__":
    main()
