"""What is written as COCO reads back as the same, and as the tools of others count it."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelprep.formats import coco_masks
from labelprep.formats.base import Export, Outgoing, ReadContext, Rejected
from labelprep.formats.coco import Coco
from labelprep.formats.placing import Files
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.geometry import TRIANGLE, is_flat, mask_counts
from pictures import tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WIDTH, HEIGHT = 64, 48
CLASSES = ("cat", "dog", '猫 "咪"')
PEERS = os.environ.get("LABELPREP_PEERS", "")
needs_peers = pytest.mark.skipif(
    not PEERS, reason="needs LABELPREP_PEERS, a Python with pycocotools, supervision and datumaro"
)


def export_of(
    records: Iterable[Record], root: Path, files: Files = Files.LEAVE, class_ids: dict[str, int] | None = None
) -> Export:
    """Return an export of records, all of them stated."""
    items = [Outgoing(record, root / record.image, is_stated=True) for record in records]
    return Export(root, CLASSES, lambda: iter(items), class_ids or {}, files)


def read_back(target: Path) -> list[Record]:
    reading = Coco().read(target, ReadContext(target, lambda _: True))
    found = list(reading.items)
    assert [item.issue for item in found if isinstance(item, Rejected)] == []
    assert [issue for issue in reading.issues if issue.severity != "note"] == []
    return [item for item in found if isinstance(item, Record)]


def said(record: Record) -> Counter[str]:
    """Return what a record says, in no order, coordinates to a millionth of a pixel."""
    return Counter(
        json.dumps(
            [item.kind, item.label, rounded(item.geometry), item.attributes, item.confidence], sort_keys=True
        )
        for item in record.annotations
    )


def rounded(value: Any) -> Any:  # noqa: ANN401 - by kind
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(float(value), 6) + 0.0 if isinstance(value, (int, float)) else value


xs, ys = st.floats(0, WIDTH), st.floats(0, HEIGHT)
points = st.tuples(xs, ys).map(list)
words = st.text(min_size=1, max_size=8).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words | st.lists(st.integers(), max_size=2)
attributes = st.dictionaries(words, plain, max_size=2) | st.fixed_dictionaries(
    {},
    optional={
        "crowd": st.booleans() | st.just(1),
        "group_id": st.integers(1, 2),
        "occluded": st.booleans(),
        "coco:track": st.integers(0, 3) | st.just(""),
        "coco:bbox": st.just([0.0, 0.0, 640.0, 480.0]) | st.just(7),
        "coco:score": st.just(7) | st.just(0.5),
        "coco:image_id": st.just(7),
        "visibility": st.lists(st.integers(0, 2), max_size=4),
        "keypoints": st.lists(st.sampled_from(["nose", "ear"]), max_size=4),
        "skeleton": st.just([[1, 2]]),
    },
)


@st.composite
def masks(draw: st.DrawFn) -> dict[str, Any]:
    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rows = bytes(draw(st.lists(st.sampled_from([0, 1]), min_size=width * height, max_size=width * height)))
    left, top = draw(st.integers(0, WIDTH - width)), draw(st.integers(0, HEIGHT - height))
    rows = rows if any(rows) else b"\1" + rows[1:]
    counts = mask_counts(rows, (width, height))
    return {"size_wh": [width, height], "offset": [left, top], "counts": counts}


FORMS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOX: st.tuples(st.floats(0, 32), st.floats(0, 24), st.floats(33, WIDTH), st.floats(25, HEIGHT)).map(
        list
    ),
    Kind.ROTATED_BOX: st.lists(points, min_size=4, max_size=4).filter(lambda form: not is_flat(form)),
    Kind.POLYGON: st.lists(points, min_size=TRIANGLE, max_size=6).filter(lambda form: not is_flat(form)),
    Kind.POINTS: st.lists(points, min_size=1, max_size=4),
    Kind.MASK: masks(),
}


@st.composite
def drawn(draw: st.DrawFn) -> Annotation:
    kind = draw(st.sampled_from(sorted(FORMS)))
    confidence = draw(st.none() | st.floats(0, 1))
    label = draw(st.sampled_from(CLASSES))
    return Annotation(kind, label, draw(FORMS[kind]), draw(attributes), "", confidence)


@st.composite
def record_lists(draw: st.DrawFn) -> list[Record]:
    splits = draw(st.sampled_from([(None,), ("train", "val"), ("train", "test", None)]))
    return [
        Record(
            f"{at}.jpg",
            "",
            tuple(draw(st.lists(drawn(), max_size=5))),
            split=splits[at % len(splits)],
            size_wh=(WIDTH, HEIGHT),
        )
        for at in range(draw(st.integers(1, 4)))
    ]


@pytest.mark.drawn
@settings(
    max_examples=int(os.environ.get("LABELPREP_FUZZ", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=record_lists())
def test_what_is_written_reads_back_as_the_same(
    records: list[Record], tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("export") / "out"

    written = Coco().write(export_of(records, target), target)

    found = {record.image: record for record in read_back(target)}
    assert {image: said(record) for image, record in found.items()} == {
        record.image: said(record) for record in records
    }
    assert written.annotations == sum(len(record.annotations) for record in records)
    assert {image: (record.split, record.size_wh) for image, record in found.items()} == {
        record.image: (record.split, record.size_wh) for record in records
    }


def box(label: str = "cat", **changes: object) -> Annotation:
    return Annotation(Kind.BOX, label, [1.5, 2.0, 11.5, 7.0], changes)


def document_of(
    *records: Record, target: Path, split: str = "default", class_ids: dict[str, int] | None = None
) -> dict[str, Any]:
    Coco().write(export_of(records, target, class_ids=class_ids), target)
    text = (target / "annotations" / f"instances_{split}.json").read_bytes()
    assert text.isascii()
    document: dict[str, Any] = json.loads(text)
    return document


def test_a_file_is_as_other_tools_expect_it(tmp_path: Path) -> None:
    mask = {"size_wh": [2, 2], "offset": [1, 1], "counts": [0, 3, 1]}
    record = Record(
        "x/a.jpg",
        "",
        (box(crowd=True), Annotation(Kind.MASK, "dog", mask), Annotation(Kind.CIRCLE, "dog", [5, 5, 2])),
        size_wh=(4, 3),
        split="train",
    )

    found = document_of(record, target=tmp_path / "out", split="train", class_ids={"dog": 18})

    assert found == {
        "info": {"split": "train"},
        "licenses": [],
        "categories": [
            {"id": 1, "name": "cat", "supercategory": ""},
            {"id": 2, "name": '猫 "咪"', "supercategory": ""},
            {"id": 18, "name": "dog", "supercategory": ""},
        ],
        "images": [{"id": 1, "file_name": "x/a.jpg", "width": 4, "height": 3}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [1.5, 2, 10, 5],
                "area": 50,
                "segmentation": [],
                "iscrowd": 1,
            },
            {
                "id": 2,
                "image_id": 1,
                "category_id": 18,
                "bbox": [1, 1, 2, 2],
                "area": 3,
                "segmentation": {"size": [3, 4], "counts": [4, 2, 1, 1, 4]},
                "iscrowd": 0,
                "labelprep": {"frame": [1, 1, 2, 2]},
            },
        ],
    }


def test_polygons_of_a_group_are_one_annotation_with_its_keypoints(tmp_path: Path) -> None:
    parts = ([[1.0, 1.0], [5.0, 1.0], [5.0, 5.0]], [[7.0, 7.0], [9.0, 7.0], [9.0, 9.0]])
    named = {"group_id": 3, "keypoints": ["nose", "ear"], "skeleton": [[1, 2]], "visibility": [0, 2]}
    record = Record(
        "a.jpg",
        "",
        (
            *(Annotation(Kind.POLYGON, "cat", part, {"group_id": 3}) for part in parts),
            Annotation(Kind.POINTS, "cat", [[3.0, 4.0]], named),
        ),
        size_wh=(16, 16),
    )

    found = document_of(record, target=tmp_path / "out")

    assert [item["segmentation"] for item in found["annotations"]] == [
        [[1, 1, 5, 1, 5, 5], [7, 7, 9, 7, 9, 9]]
    ]
    assert found["annotations"][0]["keypoints"] == [0, 0, 0, 3, 4, 2]
    assert found["annotations"][0]["bbox"] == [1, 1, 8, 8]
    assert found["categories"][0]["keypoints"] == ["nose", "ear"]
    assert found["categories"][0]["skeleton"] == [[1, 2]]


def test_images_that_nobody_has_spoken_of_are_copied_and_not_listed(tmp_path: Path) -> None:
    root = tree(tmp_path / "in", ["a.png", "b.png"])
    items = [
        Outgoing(Record("a.png", "", (), size_wh=(8, 8)), root / "a.png", is_stated=False),
        Outgoing(Record("b.png", "", (), size_wh=(8, 8)), root / "b.png", is_stated=True),
    ]
    target = tmp_path / "out"

    written = Coco().write(Export(root, CLASSES, lambda: iter(items)), target)

    assert (written.images, written.annotations, written.files) == (1, 0, 3)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*.*")) == [
        "annotations/instances_default.json",
        "images/a.png",
        "images/b.png",
    ]
    assert [(record.image, record.annotations) for record in read_back(target)] == [("images/b.png", ())]


def test_what_coco_cannot_hold_is_counted(tmp_path: Path) -> None:
    outside = {"size_wh": [2, 2], "offset": [63, 0], "counts": [0, 4]}
    record = Record(
        "a.jpg",
        "",
        (
            Annotation(Kind.CLASS, "cat"),
            Annotation(Kind.CIRCLE, "cat", [5, 5, 2]),
            Annotation(Kind.POLYLINE, "cat", [[1, 1], [2, 2]]),
            Annotation(Kind.BOX, None, [1, 1, 2, 2]),
            Annotation(Kind.MASK, "cat", outside),
        ),
        group="g",
        size_wh=(WIDTH, HEIGHT),
    )

    lost = Coco().lost(Outgoing(record, tmp_path / "a.jpg", is_stated=True))
    written = Coco().write(export_of([record], tmp_path / "out"), tmp_path / "out")

    assert lost == {
        "class": 1,
        "circle": 1,
        "polyline": 1,
        "shapes without a class": 1,
        "masks that reach out of their picture": 1,
        "group": 1,
    }
    assert written.annotations == 0


def test_equal_exports_give_equal_bytes(tmp_path: Path) -> None:
    record = Record("a.jpg", "", (box(b=1, a={"d": 1, "c": 2}), box("dog")), size_wh=(16, 16))

    one = document_of(record, target=tmp_path / "one")
    other = document_of(record, target=tmp_path / "other")

    assert json.dumps(one) == json.dumps(other)


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=30))
def test_run_lengths_as_letters_read_back(counts: list[int]) -> None:
    assert coco_masks.counts_of(coco_masks.text_of(counts), 5_000) == counts


@given(masks())
def test_a_mask_put_into_its_picture_comes_out_as_it_was(mask: dict[str, Any]) -> None:
    (width, height), (left, top) = mask["size_wh"], mask["offset"]

    whole = coco_masks.moved(mask["counts"], (width, height), (WIDTH, HEIGHT), (left, top))

    assert whole is not None
    assert sum(whole) == WIDTH * HEIGHT
    assert coco_masks.moved(whole, (WIDTH, HEIGHT), (width, height), (-left, -top)) == mask["counts"]
    box_of_it = coco_masks.bounds_of(whole, HEIGHT)
    assert left <= box_of_it[0] < box_of_it[2] <= left + width
    assert top <= box_of_it[1] < box_of_it[3] <= top + height


COUNTS = {
    "pycocotools": """
