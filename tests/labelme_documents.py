"""LabelMe files for tests: documents to write, and a short way to read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from format_reading import FormatReading, told
from labelprep.formats.labelme import LabelMe

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TRIANGLE", "document", "read", "record", "rejected", "shape", "told", "written"]

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


_FORMAT = FormatReading(LabelMe())
read, record, rejected = _FORMAT.read, _FORMAT.record, _FORMAT.rejected
