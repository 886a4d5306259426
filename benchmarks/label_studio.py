"""How fast a Label Studio export is read and imported, against a bare ``json.load`` of the same file.

``python benchmarks/label_studio.py [--files 100000]``: one generated export of so many tasks, each of a
choice, two rectangles and a polygon; see `label_files`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from label_files import SIZE_WH, Subject, measure, picture

CLASSES = ("cat", "dog", "猫")
EXPORT = "export.json"


def main() -> None:
    """Measure and print two exports."""
    measure(Subject("label-studio", ".json", make, bare, EXPORT))


def bare(path: str) -> int:
    """Parse an export; return the number of its tasks."""
    with Path(path).open(encoding="utf-8") as file:
        return sum(bool(task["annotations"]) for task in json.load(file))


def make(folder: Path, count: int) -> None:
    """Write an export."""
    chance = random.Random(0)  # noqa: S311 - pictures of nothing
    with (folder / EXPORT).open("w", encoding="utf-8") as file:
        for number in range(count):
            task = json.dumps(task_of(chance, number), ensure_ascii=False)
            file.write(f"{'[' if number == 0 else ', '}{task}")
        file.write("]")


def task_of(chance: random.Random, number: int) -> dict[str, Any]:
    """Return a task as the tool exports it."""
    results = [
        {"id": f"{number}a", "type": "choices", "value": {"choices": [chance.choice(CLASSES)]}},
        shape(chance, f"{number}b", "rectanglelabels", box(chance)),
        shape(chance, f"{number}c", "rectanglelabels", box(chance)),
        shape(chance, f"{number}d", "polygonlabels", {"points": blob(chance)}),
    ]
    usual = {"from_name": "label", "to_name": "image", "origin": "manual"}
    annotation = {
        "id": number,
        "completed_by": 1,
        "result": [usual | result for result in results],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "lead_time": 8.5,
    }
    address = f"/data/local-files/?d={picture(number)}"
    return {"id": number, "data": {"image": address}, "annotations": [annotation], "predictions": []}


def shape(chance: random.Random, name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return a result that draws a shape, in percent of the picture."""
    size = {"original_width": SIZE_WH[0], "original_height": SIZE_WH[1], "image_rotation": 0}
    return {"id": name, "type": kind, "value": value | {kind: [chance.choice(CLASSES)]}, **size}


def box(chance: random.Random) -> dict[str, Any]:
    """Return a rectangle."""
    left, top = chance.uniform(0, 80), chance.uniform(0, 80)
    return {
        "x": left,
        "y": top,
        "width": chance.uniform(2, 20),
        "height": chance.uniform(2, 20),
        "rotation": 0,
    }


def blob(chance: random.Random) -> list[list[float]]:
    """Return a polygon of four to ten points."""
    count = chance.randint(4, 10)
    return [[10 + 8 * at, chance.uniform(0, 45) + 50 * (at % 2)] for at in range(count)]


if __name__ == "__main__":
    main()
