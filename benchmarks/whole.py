"""The commands as a person runs them, start to end.

``python benchmarks/whole.py [--files 70000] [--photos FOLDER] [--peers PYTHON]``: scanning many small files
(rate, peak memory of each process), scanning them again, `labelprep --help` against `python -c pass`, and,
where a folder of photos and the Python of an environment with benchmarks/peers.txt are given, a scan against
cleanvision's default checks on these photos. Medians of several runs; ratios within a run.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from labelprep.pixels.cores import usable_cores

CLEANVISION = """
import sys, time, json, contextlib, resource
from cleanvision import Imagelab
def cpu_seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
with contextlib.redirect_stdout(sys.stderr):
    began, used = time.perf_counter(), cpu_seconds()
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues(n_jobs=int(sys.argv[2]), verbose=False)
    seconds = [time.perf_counter() - began, cpu_seconds() - used]
print(json.dumps(seconds))
"""
SIDE_PX = 28
WATCH_SECONDS = 0.05


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=70_000)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--peers", type=Path, help="the python of an environment with benchmarks/peers.txt")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in psutil.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {usable_cores()} cores, load {load}")
    start_up(arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.files:
            many_files(Path(folder), arguments.files, arguments.runs)
        if arguments.photos and arguments.peers:
            against_cleanvision(Path(folder), arguments.photos, arguments.peers, arguments.runs)


def start_up(runs: int) -> None:
    """Compare `--help` with an interpreter that does nothing."""
    ratios, helps = [], []
    for _ in range(runs):
        nothing = timed([sys.executable, "-c", "pass"])
        helps.append(timed([sys.executable, "-m", "labelprep", "--help"]))
        ratios.append(helps[-1] / nothing)
    print(
        f"--help: {statistics.median(helps) * 1e3:.0f} ms, {statistics.median(ratios):.1f} x python -c pass"
    )


def timed(command: list[str]) -> float:
    """Return the seconds a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def many_files(folder: Path, count: int, runs: int) -> None:
    """Scan small pictures, then scan them again."""
    draw(folder / "images", count)
    seconds, peaks = watched(scan_command(folder / "images", folder / "m.db"))
    print(f"scan of {count:,} files of {SIDE_PX} px: {seconds:.1f} s, {count / seconds:,.0f} images/s")
    print(f"  peak memory a process: {', '.join(f'{peak / 1e6:.0f} MB' for peak in peaks)}")
    again = [timed(scan_command(folder / "images", folder / "m.db")) for _ in range(runs)]
    print(f"  second scan: {statistics.median(again):.2f} s (whole command)")


def scan_command(folder: Path, manifest: Path) -> list[str]:
    """Return the command line of a scan."""
    return [sys.executable, "-m", "labelprep", "scan", str(folder), "-m", str(manifest), "--json"]


def draw(folder: Path, count: int) -> None:
    """Write grey pictures of noise, a tenth in each of ten class folders."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, SIDE_PX, SIDE_PX), dtype=np.uint8)
    for name in range(10):
        (folder / str(name)).mkdir(parents=True)

    def write(number: int) -> None:
        path = folder / str(number % 10) / f"{number:06}.png"
        Image.fromarray(pixels[number]).save(path, compress_level=1)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))


def watched(command: list[str]) -> tuple[float, list[int]]:
    """Run a command; return its seconds and the peak resident bytes of it and each child, largest first."""
    peaks: dict[int, int] = {}
    began = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            for one in [process, *children_of(process)]:
                try:
                    peaks[one.pid] = max(peaks.get(one.pid, 0), one.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    done.set()
    watcher.join()
    if code:
        raise SystemExit(f"{command} ended with {code}")
    return time.perf_counter() - began, sorted(peaks.values(), reverse=True)


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the children of a process, none where it has just ended."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def against_cleanvision(folder: Path, photos: Path, peers: Path, runs: int) -> None:
    """Compare a scan with cleanvision's default checks, on the same photos and the same cores."""
    shutil.copytree(photos, folder / "photos")
    count = sum(path.is_file() for path in (folder / "photos").rglob("*"))
    ours, theirs = [], []
    for run in range(runs):
        scan = scan_command(folder / "photos", folder / f"photos-{run}.db")
        used = psutil.Process().cpu_times()
        report = json.loads(subprocess.run(scan, check=True, capture_output=True).stdout)
        now = psutil.Process().cpu_times()
        cpu_seconds = now.children_user + now.children_system - used.children_user - used.children_system
        ours.append((report["seconds"], cpu_seconds))
        command = [str(peers), "-c", CLEANVISION, str(folder / "photos"), str(usable_cores())]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        theirs.append(json.loads(done.stdout))
    print(f"{photos} ({count} files), {runs} runs:")
    for at, clock in enumerate(("wall", "CPU")):
        mine, other = (count / statistics.median(run[at] for run in side) for side in (ours, theirs))
        ratio = statistics.median(b[at] / a[at] for a, b in zip(ours, theirs, strict=True))
        print(f"  images a {clock} second: scan {mine:,.0f}, cleanvision {other:,.0f}, ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
