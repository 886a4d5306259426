"""Measuring how fast a format is read and imported, against a bare loop that parses the same files.

Used by the scripts of the formats. One run is the bare loop, then the reader, then the import onto a manifest
of as many pictures, each in a process of its own; given is the median over the runs, by the wall clock and
per CPU-second of the process and of its workers together, with the most memory the process held.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from machine import facts, load, peak_mb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAYS = ("bare", "reader", "import")
SIZE_WH = (640, 480)
IMAGES_A_FOLDER = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A format under measurement.

    ``make`` writes the label files of a number of pictures into a folder; ``bare`` parses one of them and
    returns how many pictures it is about; ``suffix`` is theirs. ``one_file`` is the name of the only one,
    where the format has no file a picture.
    """

    name: str
    suffix: str
    make: Callable[[Path, int], None]
    bare: Callable[[str], int]
    one_file: str = ""


def picture(number: int) -> str:
    """Return the path of a picture below the folder of its set."""
    return f"{number // IMAGES_A_FOLDER:03}/{number:06}.png"


def measure(subject: Subject) -> None:
    """Measure and print every set of files: two that are made, then each folder that is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(run(subject, arguments.way, arguments.folders[0])))
        return
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        # A tenth of the files shows whether memory grows with their number.
        for count in (arguments.files // 10, arguments.files):
            made = Path(folder) / str(count)
            draw(made, count)
            subject.make(made, count)
            report(f"{count:,} pictures", made, arguments.runs)
    for given in arguments.folders:
        report(str(given), given, arguments.runs)


def draw(folder: Path, count: int) -> None:
    """Write the pictures, all the same."""
    from PIL import Image  # noqa: PLC0415 - the ways that are measured do without

    drawn = BytesIO()
    Image.new("1", SIZE_WH).save(drawn, "PNG")
    for number in range(count):
        file = folder / picture(number)
        if number % IMAGES_A_FOLDER == 0:
            file.parent.mkdir(parents=True)
        file.write_bytes(drawn.getvalue())


def run(subject: Subject, way: str, folder: Path) -> dict[str, float]:
    """Go through a set one way, and tell how long it took."""
    if way == "import":
        return imported(subject, folder)
    began = clocks()
    pictures, annotations = bare(subject, folder) if way == "bare" else read(subject, folder)
    return found(pictures, annotations, began)


def clocks() -> tuple[float, float]:
    """Return the time by the clock, and that of this process with its workers that have ended."""
    times = os.times()
    return time.perf_counter(), times.user + times.system + times.children_user + times.children_system


def found(pictures: int, annotations: int, began: tuple[float, float]) -> dict[str, float]:
    """Return what is told of a run."""
    wall, cpu = (now - then for now, then in zip(clocks(), began, strict=True))
    return {"pictures": pictures, "annotations": annotations, "wall": wall, "cpu": cpu, "mb": peak_mb()}


def bare(subject: Subject, folder: Path) -> tuple[int, int]:
    """Parse all files and do nothing more."""
    pictures = 0
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith(subject.suffix):
                pictures += subject.bare(f"{path}/{name}")
    return pictures, 0


def read(subject: Subject, folder: Path) -> tuple[int, int]:
    """Read all records and let them go."""
    from labelprep.formats import reader  # noqa: PLC0415 - not for the bare loop
    from labelprep.formats.base import ReadContext  # noqa: PLC0415 - the same
    from labelprep.model.annotation import Record  # noqa: PLC0415 - the same

    context = ReadContext(folder, lambda _: True, size_of=lambda _name, _beside: SIZE_WH)
    pictures = annotations = 0
    for item in reader(subject.name).read(folder / subject.one_file, context).items:
        pictures += 1
        annotations += len(item.annotations) if isinstance(item, Record) else 0
    return pictures, annotations


def imported(subject: Subject, folder: Path) -> dict[str, float]:
    """Import into a manifest of the pictures; only the import is measured."""
    from labelprep.manifest.store import create  # noqa: PLC0415 - not for the bare loop
    from labelprep.workflows.import_report import ImportOptions  # noqa: PLC0415 - the same
    from labelprep.workflows.importing import import_labels  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as place, create(Path(place, "manifest.db"), folder) as store:
        with store.writing() as connection:
            connection.execute("INSERT INTO command (name, arguments, at) VALUES ('scan', '{}', '2026')")
            connection.executemany(
                "INSERT INTO image (path, status, width_px, height_px, exif_orientation, added_by)"
                " VALUES (?, 'ok', ?, ?, 1, 1)",
                ((path, *SIZE_WH) for path in pictures_of(subject, folder)),
            )
        began = clocks()
        report = import_labels(store, folder / subject.one_file, ImportOptions(format=subject.name))
        return found(report.matched, report.annotations, began)


def pictures_of(subject: Subject, folder: Path) -> Iterator[str]:
    """Yield the paths of the pictures of a set: those that are there, else one a label file."""
    drawn = sorted(folder.rglob("*.png"))
    labels = () if drawn else sorted(folder.rglob(f"*{subject.suffix}"))
    yield from (path.relative_to(folder).as_posix() for path in drawn)
    yield from (path.relative_to(folder).with_suffix(".jpg").as_posix() for path in labels)


def report(title: str, folder: Path, runs: int) -> None:
    """Print rates, memory and ratios for one set."""
    rows = [{way: started(folder, way) for way in WAYS} for _ in range(runs)]
    first = rows[0]["import"]
    pictures = first["pictures"]
    print(f"\n{title}, {first['annotations']:,} annotations, median of {runs} runs, load {load()}")
    for way in WAYS:
        wall = pictures / statistics.median(row[way]["wall"] for row in rows)
        cpu = pictures / statistics.median(row[way]["cpu"] for row in rows)
        ratio = statistics.median(row[way]["cpu"] / row["bare"]["cpu"] for row in rows)
        memory = max(row[way]["mb"] for row in rows)
        rates = f"{cpu:8,.0f} pictures a CPU-second {wall:8,.0f} a second"
        print(f"  {way:7} {rates} {ratio:6.2f} × bare {memory:6,.0f} MB")


def started(folder: Path, way: str) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, sys.argv[0], str(folder), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    row: dict[str, float] = json.loads(done.stdout)
    return row
