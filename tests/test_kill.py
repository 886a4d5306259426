"""Killing a scan at any moment and going on gives the manifest of a scan that nobody disturbed."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from canonical import dump
from labelprep.workflows.scanning import ScanOptions, scan_folder
from pictures import draw, noise
from running import rows

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20
EARLY_KILLS = 6
IMAGES = 360
START_SECONDS = 30.0
GONE_SECONDS = 20.0
# The command line, but that it writes after every few files: so a kill meets many different states.
SCAN = """
import sys
from labelprep.cli.application import run
from labelprep.workflows import reading
reading.LARGEST_BATCH, reading.COMMIT_SECONDS = 4, 0.0
run(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw pictures of which some are kept as proxies and every tenth is a copy of another."""
    root = tmp_path_factory.mktemp("kill") / "imgs"
    for number in range(IMAGES // 2):
        split, name = ("train", "val")[number % 2], ("cat", "dog", "fox")[number % 3]
        noise(root / split / name / f"{number:03}.jpg", number - number % 10 // 9, size_wh=(900, 700))
        draw(root / split / "猫" / f"{number:03}.bmp", number)
    (root / "train" / "cat" / "note").write_text("just words", encoding="utf-8")
    (root / "train" / "cat" / "empty.png").touch()
    return root


def started(root: Path, manifest: Path) -> subprocess.Popen[bytes]:
    """Start a scan in a process of its own."""
    arguments = [sys.executable, "-c", SCAN, "scan", str(root), "-m", str(manifest), "--workers", "2"]
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def images_in(manifest: Path) -> int:
    """Return how many images a manifest holds; none while it is being made."""
    try:
        return int(rows(manifest, "SELECT count(*) FROM image")[0]) if manifest.exists() else 0
    except sqlite3.OperationalError:
        return 0


def wait_until(scan: subprocess.Popen[bytes], manifest: Path, images: int, seconds: float) -> None:
    """Wait until a scan has written down so many images, or has ended, or for so long."""
    deadline = time.monotonic() + seconds
    while scan.poll() is None and images_in(manifest) < images and time.monotonic() < deadline:
        time.sleep(0.01)


def killed(scan: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Kill a scan, should it not have ended; return the workers it had."""
    workers: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        workers = psutil.Process(scan.pid).children(recursive=True)
    scan.send_signal(signal.SIGKILL)
    scan.wait()
    return workers


def state_of(manifest: Path) -> dict[str, object]:
    """Return the canonical dump; that scans after the last kill found nothing left to do is no difference."""
    found = dump(manifest)
    return {**found, "command": set(found["command"])}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_scan_killed_twenty_times_gives_the_manifest_of_an_unbroken_one(
    pictures: Path, tmp_path: Path
) -> None:
    rng = random.Random(20)  # noqa: S311 - no secret
    whole, broken = tmp_path / "whole.db", tmp_path / "broken.db"
    scan_folder(pictures, manifest=whole, options=ScanOptions(workers=2))

    workers: list[psutil.Process] = []
    seen = []
    for number in range(KILLS):
        scan = started(pictures, broken)
        seconds = rng.uniform(0.05, 0.8) if number < EARLY_KILLS else START_SECONDS
        wait_until(scan, broken, images_in(broken) + rng.randint(1, 8), seconds)
        time.sleep(rng.uniform(0.0, 0.02))
        workers += killed(scan)
        seen.append(images_in(broken))
    scan_folder(pictures, manifest=broken, options=ScanOptions(workers=2))
    _, alive = psutil.wait_procs(workers, timeout=GONE_SECONDS)

    assert len({number for number in seen if 0 < number < IMAGES}) > KILLS // 4, seen
    assert state_of(broken) == state_of(whole)
    assert (len(workers) > KILLS // 2, alive) == (True, [])
