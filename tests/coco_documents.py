"""COCO files for tests: documents to write, and a short way to read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext, Reading, Rejected
from labelprep.formats.coco import Coco
from labelprep.model.annotation import Annotation, Record

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.formats.base import Item

BOX = [10, 20, 30, 40]
TRIANGLE = [10, 10, 60, 10, 60, 50]


def annotation(**changes: object) -> dict[str, Any]:
    """Return a box of class cat on the first image, changed; keys that are given as ... are left out."""
    usual: dict[str, object] = {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX, "area": 1200}
    return {key: value for key, value in {**usual, "iscrowd": 0, **changes}.items() if value is not ...}


def document(*annotations: object, **changes: object) -> dict[str, Any]:
    """Return a file's values: two images, the classes cat (1) and dog (18)."""
    usual: dict[str, object] = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 160, "height": 120},
            {"id": 2, "file_name": "b.jpg", "width": 160, "height": 120},
        ],
        "annotations": list(annotations),
        "categories": [{"id": 1, "name": "cat"}, {"id": 18, "name": "dog"}],
    }
    return {key: value for key, value in (usual | changes).items() if value is not ...}


def write_json(file: Path, values: object) -> Path:
    """Write a file and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return file


def written(folder: Path, *annotations: object, name: str = "instances.json", **changes: object) -> Path:
    """Write a COCO file and return its path."""
    return write_json(folder / name, document(*annotations, **changes))


def read(source: Path, root: Path | None = None, **options: object) -> tuple[list[Item], Reading]:
    """Read a source to its end."""
    around = root or (source if source.is_dir() else source.parent)
    reading = Coco().read(source, ReadContext(around, lambda _: True, (), dict(options)))
    return list(reading.items), reading


def shapes(source: Path, root: Path | None = None, **options: object) -> list[Annotation]:
    """Return the annotations of the first image."""
    items, _ = read(source, root, **options)
    assert isinstance(items[0], Record), items[0]
    return list(items[0].annotations)


def rejected(source: Path, root: Path | None = None, **options: object) -> Rejected:
    """Return the first item of a source, which must be a rejection."""
    items, _ = read(source, root, **options)
    assert isinstance(items[0], Rejected), items[0]
    return items[0]


def told(reading: Reading) -> list[tuple[str, str]]:
    """Return code and place of each issue."""
    return [(issue.code, issue.where) for issue in reading.issues]
