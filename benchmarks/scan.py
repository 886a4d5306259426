"""How fast originals are scanned, against a bare loop of the same reads and Pillow decodes.

``python benchmarks/scan.py [FOLDER…]``: generated photos of 0.75 Mpx, and each folder's JPEG files (at most
400). One run is the bare loop in a process of its own, then the engine with one worker and with all cores.
Given is the median over the runs of the ratio within a run; rates are per CPU-second (parent and workers),
so that a busy machine does not spoil them, and by the wall clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import psutil
from PIL import Image

from labelprep.pixels.cores import usable_cores
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.processes import worker_environment

BATCH = 32
BARE_LOOP = """
import io, json, sys, time
from PIL import Image
paths = json.load(sys.stdin)
def decode(path):
    with open(path, "rb") as file:
        data = file.read()
    Image.open(io.BytesIO(data)).convert("RGB")
for path in paths[:5]:
    decode(path)
wall, cpu = time.perf_counter(), time.process_time()
for path in paths:
    decode(path)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""


def main() -> None:
    """Measure and print every set of pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--images", type=int, default=200)
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        sets = {"0.75 Mpx generated": photos(Path(folder), arguments.images, (1000, 750))}
        for given in arguments.folders:
            sets[str(given)] = [str(path) for path in sorted(given.rglob("*.jp*g"))[:400]]
        for name, paths in sets.items():
            report(name, paths, arguments.runs)


def machine() -> str:
    """Return what the figures depend on besides the program."""
    load = ", ".join(f"{value:.1f}" for value in psutil.getloadavg())
    return (
        f"{platform.platform()}, Python {platform.python_version()}, Pillow {PIL.__version__}, "
        f"{usable_cores()} cores, load {load}"
    )


def photos(folder: Path, count: int, size_wh: tuple[int, int]) -> list[str]:
    """Draw pictures with the detail of photos (2.5 bits a pixel, proxies of 50 KB); return their paths."""
    random = np.random.default_rng(0)
    width, height = size_wh
    paths = []
    for number in range(count):
        picture = np.full((height, width, 3), 128.0)
        for cell, strength in ((64, 40), (20, 14), (8, 6), (3, 3)):
            coarse = random.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
            for channel in range(3):
                layer = Image.fromarray(coarse[..., channel]).resize(size_wh, Image.Resampling.BICUBIC)
                picture[..., channel] += np.asarray(layer)
        picture += random.normal(0, 8, picture.shape)
        path = folder / f"{number:04}.jpg"
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(str(path))
    return paths


def report(name: str, paths: list[str], runs: int) -> None:
    """Print the rates and ratios for one set."""
    rows = [one_run(paths) for _ in range(runs)]
    found = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    count, kilobytes = len(paths), statistics.mean(Path(path).stat().st_size for path in paths) / 1024
    print(f"\n{name}: {count} files of {kilobytes:.0f} KiB, median of {runs} runs")
    for label, key in (("bare loop", "bare"), ("one worker", "one"), ("all cores", "all")):
        cpu, wall = count / found[f"{key}_cpu"], count / found[f"{key}_wall"]
        print(f"  {label:12} {cpu:7.0f} images a CPU-second {wall:7.0f} a second")
    print(f"  one worker / bare loop {found['per_core']:.2f} (CPU) {found['per_core_wall']:.2f} (wall)")
    print(f"  one worker / bare loop with the workers' allocator {found['per_core_kind']:.2f} (CPU)")
    print(f"  all cores / one worker {found['scaling']:.2f} (wall)")


def one_run(paths: list[str]) -> dict[str, float]:
    """Time the bare loop, one worker and all cores, one after the other."""
    bare_wall, bare_cpu = bare_seconds(paths, dict(os.environ))
    _, kind_cpu = bare_seconds(paths, worker_environment())
    one_wall, one_cpu = engine_seconds(paths, 1)
    all_wall, all_cpu = engine_seconds(paths, usable_cores())
    return {
        "bare_wall": bare_wall,
        "bare_cpu": bare_cpu,
        "kind_cpu": kind_cpu,
        "one_wall": one_wall,
        "one_cpu": one_cpu,
        "all_wall": all_wall,
        "all_cpu": all_cpu,
        "per_core": bare_cpu / one_cpu,
        "per_core_kind": kind_cpu / one_cpu,
        "per_core_wall": bare_wall / one_wall,
        "scaling": one_wall / all_wall,
    }


def bare_seconds(paths: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return wall and CPU seconds of the bare loop in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", BARE_LOOP],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    wall, cpu = json.loads(done.stdout)
    return wall, cpu


def engine_seconds(paths: list[str], workers: int) -> tuple[float, float]:
    """Return wall and CPU seconds of scanning all paths once the workers run."""
    with tempfile.TemporaryDirectory() as cache, LocalEngine(workers=workers) as engine:
        work = Work("scan", {"cache": cache})
        warm = [Batch(number, paths[:2]) for number in range(2 * workers)]
        drain(engine, warm, work)
        batches = [Batch(at, paths[at : at + BATCH]) for at in range(0, len(paths), BATCH)]
        wall, cpu = time.perf_counter(), cpu_seconds()
        drain(engine, batches, work)
        return time.perf_counter() - wall, cpu_seconds() - cpu


def drain(engine: LocalEngine, batches: list[Batch], work: Work) -> None:
    """Run all batches; every file must have been decoded."""
    for done in engine.run(batches, work):
        statuses: set[Any] = {result.value["status"] for result in done.results}
        if not statuses <= {"ok", "damaged"}:
            raise SystemExit(f"a file was not decoded: {sorted(statuses)}")


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its workers so far."""
    own = time.process_time()
    times = [child.cpu_times() for child in psutil.Process().children()]
    return own + sum(spent.user + spent.system for spent in times)


if __name__ == "__main__":
    main()
