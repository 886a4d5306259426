"""Which planted defects a tool reports, and how long it takes to look.

``python benchmarks/planted.py [FOLDER…] --peers PYTHON``: the defects of tests/defects.py are planted, and a
table says which of them `labelprep` and cleanvision's default checks report. A defect at which a tool stops
with an error counts as not reported; cleanvision is then run on the set without those files. On folders of
real photos, scan and check are timed against cleanvision in the same run, each as a whole process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from machine import facts

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from defects import DEFECTS, FILES, LABELS, NAMES, PICTURES, SHAPES, SPLIT, Defect, clean, planted

CLEANVISION = """
import contextlib, json, sys
from cleanvision import Imagelab
with contextlib.redirect_stdout(sys.stderr):
    lab = Imagelab(data_path=sys.argv[1])
    lab.find_issues(n_jobs=2, verbose=False)
names = [name for name in lab.issues.columns if name.startswith("is_")]
print(json.dumps({str(path): [n for n in names if row[n]] for path, row in lab.issues.iterrows()}))
"""
SOURCES = (
    ("sheet.csv", "--encoding", "utf-8"),
    ("other.csv", "--encoding", "utf-8"),
    ("imgs", "--from", "labelme"),
)
FAMILIES = {
    "files": FILES,
    "pictures": PICTURES,
    "labels and classes": LABELS,
    "splits": SPLIT,
    "shapes": SHAPES,
    "names": NAMES,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), arguments.peers)
    for photos in arguments.folders:
        with tempfile.TemporaryDirectory() as folder:
            against(Path(folder), photos, arguments.peers, arguments.runs)


def report(folder: Path, peers: Path) -> None:
    """Print what each tool reports of each defect."""
    ours = {(issue["code"], issue["where"]) for issue in checked(folder)}
    stops = [defect for defect in FILES if stops_at(folder / "one", defect, peers)]
    theirs, usual = sound(folder / "sound", stops, peers)
    counts = dict.fromkeys(("labelprep", "cleanvision"), 0)
    for family, defects in FAMILIES.items():
        print(f"\n{family}")
        for defect in defects:
            mine = (defect.code, defect.where) in ours
            other = "stops" if defect in stops else ", ".join(sorted(theirs.get(defect.where, set()) - usual))
            counts["labelprep"] += mine
            counts["cleanvision"] += bool(other) and other != "stops"
            print(f"  {defect.name:32} {defect.code if mine else '-':8} {other or '-'}")
    print("\n" + ", ".join(f"{tool}: {number} of {len(DEFECTS)}" for tool, number in counts.items()))


def checked(folder: Path) -> list[dict[str, Any]]:
    """Plant all defects and return what labelprep lists."""
    planted(folder)
    run(folder, "scan", "imgs", "--json")
    for source, option, value in SOURCES:
        run(folder, "import", source, option, value, "--json")
    issues: list[dict[str, Any]] = json.loads(run(folder, "check", "--json-full"))["issues"]
    return issues


def run(folder: Path, *arguments: str) -> str:
    """Run labelprep in a folder and return its output; `check` exits with 1 where it finds errors."""
    command = [sys.executable, "-m", "labelprep", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True).stdout


def stops_at(folder: Path, defect: Defect, peers: Path) -> bool:
    """Tell whether cleanvision stops with an error at one file."""
    (folder / "imgs/train/horse").mkdir(parents=True)
    defect.plant(folder)
    done = subprocess.run([peers, "-c", CLEANVISION, folder / "imgs"], check=False, capture_output=True)
    shutil.rmtree(folder)
    return done.returncode != 0


def sound(folder: Path, stops: list[Defect], peers: Path) -> tuple[dict[str, set[str]], set[str]]:
    """Return what cleanvision reports by path without the files it stops at, and what of the clean set."""
    clean(folder)
    usual = set().union(*looked_at(folder / "imgs", peers).values())
    shutil.rmtree(folder)
    planted(folder)
    for defect in stops:
        (folder / "imgs" / defect.where).unlink()
    return looked_at(folder / "imgs", peers), usual


def looked_at(images: Path, peers: Path) -> dict[str, set[str]]:
    """Return the issue types that cleanvision reports, by path below the folder."""
    done = subprocess.run([peers, "-c", CLEANVISION, images], check=True, capture_output=True)
    return {
        str(Path(path).relative_to(images.resolve())): {name[3:-6] for name in names}
        for path, names in json.loads(done.stdout).items()
    }


def against(folder: Path, photos: Path, peers: Path, runs: int) -> None:
    """Time scan and check against cleanvision on the same photos, each with its start-up."""
    shutil.copytree(photos, folder / "imgs")
    count = sum(path.suffix.lower() in {".jpg", ".jpeg", ".png", ".gif"} for path in folder.rglob("*"))
    ours, theirs = [], []
    for number in range(runs):
        own = ["-m", "labelprep"]
        manifest = ["-m", f"{number}.db", "--json"]
        scan = [sys.executable, *own, "scan", "imgs", *manifest]
        check = [sys.executable, *own, "check", *manifest]
        ours.append(spent(folder, scan, check))
        theirs.append(spent(folder, [str(peers), "-c", CLEANVISION, "imgs"]))
    print(f"\n{photos.name} ({count} images), {runs} runs, seconds by the clock and of CPU:")
    for name, side in (("scan and check", ours), ("cleanvision", theirs)):
        print(
            f"  {name:16}" + "".join(f" {statistics.median(run[at] for run in side):8.2f}" for at in (0, 1))
        )
    ratios = [statistics.median(b[at] / a[at] for a, b in zip(ours, theirs, strict=True)) for at in (0, 1)]
    print("  ratio           " + "".join(f" {ratio:8.1f}" for ratio in ratios))


def spent(folder: Path, *commands: list[str]) -> tuple[float, float]:
    """Return the seconds by the clock and of CPU that commands take, one after the other."""
    began, used = time.perf_counter(), psutil.Process().cpu_times()
    for command in commands:
        subprocess.run(command, cwd=folder, check=False, capture_output=True)
    now = psutil.Process().cpu_times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    main()
