"""Exports of Label Studio that others made, imported beside pictures with the names they give."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.label_studio import LabelStudio
from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.workflows.importing import import_labels
from pictures import draw
from running import rows, scan

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "label_studio" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data, which is not here")

# Tasks with an image in each file, and its shapes.
EXPORTS = {
    "test_export_csv/csv_test.json": (2, 5),
    "test_export_json_min/data.json": (1, 1),
    "test_export_yolo/data.json": (2, 6),
    "test_export_yolo/data_obb.json": (3, 25),
    "test_export_yolo/data_polygons.json": (1, 1),
}
REFUSED = {
    "test_export_csv/csv_test2.json": ("no_image", "LP323", "csv_test2.json:[0]"),
    "test_export_csv/csv_test_history.json": ("no_image", "LP323", "csv_test_history.json:[0]"),
    "test_export_json_min/data_repeater.json": ("no_image", "LP323", "data_repeater.json:[0]"),
    "test_export_json_min/label_config_repeater.json": (
        "no_task",
        "LP321",
        "label_config_repeater.json",
    ),
}


def plain_count(tasks: list[dict[str, Any]]) -> Counter[tuple[str, str, str, bool]]:
    """Count shapes by image, kind, class and whether a model says so, with nothing but json."""
    counted: Counter[tuple[str, str, str, bool]] = Counter()
    for entry in tasks:
        image = Path(entry["data"]["image"]).stem
        for key in ("annotations", "predictions"):
            for statement in entry[key]:
                for result in statement["result"]:
                    value = result["value"]
                    kind = result["type"].removesuffix("labels")
                    if kind == "rectangle":
                        kind = "rotated_box" if value["rotation"] else "box"
                    for label in value[result["type"]]:
                        counted[image, kind, label, key == "predictions"] += 1
    return counted


@pytest.mark.parametrize("file", sorted(EXPORTS))
def test_real_exports_become_the_shapes_that_plain_json_counts(file: str, work: Path) -> None:
    tasks = json.loads((DATA / file).read_bytes())
    counted = plain_count(tasks)
    for number, entry in enumerate(tasks):
        first = entry["annotations"][0]["result"][0]
        size_wh = first["original_width"], first["original_height"]
        draw(work / "photos" / f"{Path(entry['data']['image']).stem}.png", number, size_wh=size_wh)
    scan(work / "photos", work / "manifest.db", labels="none")

    with open_store(work / "manifest.db") as store:
        report = import_labels(store, DATA / file)
        found = rows(
            store,
            """
            SELECT replace(path, '.png', ''), annotation.kind, class.name, source.rank, count(*)
            FROM annotation JOIN class ON class.id = class_id
            JOIN statement ON statement.id = statement_id
            JOIN image ON image.id = image_id JOIN source ON source.id = source_id
            GROUP BY 1, 2, 3, 4
            """,
        )

    by_kind = {(image, kind, label, rank == Rank.MODEL): count for image, kind, label, rank, count in found}
    assert by_kind == counted
    reports = [one for one in (report, report.predictions) if one is not None]
    said = [sum(len(entry[key]) for entry in tasks) for key in ("annotations", "predictions")]
    assert [(one.rows, one.matched, one.skipped) for one in reports] == [(n, n, {}) for n in said if n]
    assert sum(one.annotations for one in reports) == counted.total()
    assert (len(tasks), counted.total()) == EXPORTS[file]


@pytest.mark.parametrize("file", sorted(REFUSED))
def test_what_is_not_taken_of_real_files_is_told_with_file_and_index(file: str) -> None:
    (item,) = LabelStudio().read(DATA / file, ReadContext(DATA, lambda _: False)).items

    assert isinstance(item, Rejected)
    assert (item.reason, item.issue.code, item.issue.where) == REFUSED[file]


def test_every_real_file_is_looked_at() -> None:
    found = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.json")}

    assert found == EXPORTS.keys() | REFUSED.keys()
