"""Label Studio's documents as tests write them, and what is read from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext
from labelprep.formats.label_studio import LabelStudio

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.formats.base import Item, Reading

WIDE, HIGH = 200, 100


def region(kind: str, label: str | None = "cat", /, **value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a result that draws a shape on a picture of 200 × 100 pixels."""
    labels = {} if label is None else {kind: [label]}
    return {
        "id": f"{kind}-{sorted(value.items())}",
        "type": kind,
        "from_name": "label",
        "to_name": "image",
        "original_width": WIDE,
        "original_height": HIGH,
        "image_rotation": 0,
        "value": value | labels,
    }


def choices(*names: str, control: str = "choice") -> dict[str, Any]:
    """Return a result that states classes of the whole image."""
    return {"type": "choices", "from_name": control, "to_name": "image", "value": {"choices": list(names)}}


def task(*results: Any, image: str = "a.jpg", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a task with one annotation of these results."""
    return {"data": {"image": image}, "annotations": [{"result": list(results)}], **more}


def saved(folder: Path, document: Any, name: str = "export.json") -> Path:  # noqa: ANN401 - JSON
    """Write a document."""
    file = folder / name
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def read(source: Path, sizes: dict[str, tuple[int, int]] | None = None, **options: object) -> Reading:
    """Open a source whose images have the sizes given."""
    known = sizes or {}
    context = ReadContext(
        source.parent, lambda name: name in known, (), options, lambda name, _beside: known.get(name)
    )
    return LabelStudio().read(source, context)


def items(
    folder: Path,
    document: Any,  # noqa: ANN401 - JSON
    sizes: dict[str, tuple[int, int]] | None = None,
    **options: object,
) -> tuple[list[Item], list[tuple[str, str]]]:
    """Return what a document says, and what is told besides: codes and places."""
    reading = read(saved(folder, document), sizes, **options)
    found = list(reading.items)
    return found, [(issue.code, issue.where) for issue in reading.issues]
