"""What is written as VOC and YOLO, as the tools of others count it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from labelprep.formats import writer
from labelprep.formats.base import Export, Outgoing
from labelprep.model.annotation import Annotation, Kind, Record
from pictures import draw

if TYPE_CHECKING:
    from pathlib import Path

PEERS = os.environ.get("LABELPREP_PEERS", "")
pytestmark = pytest.mark.skipif(
    not PEERS, reason="needs LABELPREP_PEERS, a Python with supervision and datumaro"
)
SIZE = (20, 10)
OUTLINE = [[1.0, 1.0], [9.0, 1.0], [12.0, 5.0], [9.0, 9.0], [1.0, 9.0]]
BOUNDS = [1.0, 1.0, 12.0, 9.0]

# Each prints what it found: [image, class, box, whether it is an outline] a shape, and the images.
SUPERVISION = """
import json, os, sys
import numpy as np
import supervision as sv

def is_outline(mask):
    down, across = np.nonzero(mask)
    return 0 < len(down) < int(np.ptp(down) + 1) * int(np.ptp(across) + 1)

found, shapes = json.loads(sys.argv[2]), []
images = 0
for way, arguments in found:
    read = getattr(sv.DetectionDataset, way)(*(os.path.join(sys.argv[1], one) for one in arguments))
    images += len(read)
    for path, _, item in read:
        masks = [None] * len(item) if item.mask is None else item.mask
        for box, number, mask in zip(item.xyxy.tolist(), item.class_id, masks):
            outline = mask is not None and is_outline(mask)
            shapes.append([os.path.basename(path), read.classes[number], box, outline])
print(json.dumps([images, sorted(shapes)]))
"""
DATUMARO = """
import json, os, sys
from datumaro.components.dataset import Dataset

read = Dataset.import_from(sys.argv[1], sys.argv[2])
names = [label.name for label in list(read.categories().values())[0].items]
items = list(read)
print(json.dumps([len(items), sorted(
    [os.path.basename(item.media.path), names[one.label], one.points, one.type.name == "polygon"]
    for item in items for one in item.annotations
)]))
"""
VOC = [("from_pascal_voc", ("JPEGImages", "Annotations"))]
YOLO = [("from_yolo", (f"images/{split}", f"labels/{split}", "data.yaml")) for split in ("train", "val")]


def box(left: float, label: str) -> Annotation:
    return Annotation(Kind.BOX, label, [left, 1.0, left + 4, 6.0])


def written(folder: Path, form: str, *of_the_second: Annotation) -> Path:
    """Write three images, with five boxes of three classes and what the second has besides, as a format."""
    shapes = {
        "a.png": (box(1, "cat"), box(3, "dog")),
        "b.png": (*of_the_second, box(2, "cat")),
        "c.png": (box(5, "猫"), box(9, "cat")),
    }
    splits = {"a.png": "train", "b.png": "train", "c.png": "val"}
    items = []
    for number, (name, found) in enumerate(shapes.items()):
        draw(folder / "in" / name, number, size_wh=SIZE)
        record = Record(name, "", found, splits[name], size_wh=SIZE)
        items.append(Outgoing(record, folder / "in" / name, is_stated=True))
    writer(form).write(Export(folder / "in", ("cat", "dog", "猫"), lambda: iter(items)), folder / form)
    return folder / form


def counted(script: str, *arguments: object) -> tuple[int, list[list[object]]]:
    """Return the number of images and the shapes that another tool reads."""
    command = [PEERS, "-c", script, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    images, shapes = json.loads(ran.stdout.splitlines()[-1])
    rounded = [[name, label, [round(one, 4) for one in sides], flag] for name, label, sides, flag in shapes]
    return images, rounded


BOXES: list[list[object]] = [
    ["a.png", "cat", [1.0, 1.0, 5.0, 6.0], False],
    ["a.png", "dog", [3.0, 1.0, 7.0, 6.0], False],
    ["b.png", "cat", [2.0, 1.0, 6.0, 6.0], False],
    ["c.png", "cat", [9.0, 1.0, 13.0, 6.0], False],
    ["c.png", "猫", [5.0, 1.0, 9.0, 6.0], False],
]
DRAWN = [*BOXES[:3], ["b.png", "dog", BOUNDS, True], *BOXES[3:]]


@pytest.mark.parametrize(("form", "ways"), [("voc", VOC), ("yolo", YOLO)])
def test_supervision_counts_the_boxes_and_outlines_that_were_written(
    form: str, ways: list[object], tmp_path: Path
) -> None:
    target = written(tmp_path, form, Annotation(Kind.POLYGON, "dog", OUTLINE))

    found = counted(SUPERVISION, target, json.dumps(ways))

    assert found == (3, DRAWN)


def test_datumaro_counts_the_boxes_of_voc_and_those_around_outlines(tmp_path: Path) -> None:
    target = written(tmp_path, "voc", Annotation(Kind.POLYGON, "dog", OUTLINE))

    images, shapes = counted(DATUMARO, target, "voc_detection")

    # It takes the numbers as they stand in the file: counted from 1, and no outlines.
    assert images == 3
    assert shapes == [[name, label, counted_from_1(sides), False] for name, label, sides, _ in DRAWN]


def counted_from_1(sides: object) -> list[float]:
    """Return a box as VOC counts it, of which the far edge is the last pixel."""
    assert isinstance(sides, list)
    return [sides[0] + 1, sides[1] + 1, *sides[2:]]


def test_datumaro_counts_the_boxes_of_yolo(tmp_path: Path) -> None:
    # Only boxes: where a line has more than five numbers, it leaves out the whole image, and says nothing.
    target = written(tmp_path, "yolo")

    found = counted(DATUMARO, target, "yolo")

    assert found == (3, BOXES)
