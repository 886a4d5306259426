"""LabelMe files that others made, files that break such tools, and files that are broken at random."""

from __future__ import annotations

import csv
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from labelme_documents import read
from labelprep.formats.base import Rejected
from labelprep.formats.labelme import text_of
from labelprep.model.annotation import Annotation, Kind, Record

SHARED = Path(__file__).parents[1].parent / "shared"
DATA = SHARED / "data" / "labelme"
TORTURE = SHARED / "torture"
EVERY_SHAPE = Path(__file__).parent / "fixtures" / "labelme" / "every_shape.json"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data, which is not here")
needs_torture = pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
FUZZ = int(os.environ.get("LABELPREP_FUZZ", "200"))

KIND_OF = {
    "polygon": Kind.POLYGON,
    "rectangle": Kind.BOX,
    "circle": Kind.CIRCLE,
    "line": Kind.POLYLINE,
    "linestrip": Kind.POLYLINE,
    "point": Kind.POINTS,
    "mask": Kind.MASK,
    None: Kind.POLYGON,
}
EXPECTED_SHAPES = {"chinese_paths": 68, "examples": 72, "oldest_form": 10}


@needs_data
@pytest.mark.parametrize("name", sorted(EXPECTED_SHAPES))
def test_real_files_give_the_shapes_that_plain_json_counts(name: str) -> None:
    plain, others = plain_count(DATA / name)

    items, reading = read(DATA / name)

    records = [item for item in items if isinstance(item, Record)]
    assert Counter((item.kind, item.label) for each in records for item in each.annotations) == plain
    assert sum(count for (kind, _), count in plain.items() if kind is not Kind.CLASS) == EXPECTED_SHAPES[name]
    assert sum(reading.facts["shape_types"].values()) == EXPECTED_SHAPES[name]
    assert {item.issue.where: item.reason for item in items if isinstance(item, Rejected)} == others
    assert len(records) + len(others) == reading.facts["files"]
    assert [issue for issue in reading.issues if issue.severity == "error"] == []


def plain_count(folder: Path) -> tuple[Counter[tuple[Kind, str]], dict[str, str]]:
    """Count shapes and true flags by kind and class with nothing but json, and list the COCO files."""
    counted: Counter[tuple[Kind, str]] = Counter()
    others = {}
    for file in sorted(folder.rglob("*.json")):
        values = json.loads(file.read_bytes())
        if "shapes" not in values:
            others[file.relative_to(folder).as_posix()] = "not_labelme_coco"
            continue
        counted.update((KIND_OF[item.get("shape_type")], item["label"]) for item in values["shapes"])
        counted.update((Kind.CLASS, flag) for flag, value in values["flags"].items() if value)
    return counted, others


@needs_data
@pytest.mark.parametrize("name", sorted(EXPECTED_SHAPES))
def test_real_files_survive_being_written(name: str, tmp_path: Path) -> None:
    items, _ = read(DATA / name)
    records = [item for item in items if isinstance(item, Record)]
    for each in records:
        file = tmp_path / each.locator
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text_of(each.image, each.size_wh, each.annotations), encoding="utf-8")

    again, _ = read(tmp_path)

    assert again == records


