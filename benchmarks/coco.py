"""How fast a large COCO file is read and imported, against a bare ``json.load`` of the same file.

``python benchmarks/coco.py [--boxes 1000000] [--runs 3]``: a generated file, 50 boxes an image, those of one
image scattered over all of it, and a file of a tenth, which shows whether memory grows. Ways: the bare load
with a loop over the annotations; the reader alone; the import into a manifest of as many drawn pictures.
Each runs in a process of its own, in turn; given are medians, by the wall clock and per CPU-second, and the
most memory the process held.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

from machine import facts, peak_mb

BOXES_AN_IMAGE = 50
IMAGES_A_FOLDER = 1_000
CLASSES = ("cat", "dog", "猫")
WAYS = ("load", "reader", "import")


def main() -> None:
    """Measure and print both files, or run one way where a process was started for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--boxes", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--root", type=Path)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(run(arguments.way, arguments.root)))
        return
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        for boxes in (arguments.boxes // 10, arguments.boxes):
            root = Path(folder) / str(boxes)
            make(root, boxes)
            report(root, boxes, arguments.runs)


def make(root: Path, boxes: int) -> None:
    """Write the pictures, all the same, their manifest, and the file."""
    from PIL import Image  # noqa: PLC0415 - the ways that are measured do without

    from labelprep.workflows.scanning import ScanOptions, scan_folder  # noqa: PLC0415 - the same

    images = boxes // BOXES_AN_IMAGE
    drawn = BytesIO()
    Image.new("L", (640, 480)).save(drawn, "PNG")
    for number in range(images):
        file = root / name_of(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(drawn.getvalue())
    write_labels(root / "instances.json", boxes, images)
    scan_folder(root, manifest=root.with_suffix(".db"), options=ScanOptions(labels="none"))


def name_of(number: int) -> str:
    """Return the name of a picture."""
    return f"{number // IMAGES_A_FOLDER:03}/{number:06}.png"


def write_labels(path: Path, boxes: int, images: int) -> None:
    """Write the file."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    order = [number % images for number in range(boxes)]
    chance.shuffle(order)
    listed = [
        {"id": at, "file_name": name_of(at), "width": 640, "height": 480, "license": 1}
        for at in range(images)
    ]
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"images": {json.dumps(listed)}, "annotations": [')
        for number, image in enumerate(order):
            x, y = round(chance.uniform(0, 500), 2), round(chance.uniform(0, 400), 2)
            width, height = round(chance.uniform(5, 100), 2), round(chance.uniform(5, 70), 2)
            values = {
                "id": number,
                "image_id": image,
                "category_id": 1 + number % len(CLASSES),
                "bbox": [x, y, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
                "segmentation": [],
            }
            file.write((", " if number else "") + json.dumps(values))
        categories = [{"id": at, "name": name} for at, name in enumerate(CLASSES, 1)]
        file.write(f'], "categories": {json.dumps(categories)}}}')


def run(way: str, root: Path) -> dict[str, float]:
    """Go through the file one way, and tell how long it took."""
    source = root / "instances.json"
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    if way == "load":
        with source.open(encoding="utf-8") as file:
            boxes = sum(len(item["bbox"]) == 4 for item in json.load(file)["annotations"])
    else:
        boxes = read(source) if way == "reader" else imported(root, source)
    return {
        "boxes": boxes,
        "wall": time.perf_counter() - wall,
        "cpu": sum(os.times()[:4]) - cpu,
        "peak_mb": peak_mb(),
    }


def read(source: Path) -> int:
    """Read all records and let them go."""
    from labelprep.formats import reader  # noqa: PLC0415 - not for the bare load
    from labelprep.formats.base import ReadContext  # noqa: PLC0415 - the same
    from labelprep.model.annotation import Record  # noqa: PLC0415 - the same

    reading = reader("coco").read(source, ReadContext(source.parent, lambda _: True))
    return sum(len(item.annotations) for item in reading.items if isinstance(item, Record))


def imported(root: Path, source: Path) -> int:
    """Import into a copy of the manifest."""
    from labelprep.manifest.store import open_store  # noqa: PLC0415 - not for the bare load
    from labelprep.workflows.importing import import_labels  # noqa: PLC0415 - the same

    copy = root.with_suffix(".copy.db")
    shutil.copy(root.with_suffix(".db"), copy)
    with open_store(copy) as store:
        return import_labels(store, source).annotations


def report(root: Path, boxes: int, runs: int) -> None:
    """Print rates, memory and the ratios for one file."""
    rows = [{way: started(way, root) for way in WAYS} for _ in range(runs)]
    size = (root / "instances.json").stat().st_size / 1e6
    print(f"\n{boxes:,} boxes on {boxes // BOXES_AN_IMAGE:,} images, {size:.0f} MB, median of {runs} runs")
    for way in WAYS:
        wall = boxes / statistics.median(row[way]["wall"] for row in rows)
        cpu = boxes / statistics.median(row[way]["cpu"] for row in rows)
        ratio = statistics.median(row[way]["cpu"] / row["load"]["cpu"] for row in rows)
        memory = max(row[way]["peak_mb"] for row in rows)
        rates = f"{cpu:9,.0f} boxes a CPU-second {wall:9,.0f} a second"
        print(f"  {way:7} {rates} {ratio:5.2f} × load {memory:6,.0f} MB")


def started(way: str, root: Path) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
