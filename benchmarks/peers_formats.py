"""How fast labels come in beside Datumaro and supervision, on the formats that all three read.

``python benchmarks/peers_formats.py --peers PYTHON [--files 5000] [--boxes 100000] [--runs 3]``: PYTHON is
that of an environment with benchmarks/peers.txt. Generated sets of grey pictures of 64 × 48: VOC and YOLO of
``--files`` files with three boxes each, COCO of ``--boxes`` boxes, 50 an image. Ways: our reader alone; our
whole import into a manifest of the scanned pictures; a scan and an import; what each peer calls loading. Each
runs in a process of its own, all ways in turn, and is timed without its start-up; CPU-seconds are of the
process and of its workers. Every way must count the same boxes. Given are medians, the median ratio of
CPU-seconds to those of our import, and the most memory the process held.
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
from typing import TYPE_CHECKING, Final

from machine import facts, load, peak_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

    Box = tuple[int, int, int, int, int]
    Row = dict[str, dict[str, float]]

WIDTH, HEIGHT = 64, 48
NAMES = ("cat", "dog", "猫")
BOXES_A_FILE = 3
BOXES_AN_IMAGE = 50
FORMATS = ("voc", "yolo", "coco")
OURS = ("reader", "import", "scan+import")
IMAGES: Final = {"voc": "JPEGImages", "yolo": "images/train", "coco": "images/train"}
SOURCES: Final = {"voc": ".", "yolo": ".", "coco": "annotations/instances_train.json"}
PEER = """
import json, os, sys, time
root, form = sys.argv[1:]
{imports}
began, used = time.perf_counter(), sum(os.times()[:4])
{load}
took, spent = time.perf_counter() - began, sum(os.times()[:4]) - used
try:
    import resource
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
except ImportError:
    peak = 0.0
print(json.dumps({{"boxes": boxes, "wall": took, "cpu": spent, "peak_mb": peak}}))
"""
PEERS: Final = {
    "datumaro": PEER.format(
        imports="from datumaro.components.dataset import Dataset",
        load="""
found = Dataset.import_from(root, {"voc": "voc_detection", "yolo": "yolo", "coco": "coco_instances"}[form])
boxes = sum(len(item.annotations) for item in found)
""",
    ),
    "supervision": PEER.format(
        imports="import supervision as sv",
        load="""
