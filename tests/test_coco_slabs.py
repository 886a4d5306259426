"""The plain boxes of COCO files, taken many images at once, are those that the file holds."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.coco_index import Index
from labelprep.formats.coco_slabs import Slabs
from labelprep.formats.spills import FEW_A_BLOCK, Spill
from labelprep.model.annotation import Annotation, Kind
from labelprep.model.boxes import Boxes

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {1: "cat", 2: "dog", 3: None}
IMAGES = 5
PLAIN = st.fixed_dictionaries(
    {
        "image_id": st.integers(0, IMAGES - 1),
        "category_id": st.sampled_from([1, 1, 2, 3]),
        "bbox": st.lists(st.floats(0.1, 90), min_size=4, max_size=4),
    }
)
ENTRY = st.one_of(PLAIN, PLAIN, PLAIN, PLAIN.map(lambda entry: {**entry, "score": 0.5}))


def filled(folder: Path, entries: list[dict[str, Any]]) -> Index:
    """Return a file of these annotations gone through."""
    file = folder / "a.json"
    numbered = [{"id": at, **entry} for at, entry in enumerate(entries)]
    images = [{"id": at, "file_name": f"{at}.jpg"} for at in range(IMAGES)]
    file.write_text(json.dumps({"images": images, "annotations": numbered}), encoding="utf-8")
    index = Index()
    index.fill(file, "utf-8")
    return index


def is_plain(entry: dict[str, Any]) -> bool:
    """Tell whether an annotation is a box of a class and nothing else."""
    return "score" not in entry and NAMES[entry["category_id"]] is not None


def shape(at: int, entry: dict[str, Any]) -> Annotation:
    """Return what an annotation of a file is."""
    x, y, width, height = entry["bbox"]
    corners = [x, y, x + width, y + height]
    return Annotation(Kind.BOX, NAMES[entry["category_id"]], corners, {}, f"annotations[{at}]")


@given(
    entries=st.lists(ENTRY, max_size=12),
    asked=st.permutations([*range(IMAGES), -1, 0]),
    at_once=st.integers(1, 9),
)
def test_the_boxes_of_each_image_are_those_of_the_file_in_its_order(
    tmp_path_factory: Any,  # noqa: ANN401 - of pytest
    entries: list[dict[str, Any]],
    asked: list[int],
    at_once: int,
) -> None:
    with filled(tmp_path_factory.getbasetemp(), entries) as index:
        slabs = Slabs(index, index.grouped({}), np.array(asked), NAMES.get, at_once)
        found = [slabs.boxes(at, "annotations") for at in range(len(asked))]
        numbers = [slabs.numbers_of(at) for at in range(len(asked))]

    own = [[at for at, one in enumerate(entries) if one["image_id"] == image] for image in asked]
    assert numbers == own
    assert [None if one is None else tuple(one) for one in found] == [
        tuple(shape(at, entries[at]) for at in part)
        if part and all(is_plain(entries[at]) for at in part)
        else None
        for part in own
    ]
    reached = [(one.reach, [*zip(*one.corners, strict=True)]) for one in found if one is not None]
    assert all(
        reach == (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])) for reach, sides in reached
    )


def test_boxes_equal_the_annotations_that_they_stand_for() -> None:
    boxes = Boxes(["cat", "dog"], [[0, 1, 2, 3], [4, 5, 6, 7]], [7, 9], "annotations", (0, 1, 6, 7))
    annotations = (
        Annotation(Kind.BOX, "cat", [0, 1, 2, 3], {"a": 1}, "annotations[7]"),
        Annotation(Kind.BOX, "dog", [4, 5, 6, 7], {}, "annotations[9]"),
    )

    more = boxes.with_attributes({"a": 1})

    assert more == annotations
    assert (more[1], more[:1], len(more)) == (annotations[1], annotations[:1], 2)
    assert pickle.loads(pickle.dumps(more)) == annotations  # noqa: S301 - our own
    assert boxes != annotations


@given(numbers=st.lists(st.integers(0, 99), max_size=2 * FEW_A_BLOCK).map(lambda some: some * 7))
def test_rows_are_the_pieces_whether_taken_one_by_one_or_at_once(numbers: list[int]) -> None:
    with Spill() as spill:
        for at in range(100):
            spill.add(bytes([at]) * (at % 5))
        rows = spill.rows(np.array(numbers, np.int64), 4)
        sizes = spill.sizes(np.array(numbers, np.int64))

    assert sizes.tolist() == [at % 5 for at in numbers]
    whole = [row.tobytes() for row, at in zip(rows, numbers, strict=True) if at % 5 == 4]
    assert whole == [bytes([at]) * 4 for at in numbers if at % 5 == 4]
