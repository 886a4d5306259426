"""A scan that finds no labels leads on to the sheet or the label files that lie there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelme_documents import shape, written
from labelprep.workflows.nearby import labels_near
from labelprep.workflows.unmatched import write_unmatched
from pictures import tree

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command


def laid(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["a.xlsx"], "a.xlsx"),
        (["a.xlsx", "photos/labels.csv"], "a.xlsx"),
        (["photos/a.csv"], "photos/a.csv"),
        (["a.csv", "b.csv"], None),
        (["a.csv", "b.csv", "photos/c.csv"], "photos/c.csv"),
        (["a.csv", "班级标签.xlsx", "我的类别.ods"], "我的类别.ods"),
        (["Labels.XLSX", "labels.txt"], "Labels.XLSX"),
        (["~$labels.xlsx", ".labels.csv", "labels.py", "labels.csv/x"], None),
    ],
)
def test_a_sheet_is_found_where_it_can_only_be_that_one(
    work: Path, names: list[str], expected: str | None
) -> None:
    (work / "photos").mkdir()
    laid(work, names)

    found = labels_near(work / "photos", work)

    assert found == (None if expected is None else work / expected)


def test_a_list_of_unmatched_rows_is_no_sheet_of_labels(work: Path) -> None:
    (work / "photos").mkdir()
    write_unmatched(work, [("2", "a.jpg", "no image has this name", "")])

    assert labels_near(work / "photos", work) is None


def test_a_scan_proposes_the_sheet_beside_the_images_as_it_is_typed(work: Path, command: Command) -> None:
    tree(work / "照片", ["1.png", "2.png"])
    laid(work, ["我的 标签.xlsx"])

    ran = command("scan", "照片")

    assert "  They may stand in 我的 标签.xlsx, which lies here." in ran.out.splitlines()
    assert ran.last_line == 'Next: labelprep import "我的 标签.xlsx"'


def test_a_scan_proposes_labelme_files_among_the_images(work: Path, command: Command) -> None:
    tree(work / "photos", ["1.png", "2.png"])
    written(work / "photos", shape(), name="1.json", imagePath="1.png")

    assert command("scan", "photos").last_line == "Next: labelprep import photos"
