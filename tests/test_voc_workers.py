"""VOC files read by workers say exactly what they say when read one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.formats import reading_workers
from labelprep.formats.base import ReadContext
from labelprep.formats.reading_workers import BATCH_FILES, ENOUGH_FILES
from labelprep.formats.voc import Voc
from voc_documents import box, document

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from labelprep.formats.base import Item, Reading

FILES = ENOUGH_FILES + BATCH_FILES + 1
NO_BOX = "<object><name>cat</name></object>"
CROSSING = (
    "<polygon><x1>0</x1><y1>0</y1><x2>9</x2><y2>9</y2><x3>9</x3><y3>0</y3><x4>0</x4><y4>9</y4></polygon>"
)


def test_workers_say_what_one_process_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(FILES):
        write(tmp_path, number)
    main = tmp_path / "ImageSets" / "Main"
    main.mkdir(parents=True)
    (main / "train.txt").write_text("00001\n00002\nunlabelled\n", encoding="utf-8")

    together = read(tmp_path)
    monkeypatch.setattr(reading_workers, "usable_cores", lambda: 1)
    alone = read(tmp_path)

    assert together == alone
    assert together[1]["files"] == FILES


def read(folder: Path) -> tuple[list[Item], dict[str, Any], list[object]]:
    """Return items, facts and issues of a folder."""
    reading: Reading = Voc().read(folder, ReadContext(folder, is_image, ("猫",)))
    items = list(reading.items)
    return items, reading.facts, list(reading.issues)


def is_image(text: str) -> bool:
    """Stand for a manifest that knows every other image."""
    return text.removesuffix(".jpg")[-1:] in "02468"


def write(folder: Path, number: int) -> None:
    """Write one file; by its number it is odd in one way or another."""
    stem = f"{number:05}"
    parts: dict[str, str] = {"head": f"<filename>{stem}.jpg</filename>"}
    objects = [box(1, 1, 50, 60, name="猫" if number % 3 else "cat")]
    if number % 40 == 0:
        parts["head"] = f"<filename>{number + 1:05}.jpg</filename>"
    if number % 50 == 0:
        objects += [NO_BOX, f"<object><name>dog</name>{CROSSING}</object>"]
    if number % 70 == 0:
        parts["size"] = ""
    if number % 90 == 0:
        parts["head"] = "<folder>photos</folder>"
        objects = [NO_BOX]
    if number % 130 == 0:
        parts["root"] = "other"
    text = "<" if number % 110 == 0 else document(*objects, **parts)
    encoding = "gb18030" if number % 60 == 0 else "utf-8"
    (folder / f"{stem}.xml").write_bytes(text.encode(encoding))
