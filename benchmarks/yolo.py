"""How fast a YOLO set is read, and whether memory grows with it.

``python benchmarks/yolo.py [--files 100000]``: label files of a box and two outlines each, in two splits;
their images are only names, and sizes come from a constant, as looking them up belongs to the import. Each
set is read in a process of its own.
"""

from __future__ import annotations

import argparse
import platform
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from labelprep.pixels.cores import usable_cores

FILES_A_FOLDER = 10_000
MEASURE = """
import sys, time
import psutil
from pathlib import Path
from labelprep.formats.base import ReadContext
from labelprep.formats.yolo import Yolo

folder = Path(sys.argv[1])
context = ReadContext(folder, lambda _: True, size_of=lambda _name, _beside: (640, 480))
wall, cpu = time.perf_counter(), time.process_time()
files = shapes = most = 0
for item in Yolo().read(folder, context).items:
    files += 1
    shapes += len(item.annotations)
    if files % 1000 == 0:
        most = max(most, psutil.Process().memory_info().rss)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(f"{files:,} files, {shapes:,} shapes: {files / wall:,.0f} files a second, {files / cpu:,.0f} by CPU")
print(f"  {shapes / cpu:,.0f} shapes a second by CPU, {most / (1 << 20):.0f} MiB")
"""


def main() -> None:
    """Measure a tenth of the files, then all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    files = parser.parse_args().files
    load = ", ".join(f"{value:.1f}" for value in psutil.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {usable_cores()} cores, load {load}")
    with tempfile.TemporaryDirectory() as folder:
        for count in (files // 10, files):
            made = Path(folder) / str(count)
            make(made, count)
            subprocess.run([sys.executable, "-c", MEASURE, str(made)], check=True)


def make(folder: Path, count: int) -> None:
    """Write label files, 10,000 a folder, and empty files for their images."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for number in range(count):
        place = f"{'val' if number % 10 == 0 else 'train'}/{number // FILES_A_FOLDER:03}"
        for kind in ("images", "labels"):
            (folder / kind / place).mkdir(parents=True, exist_ok=True)
        (folder / "images" / place / f"{number:06}.jpg").touch()
        lines = [
            f"0 {numbers(chance, 2)} 0.125000 0.250000",
            f"1 {numbers(chance, 12)}",
            f"2 {numbers(chance, 8)}",
        ]
        (folder / "labels" / place / f"{number:06}.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "data.yaml").write_text("names: [cat, dog, 猫]\n", encoding="utf-8")


def numbers(chance: random.Random, count: int) -> str:
    """Return shares as text."""
    return " ".join(f"{chance.random():.6f}" for _ in range(count))


if __name__ == "__main__":
    main()
