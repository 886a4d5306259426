"""Many COCO entries taken at once are what they are one by one."""

from __future__ import annotations

import json
import random
from io import BytesIO
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from labelprep.formats import json_streams
from labelprep.formats.coco_boxes import packed, packed_all
from labelprep.formats.coco_index import Index

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.one_of(
    st.integers(-3, 9),
    st.sampled_from([0.5, 7.0, -0.0, 1e9, 2e9, float("nan"), 1 << 63, -(1 << 63), True, None]),
)
BOX: dict[str, Any] = {"id": 1, "image_id": 2, "category_id": 3, "bbox": [1, 2.5, 3, 4], "iscrowd": 0}
ODD: dict[str, st.SearchStrategy[Any]] = {
    "id": NUMBERS,
    "image_id": NUMBERS,
    "category_id": NUMBERS,
    "bbox": st.one_of(NUMBERS, st.lists(NUMBERS, min_size=3, max_size=5)),
    "iscrowd": st.sampled_from([0, 1, None, []]),
    "segmentation": st.sampled_from([[], None, {}, "", [[1, 2, 3, 4, 5, 6]]]),
    "area": st.sampled_from([1, "}, {", {"a": 1}]),
    "score": st.just(0.5),
}
CHANGES = st.sampled_from(sorted(ODD)).flatmap(lambda key: ODD[key].map(lambda value: {key: value}))
ENTRIES = st.lists(CHANGES.map(lambda change: BOX | change) | st.just(BOX), min_size=1, max_size=4)


@given(ENTRIES)
def test_boxes_packed_together_are_those_packed_one_by_one(entries: list[dict[str, Any]]) -> None:
    texts = [json.dumps(entry) for entry in entries]

    together = packed_all(entries, ", ".join(texts))

    assume(together is not None)
    assert together is not None
    alone = [packed(entry, text) for entry, text in zip(entries, texts, strict=True)]
    assert together.data == b"".join(data or b"?" for data in alone)
    assert list(together.images) == [entry["image_id"] for entry in entries]
    assert together.ids.tolist() == [entry["id"] for entry in entries]


def test_equal_boxes_are_packed_together() -> None:
    assert packed_all([BOX, BOX], f"{json.dumps(BOX)},{json.dumps(BOX)}") is not None


def test_a_key_that_is_there_twice_is_not_packed() -> None:
    twice = '{"id": 1, "image_id": 2, "category_id": 3, "bbox": [1, 2, 3, 4], "id": 5}'

    assert packed_all([json.loads(twice), json.loads(twice)], f"{twice},{twice}") is None


@given(
    st.lists(
        st.sampled_from(["{}", '{"a": 1}', '"}, {"', "7", '[{"b": 2}, {"c": 3}]', '{"d": "},{"}']), max_size=8
    )
)
def test_entries_taken_at_once_are_those_of_the_file(texts: list[str]) -> None:
    file = f'{{"annotations": [{", ".join(texts)}], "others": [1, {{}}, {{}}]}}'.encode()
    found: list[Any] = []

    def take(values: list[Any], text: str) -> bool:
        assert json.loads(f"[{text}]") == values
        found.extend(values)
        return True

    for entry in json_streams.entries(BytesIO(file), "utf-8", takes={"annotations": take}):
        if entry.key == "annotations" and entry.at is not None:
            assert entry.at == len(found)
            found.append(entry.value)

    assert found == [json.loads(text) for text in texts]


def test_a_large_file_is_put_aside_the_same_with_an_odd_entry_in_it(tmp_path: Path) -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    boxes = [
        {
            "id": at,
            "image_id": chance.randrange(50),
            "category_id": at % 3,
            "bbox": [at, 0.5, 9, 9.25],
            "area": 1,
        }
        for at in range(9_000)
    ]
    boxes[4_000]["score"] = 0.5
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": [], "annotations": boxes}), encoding="utf-8")

    with Index() as index:
        index.fill(path, "utf-8")
        pieces = [index.annotations.read(at) for at in range(len(boxes))]
        images = [index.image_id_of(at) for at in range(len(boxes))]
        identifiers = [index.id_of(at) for at in range(len(boxes))]

    texts = [json.dumps(box) for box in boxes]
    expected = [packed(box, text) or text.encode() for box, text in zip(boxes, texts, strict=True)]
    assert pieces == expected
    assert images == [box["image_id"] for box in boxes]
    assert identifiers == list(range(9_000))
