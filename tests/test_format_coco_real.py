"""COCO files that others made, files that break such tools, and files that are broken at random."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coco_documents import BOX, TRIANGLE, annotation, document, read, write_json
from labelprep.errors import SourceError
from labelprep.formats.base import Export, Outgoing, Rejected
from labelprep.formats.coco import Coco
from labelprep.formats.placing import Files
from labelprep.manifest.store import open_store
from labelprep.model.annotation import Kind, Record
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from labelprep.workflows.scanning import ScanOptions, scan_folder

SHARED = Path(__file__).parents[1].parent / "shared"
CHINESE = SHARED / "data" / "labelme" / "chinese_paths"
RESULTS = SHARED / "data" / "coco_rle" / "instances_val2014_fakesegm100_results.json"
TORTURE = SHARED / "torture"
needs_data = pytest.mark.skipif(not CHINESE.is_dir(), reason="needs the shared data, which is not here")
needs_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")


def plain_count(values: Any) -> tuple[int, Counter[tuple[str, str]]]:  # noqa: ANN401 - JSON
    """Count images, and shapes by kind and class, with nothing but json."""
    names = {item["id"]: item["name"] for item in values["categories"]}
    counted: Counter[tuple[str, str]] = Counter()
    for item in values["annotations"]:
        name, segmentation = names[item["category_id"]], item["segmentation"]
        is_points = bool(segmentation) and all(len(part) == 2 for part in segmentation)
        if isinstance(segmentation, dict):
            counted["mask", name] += 1
        elif segmentation:
            counted["polygon", name] += 1 if is_points else len(segmentation)
        else:
            counted["box", name] += 1
        counted["points", name] += any(number > 0 for number in item.get("keypoints", [])[2::3])
    return len(values["images"]), +counted


@needs_data
@pytest.mark.parametrize("at", range(4))
def test_real_files_give_what_plain_json_counts(at: int, tmp_path: Path) -> None:
    files = sorted(path for path in CHINESE.rglob("*.json") if "annotations" in json.loads(path.read_bytes()))
    assert len(files) == 4
    images, counted = plain_count(json.loads(files[at].read_bytes()))

    items, reading = read(files[at])

    records = [item for item in items if isinstance(item, Record)]
    assert len(records) == images
    assert Counter((str(each.kind), each.label) for one in records for each in one.annotations) == counted
    assert [issue for issue in reading.issues if issue.severity == "error"] == []
    assert said_again(records, tmp_path) == said(records)


def said(records: list[Record]) -> list[Any]:
    return [
        [[each.kind, each.label, rounded(each.geometry), each.attributes] for each in one.annotations]
        for one in records
    ]


def rounded(value: Any) -> Any:  # noqa: ANN401 - by kind
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 6) if isinstance(value, float) else value


def said_again(records: list[Record], folder: Path) -> list[Any]:
    """Write records as COCO and say what is read of that."""
    classes = tuple(sorted({str(each.label) for one in records for each in one.annotations}))
    items = [Outgoing(one, folder / one.image, is_stated=True) for one in records]
    Coco().write(Export(folder, classes, lambda: iter(items), files=Files.LEAVE), folder / "out")
    return said([item for item in read(folder / "out")[0] if isinstance(item, Record)])


@needs_data
def test_real_results_are_predictions_of_the_pixels_that_their_letters_say(tmp_path: Path) -> None:
    values = json.loads(RESULTS.read_bytes())
    ids = sorted({item["image_id"] for item in values})
    kinds = sorted({item["category_id"] for item in values})
    images = [{"id": at, "file_name": f"{at:012}.jpg"} for at in ids]
    categories = [{"id": at, "name": f"class {at}"} for at in kinds]
    write_json(tmp_path / "instances.json", {"images": images, "categories": categories, "annotations": []})
    shutil.copy(RESULTS, tmp_path / "results.json")

    items, reading = read(tmp_path / "results.json")

    records = [item for item in items if isinstance(item, Record)]
    found = [each for one in records for each in one.annotations]
    assert all(one.is_prediction for one in records)
    assert len(records) == len(ids)
    assert Counter(each.label for each in found) == Counter(f"class {item['category_id']}" for item in values)
    assert {each.kind for each in found} == {Kind.MASK}
    assert sorted(each.geometry["size_wh"] for each in found) == sorted(
        item["segmentation"]["size"][::-1] for item in values
    )
    assert Counter(each.confidence for each in found) == Counter(item["score"] for item in values)
    assert reading.issues == []


@needs_data
def test_real_results_by_themselves_are_refused() -> None:
    (item,), _ = read(RESULTS)

    assert isinstance(item, Rejected)
    assert item.reason == "results_alone"


TAKEN: dict[str, tuple[int, str | None]] = {
    "ok": (1, None),
    "category_dup_name": (1, "LP314"),
    "category_zero": (1, None),
    "category_str_id": (1, "LP316"),
    "dup_file_name": (2, "LP317"),
    "dup_ann_id": (2, "LP317"),
    "bbox_xyxy": (1, "LP318"),
    "rle_uncompressed": (1, "LP316"),
    "rle_compressed": (1, "LP312"),
    "size_lie": (1, "LP248"),
    "size_missing": (1, None),
    "big_ids": (1, None),
}
"""Files of which something is taken: the number of annotations, and the code of what is told."""
REFUSED = {
    "category_unknown": "annotation id 1: its category 99",
    "image_missing": "annotation id 1: its image 77",
    "file_missing": "no image has this name",
    "zero_bbox": "annotations[0]",
    "bbox_3": "annotations[0]",
    "bbox_null": "annotations[0]",
    "rle_bomb": "1000000 × 1000000",
    "seg_odd": "annotations[0]",
    "results_list": "a list of results",
    "traversal": "outside the folder",
    "nan": "annotations[0]",
    "truncated": "line 1, column 115",
    "keypoints_panoptic": "panoptic",
}
"""Files of which nothing is taken, and what the error says."""


@needs_torture
def test_every_file_that_breaks_such_tools_ends_as_it_should(tmp_path: Path) -> None:
    root = TORTURE / "labels" / "coco"
    with (TORTURE / "labels.csv").open(encoding="utf-8", newline="") as file:
        names = {Path(row["file"]).stem for row in csv.DictReader(file) if row["file"].startswith("coco/")}
    assert names == TAKEN.keys() | REFUSED.keys()

    for name in sorted(names):
        manifest = tmp_path / f"{name}.db"
        scan_folder(root, manifest=manifest, options=ScanOptions(labels="none"))
        with open_store(manifest) as store:
            if name in REFUSED:
                with pytest.raises(SourceError) as refused:
                    import_labels(store, root / f"{name}.json", ImportOptions())
                assert REFUSED[name] in str(refused.value), name
                continue
            report = import_labels(store, root / f"{name}.json", ImportOptions())
        annotations, code = TAKEN[name]
        assert (report.format, report.annotations) == ("coco", annotations), name
        told = {issue.code for issue in report.issues}
        assert code is None or code in told, name
        assert told <= {code, "LP249", "LP245", "LP346"}, name


STRANGE: list[Any] = [
    *(None, True, 0, -1, 7.0, 1e308, 10**30, "", "x", "é", "\x00", "猫" * 50, "1", float("nan")),
    *([], {}, [[]], {"a": None}, [1], [[1, 2], [3, 4]], [TRIANGLE], [1, 2, 3, 4], [5, 6, 2, 0, 0, 0]),
    *(
        {"size": [4, 4], "counts": [16]},
        {"size": [120, 160], "counts": "oP1"},
        {"size": [2, 2], "counts": "01"},
    ),
]
PIECES = [
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"'", b"null", b"true", b"[" * 2000, b"\\ud800"),
    *(b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xc3\xa8"),
    *(b'"images": [', b'"segments_info"', b'"annotations"', b'"image_id": 1'),
]
FUZZ = int(os.environ.get("LABELPREP_FUZZ", "200"))


def whole() -> dict[str, Any]:
    """Return a file with everything in it."""
    return document(
        annotation(),
        annotation(id=2, segmentation=[TRIANGLE, [1, 1, 5, 1, 5, 5]], score=0.5, attributes={"group_id": 1}),
        annotation(id=3, image_id=2, iscrowd=1, segmentation={"size": [120, 160], "counts": [9, 9, 19182]}),
        annotation(id=4, image_id=2, segmentation={"size": [120, 160], "counts": "Xo0d?TYa0"}, bbox=...),
        annotation(id=5, category_id=18, keypoints=[1, 1, 2, 0, 0, 0], track=7),
        {"id": 6, "image_id": 2, "category_id": 18},
        info={"year": 2020},
    )


@pytest.mark.drawn
@pytest.mark.parametrize("seed", range(FUZZ))
def test_broken_files_end_in_items_that_can_be_kept(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    data = bytearray(json.dumps(whole() if chance.random() < 0.8 else results(), ensure_ascii=False).encode())
    for _ in range(chance.choice([1, 1, 2, 5])):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 5, 100]))
        action = chance.randrange(3)
        data[start:end] = (
            chance.choice(PIECES) if action == 0 else data[start:end] * (2 if action == 1 else 0)
        )
    (tmp_path / "a.json").write_bytes(data)

    items, reading = read(tmp_path / "a.json")

    assert items
    kept = [as_values(item) for item in items], [issue.as_json() for issue in reading.issues]
    assert json.dumps(kept, ensure_ascii=False, allow_nan=False).encode("utf-8")


def results() -> list[Any]:
    return [{"image_id": "a", "category_id": "cat", "bbox": BOX, "score": 0.5, "file_name": "a.jpg"}] * 2


def as_values(item: Record | Rejected) -> Any:  # noqa: ANN401 - for json
    if isinstance(item, Rejected):
        return [item.reason, item.issue.as_json()]
    found = [[each.kind, each.label, each.geometry, each.attributes] for each in item.annotations]
    return [item.image, item.size_wh, found]


@pytest.mark.drawn
@pytest.mark.parametrize("seed", range(FUZZ))
def test_what_is_read_of_a_strange_file_is_what_is_written_of_it(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    values = whole()
    for _ in range(chance.randrange(1, 6)):
        holder = chance.choice([*values["annotations"], *values["images"], *values["categories"]])
        key = chance.choice([*holder, "score", "labelprep", "attributes", "keypoints", "new"])
        holder[key] = chance.choice(STRANGE)
    records = [item for item in read(write_json(tmp_path / "a.json", values))[0] if isinstance(item, Record)]
    drawn = [one for one in records if all(each.kind is not Kind.CLASS for each in one.annotations)]

    again = said_again(drawn, tmp_path)

    assert json.dumps(again, sort_keys=True) == json.dumps(said(drawn), sort_keys=True)