import json, sys
from pycocotools.coco import COCO
coco = COCO(sys.argv[1])
found = coco.loadAnns(coco.getAnnIds())
names = {item["id"]: item["name"] for item in coco.loadCats(coco.getCatIds())}
print(json.dumps({
    "images": len(coco.getImgIds()),
    "classes": sorted(names[item["category_id"]] for item in found),
    "pixels": [int(coco.annToMask(item).sum()) for item in found if item["segmentation"]],
    "parts": sum(len(item["segmentation"]) for item in found if isinstance(item["segmentation"], list)),
}))
""",
    "supervision": """
import json, sys
import supervision as sv
found = sv.DetectionDataset.from_coco(sys.argv[2], sys.argv[1])
kinds = [found.classes[number] for _, _, item in found for number in item.class_id]
boxes = sorted(round(float(value), 2) for _, _, item in found for box in item.xyxy for value in box)
print(json.dumps({"images": len(found), "classes": sorted(kinds), "boxes": boxes}))
""",
    "datumaro": """
import json, sys
from datumaro.components.dataset import Dataset
found = Dataset.import_from(sys.argv[3], "coco_instances")
names = [label.name for label in found.categories()[list(found.categories())[0]].items]
from collections import Counter
items = [item for item in found]
kinds = Counter(one.type.name for item in items for one in item.annotations)
print(json.dumps({
    "images": len(items),
    "classes": sorted(names[one.label] for item in items for one in item.annotations),
    "kinds": kinds,
    "with_pictures": sum(item.media is not None for item in items),
}))
""",
}


@needs_peers
@pytest.mark.parametrize("tool", sorted(COUNTS))
def test_the_tools_of_others_count_the_same(tool: str, tmp_path: Path) -> None:
    root = tree(tmp_path / "in", ["a.png", "x/b.png"])
    square = [[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 5.0]]
    mask = {"size_wh": [2, 2], "offset": [1, 1], "counts": [0, 3, 1]}
    records = [
        Record(
            "a.png",
            "",
            (box_at(1), box_at(2, "dog"), Annotation(Kind.POLYGON, "dog", square)),
            size_wh=(8, 8),
        ),
        Record("x/b.png", "", (Annotation(Kind.MASK, "cat", mask, {"crowd": True}),), size_wh=(8, 8)),
    ]
    target = tmp_path / "out"
    Coco().write(export_of(records, root, Files.COPY), target)
    file = target / "annotations" / "instances_default.json"

    ran = subprocess.run(
        [PEERS, "-c", COUNTS[tool], file, target / "images", target],
        capture_output=True,
        check=True,
        text=True,
    )

    found = json.loads(ran.stdout.splitlines()[-1])
    assert found.pop("images") == 2
    assert found == EXPECTED[tool]


def box_at(left: float, label: str = "cat") -> Annotation:
    return Annotation(Kind.BOX, label, [left, 1.0, left + 2, 4.0])


EXPECTED: dict[str, dict[str, Any]] = {
    "pycocotools": {"classes": ["cat", "cat", "dog", "dog"], "pixels": [16, 3], "parts": 1},
    "supervision": {
        "classes": ["cat", "cat", "dog", "dog"],
        "boxes": sorted([1.0, 1.0, 3.0, 4.0, 2.0, 1.0, 4.0, 4.0, 1.0, 1.0, 5.0, 5.0, 1.0, 1.0, 3.0, 3.0]),
    },
    # It makes a box of every bbox, besides the polygon and the mask.
    "datumaro": {
        "classes": ["cat", "cat", "cat", "dog", "dog", "dog"],
        "kinds": {"bbox": 4, "polygon": 1, "mask": 1},
        "with_pictures": 2,
    },
}
