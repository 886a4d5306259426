"""How fast LabelMe files are read and imported, against a bare loop of ``json.load`` over the same files.

``python benchmarks/labelme.py [FOLDER…] [--files 100000]``: small generated files (a box and two polygons
each) beside their pictures, then each folder's; see `label_files`.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

from label_files import Subject, measure, picture


def main() -> None:
    """Measure and print every set of files."""
    measure(Subject("labelme", ".json", make, bare))


def bare(path: str) -> int:
    """Parse a file."""
    with Path(path).open(encoding="utf-8") as file:
        json.load(file)
    return 1


def make(folder: Path, count: int) -> None:
    """Write small LabelMe files."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    for number in range(count):
        file = (folder / picture(number)).with_suffix(".json")
        file.write_text(json.dumps(document(chance, number), ensure_ascii=False, indent=2), encoding="utf-8")


def document(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a box and two polygons of 6 to 16 points."""
    corners = [[chance.uniform(0, 640), chance.uniform(0, 480)] for _ in range(2)]
    forms = [("rectangle", corners), ("polygon", blob(chance)), ("polygon", blob(chance))]
    usual: dict[str, Any] = {"group_id": None, "description": "", "flags": {}, "mask": None}
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": [
            {"label": chance.choice(["cat", "dog", "猫"]), "points": points, "shape_type": kind, **usual}
            for kind, points in forms
        ],
        "imagePath": f"{number:06}.png",
        "imageData": None,
        "imageHeight": 480,
        "imageWidth": 640,
    }


def blob(chance: random.Random) -> list[list[float]]:
    """Return the points of a round polygon."""
    x, y, count = chance.uniform(50, 590), chance.uniform(50, 430), chance.randint(6, 16)
    return [
        [x + chance.uniform(20, 40) * math.cos(angle), y + chance.uniform(20, 40) * math.sin(angle)]
        for angle in (2 * math.pi * at / count for at in range(count))
    ]


if __name__ == "__main__":
    main()
