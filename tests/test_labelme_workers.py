"""LabelMe files read by workers say exactly what they say when read one after the other."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext
from labelprep.formats.label_files import LabelFile
from labelprep.formats.labelme import LabelMe
from labelprep.formats.labelme_files import Pass, empty_reading
from labelprep.formats.labelme_workers import items
from labelprep.formats.reading_workers import BATCH_FILES, ENOUGH_FILES

if TYPE_CHECKING:
    from pathlib import Path

FILES = ENOUGH_FILES + BATCH_FILES + 1
CROSSING = [[0, 0], [9, 9], [9, 0], [0, 9]]
TRIANGLE = [[0, 0], [9, 0], [0, 9]]


def test_workers_say_what_one_process_says(tmp_path: Path) -> None:
    files = [write(tmp_path, number) for number in range(FILES)]
    context = ReadContext(tmp_path, is_image)
    alone, together = empty_reading(None), empty_reading(None)

    expected = list(Pass(context, None, alone).items(files))
    found = list(items(iter(files), context, None, together))

    assert found == expected
    assert together.facts == alone.facts
    assert together.issues == alone.issues


def test_a_large_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    names = [write(tmp_path, number).name for number in range(FILES)]

    reading = LabelMe().read(tmp_path, ReadContext(tmp_path, is_image))
    places = [getattr(item, "locator", "") or item.issue.where for item in reading.items]  # type: ignore[union-attr]

    assert places == names
    assert reading.facts["files"] == FILES


def is_image(text: str) -> bool:
    """Stand for a manifest that knows every other image."""
    return text.removesuffix(".jpg")[-1:] in "02468"


def write(folder: Path, number: int) -> LabelFile:
    """Write one file; by its number it is odd in one way or another."""
    name = f"{number:05}.json"
    document: dict[str, Any] = {
        "version": ("5.5.0", "4.2.9", "9.0.0", None)[number % 4],
        "flags": {"cat": number % 3 == 0, "dog": False},
        "shapes": [{"label": "猫", "points": TRIANGLE, "shape_type": "polygon", "group_id": number}],
        "imagePath": f"{number:05}.jpg",
        "imageData": None,
    }
    if number % 50 == 0:
        document["shapes"].append({"label": "x", "points": CROSSING, "shape_type": "polygon", "own": 1})
    if number % 70 == 0:
        document["imageData"] = base64.b64encode(b"no picture").decode()
    if number % 90 == 0:
        document["shapes"] = [{"label": "", "points": TRIANGLE}]
    text = "{" if number % 110 == 0 else json.dumps(document, ensure_ascii=number % 2 == 0)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return LabelFile(str(path), name, name, name, "")