way, parts = {
    "voc": (sv.DetectionDataset.from_pascal_voc, ("JPEGImages", "Annotations")),
    "yolo": (sv.DetectionDataset.from_yolo, ("images/train", "labels/train", "data.yaml")),
    "coco": (sv.DetectionDataset.from_coco, ("images/train", "annotations/instances_train.json")),
}[form]
found = way(*(os.path.join(root, part) for part in parts))
boxes = sum(len(item) for item in found.annotations.values())
""",
    ),
}


def main() -> None:
    """Measure and print every format, or run one of our ways where a process was started for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path, help="the python of an environment with benchmarks/peers.txt")
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--boxes", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--format", action="append", choices=FORMATS)
    parser.add_argument("--way", choices=("make", *OURS), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = dict.fromkeys(FORMATS, arguments.files) | {"coco": arguments.boxes // BOXES_AN_IMAGE}
    if arguments.way:
        form = arguments.format[0]
        if arguments.way == "make":
            make(arguments.root, form, sizes[form])
        else:
            print(json.dumps(run(arguments.way, form, arguments.root)))
        return
    print(facts())
    with tempfile.TemporaryDirectory() as folder:
        for form in arguments.format or FORMATS:
            root = Path(folder) / form
            # In a process of its own: on Linux one that is started shows the most memory of its starter.
            asked = ["--files", str(arguments.files), "--boxes", str(arguments.boxes)]
            subprocess.run([*ours(root, form, "make"), *asked], check=True)
            rows = [started(root, form, arguments.peers) for _ in range(arguments.runs)]
            report(root, form, sizes[form], rows)
    print(f"load at the end {load()}")


def make(root: Path, form: str, images: int) -> None:
    """Write the pictures, all the same, their labels, and, beside them, their manifest."""
    from PIL import Image  # noqa: PLC0415 - the ways that are measured do without

    from labelprep.workflows.scanning import ScanOptions, scan_folder  # noqa: PLC0415 - the same

    drawn = BytesIO()
    Image.new("L", (WIDTH, HEIGHT)).save(drawn, "PNG")
    pictures = root / IMAGES[form]
    pictures.mkdir(parents=True)
    for number in range(images):
        (pictures / f"{number:06}.png").write_bytes(drawn.getvalue())
    {"voc": make_voc, "yolo": make_yolo, "coco": make_coco}[form](root, images)
    scan_folder(root, manifest=root.with_suffix(".db"), options=ScanOptions(labels="none"))


def boxes(images: int, of_each: int) -> Iterator[list[Box]]:
    """Yield the boxes of each image: number of the class, left, top, width, height."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for _ in range(images):
        yield [
            (
                *(chance.randrange(len(NAMES)), chance.randint(0, 40), chance.randint(0, 28)),
                *(chance.randint(4, 24), chance.randint(4, 20)),
            )
            for _ in range(of_each)
        ]


def make_voc(root: Path, images: int) -> None:
    """Write files as LabelImg does, the list of the training images, and that of the classes."""
    for folder in ("Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    for number, found in enumerate(boxes(images, BOXES_A_FILE)):
        objects = "".join(
            f"\t<object>\n\t\t<name>{NAMES[kind]}</name>\n\t\t<pose>Unspecified</pose>\n"
            "\t\t<truncated>0</truncated>\n\t\t<difficult>0</difficult>\n\t\t<bndbox>\n"
            f"\t\t\t<xmin>{left + 1}</xmin>\n\t\t\t<ymin>{top + 1}</ymin>\n"
            f"\t\t\t<xmax>{left + width}</xmax>\n\t\t\t<ymax>{top + height}</ymax>\n"
            "\t\t</bndbox>\n\t</object>\n"
            for kind, left, top, width, height in found
        )
        text = (
            f"<annotation>\n\t<folder>JPEGImages</folder>\n\t<filename>{number:06}.png</filename>\n"
            f"\t<size>\n\t\t<width>{WIDTH}</width>\n\t\t<height>{HEIGHT}</height>\n\t\t<depth>1</depth>\n"
            f"\t</size>\n\t<segmented>0</segmented>\n{objects}</annotation>\n"
        )
        (root / "Annotations" / f"{number:06}.xml").write_text(text, encoding="utf-8")
    listed = "".join(f"{number:06}\n" for number in range(images))
    (root / "ImageSets/Main/train.txt").write_text(listed, encoding="utf-8")
    # Datumaro refuses classes that are neither of this list nor of the original set.
    listed = "".join(f"{name}:::\n" for name in NAMES)
    (root / "labelmap.txt").write_text(f"# label:color_rgb:parts:actions\n{listed}", encoding="utf-8")


def make_yolo(root: Path, images: int) -> None:
    """Write a label file an image, and the description of the set."""
    (root / "labels/train").mkdir(parents=True)
    for number, found in enumerate(boxes(images, BOXES_A_FILE)):
        lines = "".join(
            f"{kind} {(left + width / 2) / WIDTH:.6f} {(top + height / 2) / HEIGHT:.6f}"
            f" {width / WIDTH:.6f} {height / HEIGHT:.6f}\n"
            for kind, left, top, width, height in found
        )
        (root / f"labels/train/{number:06}.txt").write_text(lines, encoding="utf-8")
    text = f"train: images/train\nnc: {len(NAMES)}\nnames: [{', '.join(NAMES)}]\n"
    (root / "data.yaml").write_text(text, encoding="utf-8")


def make_coco(root: Path, images: int) -> None:
    """Write one file, the boxes of an image together."""
    annotations = [
        {
            "image_id": image,
            "category_id": kind + 1,
            "bbox": [left, top, width, height],
            "area": width * height,
            "iscrowd": 0,
            "segmentation": [],
        }
        for image, found in enumerate(boxes(images, BOXES_AN_IMAGE))
        for kind, left, top, width, height in found
    ]
    document = {
        "images": [
            {"id": image, "file_name": f"{image:06}.png", "width": WIDTH, "height": HEIGHT}
            for image in range(images)
        ],
        "annotations": [{"id": at} | item for at, item in enumerate(annotations, 1)],
        "categories": [{"id": at, "name": name} for at, name in enumerate(NAMES, 1)],
    }
    (root / "annotations").mkdir()
    (root / SOURCES["coco"]).write_text(json.dumps(document), encoding="utf-8")


def ours(root: Path, form: str, way: str) -> list[str]:
    """Return the command that goes one of our ways."""
    script = str(Path(__file__).resolve())
    return [sys.executable, script, "--root", str(root), "--format", form, "--way", way]


def started(root: Path, form: str, peers: Path | None) -> dict[str, dict[str, float]]:
    """Run every way once, each in a process of its own."""
    commands = {way: ours(root, form, way) for way in OURS}
    if peers:
        commands |= {name: [str(peers), "-c", code, str(root), form] for name, code in PEERS.items()}
    found = {}
    for way, command in commands.items():
        # Not in the folder of this script, whose modules have names that peers might import.
        done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", cwd=root.parent)
        if done.returncode:
            sys.exit(f"{form}, {way}: {done.stderr}")
        found[way] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(way: str, form: str, root: Path) -> dict[str, float]:
    """Go one of our ways, and tell what it took, without what it takes to load our modules."""
    from labelprep.formats import reader  # noqa: PLC0415 - only where it is measured
    from labelprep.formats.base import ReadContext  # noqa: PLC0415 - the same
    from labelprep.manifest.store import open_store  # noqa: PLC0415 - the same
    from labelprep.model.annotation import Record  # noqa: PLC0415 - the same
    from labelprep.workflows.importing import import_labels  # noqa: PLC0415 - the same
    from labelprep.workflows.scanning import ScanOptions, scan_folder  # noqa: PLC0415 - the same

    source, manifest = root / SOURCES[form], root.with_suffix(".copy.db")
    manifest.unlink(missing_ok=True)
    if way == "import":
        shutil.copy(root.with_suffix(".db"), manifest)
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    if way == "reader":
        context = ReadContext(root, lambda _: True, size_of=lambda _name, _beside: (WIDTH, HEIGHT))
        items = reader(form).read(source, context).items
        found = sum(len(item.annotations) for item in items if isinstance(item, Record))
    else:
        if way == "scan+import":
            scan_folder(root, manifest=manifest, options=ScanOptions(labels="none"))
        with open_store(manifest) as store:
            found = import_labels(store, source).annotations
    took, spent = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
    return {"boxes": found, "wall": took, "cpu": spent, "peak_mb": peak_mb()}


def report(root: Path, form: str, images: int, rows: list[Row]) -> None:
    """Print medians, rates and ratios of one format; stop where the ways disagree on what is there."""
    counted = {way: {row[way]["boxes"] for row in rows} for way in rows[0]}
    if len(set.union(*counted.values())) != 1:
        sys.exit(f"{root.name}: not all ways count the same boxes: {counted}")
    total = int(rows[0]["reader"]["boxes"])
    print(f"\n{form}: {images:,} images, {total:,} boxes, medians of {len(rows)} runs")
    for way in rows[0]:
        wall, cpu = (statistics.median(row[way][clock] for row in rows) for clock in ("wall", "cpu"))
        walls, cpus = (
            statistics.median(row[way][clock] / row["import"][clock] for row in rows)
            for clock in ("wall", "cpu")
        )
        memory = max(row[way]["peak_mb"] for row in rows)
        print(
            f"  {way:12} {wall:6.2f} s wall {cpu:6.2f} s CPU  {images / cpu:8,.0f} images and"
            f" {total / cpu:9,.0f} boxes a CPU-second  {walls:5.2f} / {cpus:5.2f} × import  {memory:5,.0f} MB"
        )


if __name__ == "__main__":
    main()
