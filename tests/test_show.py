"""`show` and `explain`: a manifest at a glance, and who said what about one image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from labelprep.checks import CHECKS
from labelprep.errors import UsageError
from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.workflows.editing import merge_classes, rename_class
from labelprep.workflows.showing import classes_by_split, explain, overview
from labelprep.workflows.splitting import split_images
from pictures import draw, tree
from running import Command, Place, rows, scan
from saying import say, unsay

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

NO_SPLITS = {"train": 0, "val": 0, "test": 0}


def test_an_overview_holds_all_that_a_manifest_has(store: Store, animals: Place) -> None:
    found = overview(store)

    assert found.as_json() == {
        "manifest": str(animals.manifest),
        "root": str(animals.root),
        "images": 6,
        "labelled": 6,
        "conflicts": 0,
        "classes": {
            "cat": {**NO_SPLITS, "none": 3},
            "dog": {**NO_SPLITS, "none": 2},
            "fox": {**NO_SPLITS, "none": 1},
        },
        "splits": {},
        "status": {"ok": 6},
        "formats": {"png": 6},
        "short_side_px": {"min": 8, "quarter": 8, "median": 8, "three_quarters": 8, "max": 8},
        "sources": [
            {"kind": "folder", "location": ".", "rank": "folder", "rows": 6, "matched": 6, "unmatched": 0}
        ],
        "proposed_classes": [],
        "issues": [],
        "checked": {"codes": {}, "stale": [], "unchecked": [check.code for check in CHECKS]},
    }


def test_classes_are_counted_by_split(store: Store) -> None:
    split_images(store, {"train": 0.5, "val": 0.5, "test": 0.0})

    assert classes_by_split(store.connection) == {
        "cat": {"train": 2, "val": 1, "test": 0, "none": 0},
        "dog": {"train": 1, "val": 1, "test": 0, "none": 0},
        "fox": {"train": 1, "val": 0, "test": 0, "none": 0},
    }
    assert overview(store).splits == {"train": 4, "val": 2}


def test_an_image_with_several_labels_counts_for_each(store: Store) -> None:
    say(store, "fox/1.png", "cat", "dog")

    found = {name: row["none"] for name, row in classes_by_split(store.connection).items()}

    assert found == {"cat": 4, "dog": 3, "fox": 0}


def test_merged_classes_are_counted_as_one(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")

    assert {name: row["none"] for name, row in classes_by_split(store.connection).items()} == {
        "cat": 3,
        "dog": 3,
    }


def test_missing_files_are_counted_apart(store: Store, animals: Place) -> None:
    (animals.root / "fox" / "1.png").unlink()
    scan(animals.root)

    found = overview(store)

    assert (found.images, found.labelled, found.status) == (5, 5, {"missing": 1, "ok": 5})
    assert found.classes["fox"] == {**NO_SPLITS, "none": 0}
    assert [(issue.code, issue.where) for issue in found.issues] == [("LP106", "fox/1.png")]


def test_conflicts_are_errors_that_name_the_way_to_look(store: Store) -> None:
    for location, name in (("a.csv", "cat"), ("b.csv", "dog")):
        say(store, "fox/1.png", name, rank=Rank.SHEET, location=location)

    found = overview(store)

    assert (found.labelled, found.conflicts) == (5, 1)
    assert [(issue.code, issue.severity, issue.fix) for issue in found.issues] == [
        ("LP203", "error", "labelprep explain fox/1.png")
    ]


def test_short_sides_are_given_as_quartiles(work: Path) -> None:
    for number, side in enumerate((10, 20, 30, 40, 50)):
        draw(work / "imgs" / "cat" / f"{number}.png", number, size_wh=(side, 60))
    report = scan(work / "imgs")

    with open_store(report.manifest) as store:
        sides = overview(store).short_side_px

    assert sides == {"min": 10, "quarter": 20, "median": 30, "three_quarters": 40, "max": 50}


def test_an_image_is_explained(store: Store) -> None:
    found = explain(store, "cat/1.png")

    document = found.as_json()
    assert {key: document[key] for key in ("path", "status", "format", "width_px", "height_px", "label")} == {
        "path": "cat/1.png",
        "status": "ok",
        "format": "png",
        "width_px": 8,
        "height_px": 8,
        "label": "cat",
    }
    assert (document["reason"], document["conflict"]) == ("rank folder decides", False)
    assert document["statements"] == [
        {
            "source": "folder",
            "location": ".",
            "rank": "folder",
            "locator": "folder cat/",
            "classes": ["cat"],
            "author": None,
            "added_by": 1,
            "removed_by": None,
        }
    ]


def test_statements_come_highest_rank_first_and_removed_ones_last(store: Store) -> None:
    say(store, "cat/1.png", "dog")
    unsay(store, "cat/1.png")
    say(store, "cat/1.png", "fox", rank=Rank.SHEET, location="a.csv")

    found = explain(store, "cat/1.png")

    assert [(said.rank, said.classes, said.removed_by) for said in found.said] == [
        (Rank.SHEET, ("fox",), None),
        (Rank.FOLDER, ("cat",), None),
        (Rank.PERSON, ("dog",), 3),
    ]


def test_the_reason_tells_several_classes(store: Store) -> None:
    say(store, "cat/1.png", "dog", "cat")

    found = explain(store, "cat/1.png")

    assert (found.label, found.labels) == (None, ["cat", "dog"])
    assert found.reason == "rank person: several classes (cat, dog) over 1 of lower rank that disagree"


def test_an_image_without_statements_says_so(work: Path) -> None:
    tree(work / "imgs", ["1.png", "2.png"])

    with open_store(scan(work / "imgs").manifest) as store:
        assert explain(store, "1.png").reason == "no source states a class"


@pytest.mark.parametrize("written", ["cat/3.png", "./cat/3.png", "animals/cat/3.png", "3.png"])
def test_an_image_can_be_named_in_several_ways(store: Store, written: str) -> None:
    assert explain(store, written).path == "cat/3.png"


def test_an_image_can_be_named_by_its_place_on_this_machine(store: Store, animals: Place) -> None:
    assert explain(store, str(animals.root / "cat" / "2.png")).path == "cat/2.png"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="links need a privilege on Windows")
def test_an_image_can_be_named_through_a_link_to_the_folder(store: Store, animals: Place) -> None:
    (animals.root.parent / "link").symlink_to(animals.root)

    assert explain(store, "link/cat/2.png").path == "cat/2.png"


def test_a_name_that_several_images_end_with_names_them(store: Store) -> None:
    with pytest.raises(UsageError) as caught:
        explain(store, "1.png")

    assert caught.value.problem == "3 images end with '1.png'"
    assert caught.value.fix == "name one of: cat/1.png, dog/1.png, fox/1.png"


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("cow/3.jpg", "did you mean: cat/3.png"),
        ("cow/owl.png", "see `labelprep show`"),
        ("at/3.png", "did you mean: cat/3.png"),
        ("", "did you mean: cat/1.png, cat/2.png, cat/3.png, dog/1.png, dog/2.png"),
    ],
)
def test_a_name_that_no_image_has_proposes_some(store: Store, written: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(store, written)

    assert caught.value.fix == fix


def test_an_explanation_reads_well(store: Store, command: Command) -> None:
    rename_class(store, "cat", "feline")
    say(store, "cat/1.png", "dog")

    ran = command("explain", "cat/1.png")

    size = rows(store, "SELECT size_bytes FROM image WHERE path = 'cat/1.png'")[0]
    assert ran.out.splitlines() == [
        "cat/1.png",
        "  status: ok",
        f"  picture: 8 × 8 px upright, RGB, png, {size} bytes",
        "  label: dog — rank person decides over 1 of lower rank that disagree",
        "  split: none",
        "",
        "Statements:",
        "  dog              page:page:cat/1.png (rank person, command 3)",
        "  feline           folder cat/ (rank folder, command 1)",
        "",
        "Next: labelprep show",
    ]


def test_an_overview_reads_well(store: Store, command: Command) -> None:
    split_images(store, {"train": 0.5, "val": 0.5, "test": 0.0})

    ran = command("show")

    lines = ran.out.splitlines()
    assert lines[1:] == [
        "  status: 6 ok",
        "  formats: 6 png",
        "  short side: 8–8 px, median 8 px",
        "  source: folder . (rank folder): 6 of 6 images",
        "",
        "  class  train  val  images",
        "  cat        2    1       3",
        "  dog        1    1       2",
        "  fox        1    0       1",
        "  all        4    2       6",
        "",
        "Next: labelprep train",
    ]
    assert lines[0].endswith(", 6 labelled")