OK = [(Kind.POLYGON, "cat")]
EXPECTED: dict[str, list[tuple[Kind, str]] | str] = {
    "ok": OK,
    "image_embedded": OK,
    "image_only_embedded": OK,
    "image_b64_bad": OK,
    "path_backslash": OK,
    "path_abs_windows": OK,
    "path_missing": OK,
    "path_empty": OK,
    "size_null": OK,
    "size_swapped_exif": OK,
    "v2_no_shape_type": OK,
    "v6": OK,
    "flags_image": [(Kind.CLASS, "cat")],
    "flags_two": [(Kind.CLASS, "cat"), (Kind.CLASS, "dog")],
    "shapes_null": "bad_shapes",
    "shape_rectangle_2_0": [(Kind.BOX, "cat")],
    "shape_rectangle_4_2": [(Kind.BOX, "cat")],
    "shape_circle_2_0": [(Kind.CIRCLE, "cat")],
    "shape_line_2_0": [(Kind.POLYLINE, "cat")],
    "shape_point_1_0": [(Kind.POINTS, "cat")],
    "shape_points_2_0": [(Kind.POINTS, "cat")],
    "shape_oriented_rectangle_4_0": [(Kind.ROTATED_BOX, "cat")],
    "shape_polygon_0_1": "bad_shapes",
    "shape_polygon_4_2": OK,
    "shape_polygon_3_4": "bad_shapes",
    "shape_banana_2_0": [(Kind.POINTS, "cat")],
    "mask_size_mismatch": "bad_shapes",
    "mask_bomb": "bad_shapes",
    "nan_coords": "bad_shapes",
    "str_coords": "bad_shapes",
    "huge_int": "bad_json",
    "label_int": [(Kind.POLYGON, "1")],
    "label_empty": "bad_shapes",
    "label_list": "bad_shapes",
    "label_xss": [(Kind.POLYGON, "<img src=x onerror=alert(1)>")],
    "group_id": [*OK, *OK],
    "extra_keys": OK,
    "gbk": "encoding",
    "utf16": [(Kind.POLYGON, "猫")],
    "bad_utf8": "encoding",
    "zero": "empty_file",
    "dup_keys": "duplicate_key",
    "single_quotes": "bad_json",
    "ndjson": "bad_json",
    "array_root": "not_labelme",
    "coco_among": "not_labelme_coco",
    "two_jsons_same_image_a": OK,
    "two_jsons_same_image_b": [(Kind.POLYGON, "dog")],
}
"""File → what is read from it, or the reason why nothing is."""
TOLD = {
    "image_only_embedded": "LP276",
    "image_b64_bad": "LP275",
    "path_missing": "LP274",
    "path_empty": "LP274",
    "v2_no_shape_type": "LP277",
    "shape_polygon_4_2": "LP278",
    "shape_banana_2_0": "LP277",
    "label_int": "LP277",
}


@needs_torture
def test_every_file_that_breaks_such_tools_ends_as_it_should() -> None:
    with (TORTURE / "labels.csv").open(encoding="utf-8", newline="") as file:
        names = [Path(row["file"]).stem for row in csv.DictReader(file) if row["file"].startswith("labelme/")]

    found: dict[str, object] = {}
    told: dict[str, str] = {}
    for name in names:
        items, reading = read(
            TORTURE / "labels" / "labelme" / f"{name}.json", is_image={"001.jpg", "002.jpg"}.__contains__
        )
        found[name] = [said(item) for item in items]
        told.update((name, issue.code) for issue in reading.issues)

    assert found == {name: [expected] for name, expected in EXPECTED.items()}
    assert told == TOLD


def said(item: Record | Rejected) -> list[tuple[Kind, str | None]] | str:
    """Return the classes of a record by kind, or the reason of a rejection, which must be explained."""
    if isinstance(item, Record):
        return [(found.kind, found.label) for found in item.annotations]
    assert item.issue.where
    assert item.issue.problem
    assert item.issue.fix
    return item.reason


STRANGE: list[Any] = [
    *(None, True, 0, -1, 1e308, 10**30, "", "x", "é", "\x00", "猫" * 50),
    *([], {}, [[]], {"a": None}, [1], [[1, 2], [3, 4]], [[1, 2], [3, 4], [9, 1], [5, 0]]),
]


@pytest.mark.drawn
@pytest.mark.parametrize("seed", range(FUZZ))
def test_what_is_read_of_a_strange_file_is_what_is_written_of_it(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    file, copy = tmp_path / "a.json", tmp_path / "b.json"
    file.write_text(json.dumps(strange(chance)), encoding="utf-8")

    (item,), _ = read(file)
    annotations = item.annotations if isinstance(item, Record) else ()
    copy.write_text(text_of("a.jpg", None, annotations), encoding="utf-8")
    (again,), _ = read(copy)

    assert isinstance(again, Record)
    assert [unplaced(found) for found in again.annotations] == [unplaced(found) for found in annotations]


def strange(chance: random.Random) -> dict[str, Any]:
    """Return the values of a LabelMe file with some replaced by others."""
    values: dict[str, Any] = json.loads(EVERY_SHAPE.read_bytes())
    for _ in range(chance.randrange(1, 6)):
        holder = chance.choice([values, *(item for item in values["shapes"] if isinstance(item, dict))])
        key = chance.choice([*holder, "new", "score", "labelprep"])
        if holder is not values or key != "shapes":
            holder[key] = chance.choice(STRANGE)
    return values


def unplaced(found: Annotation) -> tuple[object, ...]:
    return found.kind, found.label, found.geometry, found.attributes, found.confidence
