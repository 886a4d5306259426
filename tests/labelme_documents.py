"""LabelMe files for tests: documents to write, and a short way to read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext, Reading, Rejected
from labelprep.formats.labelme import LabelMe
from labelprep.model.annotation import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.formats.base import Item

TRIANGLE = [[10, 10], [60, 10], [60, 50]]


def shape(**changes: object) -> dict[str, Any]:
    """Return a polygon of class cat, changed."""
    usual = {"label": "cat", "points": TRIANGLE, "group_id": None, "description": "", "shape_type": "polygon"}
    return {**usual, "flags": {}, "mask": None, **changes}


def document(*shapes: object, **changes: object) -> dict[str, Any]:
    """Return a file's values, changed; keys that are given as ... are left out."""
    usual: dict[str, object] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.jpg",
        "imageData": None,
        "imageHeight": 120,
        "imageWidth": 160,
    }
    return {key: value for key, value in (usual | changes).items() if value is not ...}


def written(folder: Path, *shapes: object, name: str = "a.json", **changes: object) -> Path:
    """Write a LabelMe file and return its path."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document(*shapes, **changes), ensure_ascii=False, indent=2), encoding="utf-8")
    return file


def read(
    source: Path,
    *,
    root: Path | None = None,
    is_image: Callable[[str], bool] = lambda _: True,
    classes: tuple[str, ...] = (),
    **options: object,
) -> tuple[list[Item], Reading]:
    """Read a source to its end."""
    around = root or (source if source.is_dir() else source.parent)
    reading = LabelMe().read(source, ReadContext(around, is_image, classes, dict(options)))
    return list(reading.items), reading


def record(source: Path, **context: Any) -> Record:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one good file."""
    (item,), _ = read(source, **context)
    assert isinstance(item, Record), item
    return item


def rejected(source: Path, **context: Any) -> Rejected:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one bad file."""
    (item,), _ = read(source, **context)
    assert isinstance(item, Rejected), item
    return item


def told(reading: Reading) -> list[tuple[str, str, str]]:
    """Return code, place and problem of each issue."""
    return [(issue.code, issue.where, issue.problem) for issue in reading.issues]
