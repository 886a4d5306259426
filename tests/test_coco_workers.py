"""Large COCO files: what workers parse is what this process reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labelprep.formats import coco_workers, reader
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.coco_workers import answer_of

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.formats.coco_boxes import Packed

BOXES = 9_000
ODD: dict[int, dict[str, Any]] = {
    3_000: {"score": 0.5},
    4_000: {"segmentation": [[1, 2, 30, 4, 50, 60]]},
    4_001: {"note": 'a border "}, {" inside of a text'},
    5_000: {"bbox": [1, 2, 3]},
}


def entry(number: int) -> dict[str, Any]:
    """Return one annotation."""
    box = [number % 97 + 0.5, number % 89, 10, 20.25]
    return {"id": number, "image_id": number % 7, "category_id": 1, "bbox": box, **ODD.get(number, {})}


def written(folder: Path, entries: list[str], after: str = "") -> Path:
    """Write a file of these annotations, which come before the images; ``after`` is put at its end."""
    images = [{"id": at, "file_name": f"{at}.jpg", "width": 640, "height": 480} for at in range(7)]
    listed = ", \n".join(entries)
    categories = json.dumps([{"id": 1, "name": "cat"}])
    others = f'"images": {json.dumps(images)}, "categories": {categories}'
    document = f'{{"annotations": [\n{listed}\n], {others}{after}}}'
    file = folder / "a.json"
    file.write_text(document, encoding="utf-8", newline="\n")
    return file


def read(file: Path) -> tuple[Any, ...]:
    """Return all that is read of a file."""
    reading = reader("coco").read(file, ReadContext(file.parent, lambda _: True))
    items = [
        item if isinstance(item, Rejected) else (item, tuple(item.annotations)) for item in reading.items
    ]
    return items, reading.facts, reading.issues


@pytest.mark.parametrize("after", ["", ", 7", ', "猫": "猫"'])
def test_workers_read_what_one_process_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    file = written(tmp_path, [json.dumps(entry(number)) for number in range(BOXES)], after)

    alone = read(file)
    monkeypatch.setattr(coco_workers, "ENOUGH_BYTES", 1 << 16)
    monkeypatch.setattr(coco_workers, "PART_BYTES", 1 << 15)
    monkeypatch.setattr(coco_workers, "usable_cores", lambda: 2)
    together = read(file)

    assert together == alone
    assert alone[1]["annotations"] == (0 if after == ", 7" else BOXES)


def test_parts_are_taken_up_to_the_last_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, [json.dumps(entry(number)) for number in range(BOXES)])
    monkeypatch.setattr(coco_workers, "ENOUGH_BYTES", 1 << 16)
    monkeypatch.setattr(coco_workers, "PART_BYTES", 1 << 15)
    monkeypatch.setattr(coco_workers, "usable_cores", lambda: 2)
    taken: list[Packed] = []
    start = file.read_text(encoding="utf-8").index("}") + 1

    passed = list(coco_workers.windows(file, taken.append, start))

    numbers = [json.loads(text)["id"] for window in passed for _, text in window.rest]
    numbers += [number for boxes in taken for number in boxes.ids.tolist()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert file.stat().st_size - passed[-1].end < 1 << 16
    assert 0 < sum(len(window.rest) for window in passed) < sum(window.taken for window in passed)


def test_a_part_that_is_cut_inside_of_a_text_is_left() -> None:
    whole = ', {"id": 1, "note": "}, {"}, {"id": 2}'

    assert answer_of(whole[: whole.index("}, {") + 1].encode()).is_list is False
    assert answer_of(whole.encode()).is_list is True
    assert answer_of(', {"é": 1}'.encode()).is_list is False


def test_the_lines_of_a_part_are_counted() -> None:
    answer = answer_of(b',\n{"id": 1},\n  {"id": 2}')

    assert (answer.is_list, answer.boxes, answer.lines, answer.column) == (True, None, 2, 11)
