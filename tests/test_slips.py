"""Mistyped classes are named with the cell they stand in, what was probably meant, and the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.manifest.store import open_store
from labelprep.model.classes import is_slip
from labelprep.workflows.importing import import_labels
from pictures import tree
from running import scan
from table_files import workbook

if TYPE_CHECKING:
    from pathlib import Path


def findings(work: Path, *labels: str) -> list[tuple[str, str, str]]:
    """Import a sheet that labels picture after picture; return code, place and problem of what is told."""
    names = [f"{number}.png" for number in range(len(labels))]
    tree(work / "p", names)
    scan(work / "p", work / "manifest.db", labels="none")
    sheet = workbook(work, [("file", "label"), *zip(names, labels, strict=True)])
    with open_store(work / "manifest.db") as store:
        report = import_labels(store, sheet)
    return [(issue.code, issue.where, issue.problem) for issue in report.issues]


def test_a_rare_class_one_letter_from_a_frequent_one_is_a_slip(work: Path) -> None:
    found = findings(work, *["dog", "horse"] * 6, "dgo", "hose")

    assert found == [
        ("LP302", "labels.xlsx:Sheet1!B14", "'dgo' (1 image) looks like a slip of 'dog' (6 images)"),
        ("LP302", "labels.xlsx:Sheet1!B15", "'hose' (1 image) looks like a slip of 'horse' (6 images)"),
    ]


def test_a_class_of_one_image_is_told_with_the_large_one_most_like_it(work: Path) -> None:
    found = findings(work, *["fish", "房子"] * 5, "fsh", "房了", "zebra")

    assert found == [
        ("LP303", "labels.xlsx:Sheet1!B12", "only 1 image has the class 'fsh'; is it 'fish' (5 images)?"),
        ("LP303", "labels.xlsx:Sheet1!B14", "only 1 image has the class 'zebra'"),
        ("LP303", "labels.xlsx:Sheet1!B13", "only 1 image has the class '房了'; is it '房子' (5 images)?"),
    ]


@pytest.mark.parametrize(
    "labels",
    [
        ["cat", "dog", "fox"],
        ["cat"] * 4 + ["dog"],
        ["cat"] * 5 + ["dog", "fox", "hen", "bee", "yak", "emu"],
        ["cat"] * 5 + ["dog"] * 2,
    ],
    ids=["all are small", "none is large", "many are single", "two images"],
)
def test_small_classes_are_not_told_where_they_may_be_meant(work: Path, labels: list[str]) -> None:
    assert findings(work, *labels) == []


def test_a_mended_sheet_has_nothing_told_of_the_class_that_is_gone(work: Path) -> None:
    findings(work, *["dog", "horse"] * 6, "dgo")
    names = [f"{number}.png" for number in range(13)]
    sheet = workbook(work, [("file", "label"), *zip(names, [*["dog", "horse"] * 6, "dog"], strict=True)])

    with open_store(work / "manifest.db") as store:
        report = import_labels(store, sheet)

    assert report.issues == []
    assert report.classes == {"dog": 7, "horse": 6}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("dgo", "dog", True),
        ("hores", "horse", True),
        ("hose", "horse", True),
        ("horsee", "horse", True),
        ("hprse", "horse", True),
        ("cat", "car", False),
        ("class 1", "class 2", False),
        ("class 1", "class 10", False),
        ("ab", "ba", False),
        ("horse", "horse", False),
        ("猫科动物", "猫科动牧", False),
        ("house", "mouse", True),
    ],
)
def test_what_is_a_slip(one: str, other: str, expected: bool) -> None:
    assert (is_slip(one, other), is_slip(other, one)) == (expected, expected)
