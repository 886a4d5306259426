"""Each check of labels, classes, splits and names: found where it is, silent where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.checks import BY_CODE
from labelprep.checks.base import CheckContext, NearPair
from labelprep.checks.shifting import distance
from labelprep.manifest.store import open_store
from labelprep.model.ranks import Rank
from labelprep.workflows.editing import merge_classes, retire_class
from pictures import draw, tree
from running import scan
from saying import say, unsay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store

QUIET = ["LP203", "LP237", "LP238", "LP239", "LP256", "LP257", "LP258", "LP301", "LP302", "LP305", "LP306"]
QUIET += ["LP307", "LP308", "LP401", "LP402", "LP403", "LP404", "LP405", "LP406", "LP407", "LP601", "LP602"]
QUIET += ["LP603", "LP604", "LP106"]


def found(store: Store, code: str, *pairs: NearPair) -> list[tuple[str, str]]:
    """Return where and what one check finds."""
    context = CheckContext(store.connection, pairs=lambda: iter(pairs))
    return [(finding.where, finding.problem) for finding in BY_CODE[code].find(context)]


def set_images(store: Store, column: str, values: dict[str, object]) -> None:
    """Set facts of images by path."""
    with store.writing() as connection:
        connection.executemany(
            f"UPDATE image SET {column} = ? WHERE path = ?",  # noqa: S608 - columns of this file
            [(value, path) for path, value in values.items()],
        )


def scanned(work: Path, *names: str) -> Iterator[Store]:
    """Yield the store of a scanned tree with these pictures, all different."""
    tree(work / "imgs", names)
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store:
        yield store


@pytest.fixture
def flat(work: Path) -> Iterator[Store]:
    """Return twelve pictures without a label."""
    yield from scanned(work, *(f"{number:02}.png" for number in range(12)))


@pytest.mark.parametrize("code", QUIET)
def test_a_clean_set_is_left_in_peace(store: Store, code: str) -> None:
    assert found(store, code) == []


def test_a_file_that_is_gone_is_told(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "dog/1.png"])
    scan(work / "imgs")
    (work / "imgs/cat/1.png").unlink()
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP106") == [("cat/1.png", "the file is gone; its labels are kept")]


def test_sources_that_disagree_are_told_once_an_image(store: Store) -> None:
    say(store, "cat/1.png", "cat", rank=Rank.SHEET, location="a.csv")
    say(store, "cat/1.png", "dog", rank=Rank.SHEET, location="b.csv")

    assert found(store, "LP203") == [("cat/1.png", "its sources disagree, so it has no label")]


def test_images_without_a_label_are_named_among_labelled_ones(flat: Store) -> None:
    for number in range(10):
        say(flat, f"{number:02}.png", "cat")

    assert [where for where, _ in found(flat, "LP237")] == ["10.png", "11.png"]


def test_a_set_without_any_label_is_told_in_one_line(flat: Store) -> None:
    assert found(flat, "LP237") == [(".", "no image has a label yet, of 12")]


def test_what_a_model_says_is_no_label(flat: Store) -> None:
    for number in range(11):
        say(flat, f"{number:02}.png", "cat")
    say(flat, "11.png", "dog", rank=Rank.MODEL)

    assert [where for where, _ in found(flat, "LP237")] == ["11.png"]


def test_equal_files_with_two_labels_are_told(work: Path) -> None:
    draw(work / "imgs/cat/1.png", 1)
    draw(work / "imgs/dog/1.png", 1)
    draw(work / "imgs/dog/2.png", 2)
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP238") == [
            ("cat/1.png", "the same file as dog/1.png, but they are labelled cat and dog")
        ]


def test_near_pictures_with_two_labels_are_told(store: Store) -> None:
    pairs = NearPair(1, 4, "near duplicate"), NearPair(1, 2, "near duplicate")

    assert found(store, "LP238", *pairs) == [
        ("cat/1.png", "the same picture as dog/1.png (near duplicate), but labelled cat, not dog")
    ]


def test_a_folder_that_a_sheet_overrules_is_told(store: Store) -> None:
    say(store, "cat/1.png", "dog", rank=Rank.SHEET)

    assert found(store, "LP239") == [
        ("cat/1.png", "the folder says cat, but it is labelled dog, by a source of higher rank")
    ]


def test_a_folder_whose_class_was_merged_agrees(store: Store) -> None:
    merge_classes(store, ["cat"], "dog")
    say(store, "cat/1.png", "dog", rank=Rank.SHEET)

    assert found(store, "LP239") == []


def test_rows_without_an_image_are_counted_by_source(store: Store) -> None:
    say(store, "cat/1.png", "cat", rank=Rank.SHEET, location="labels.csv")
    with store.writing() as connection:
        connection.execute("UPDATE source SET rows = 5, unmatched = 2 WHERE location = 'labels.csv'")

    assert found(store, "LP256") == [("labels.csv", "2 of 5 rows name no image, or more than one")]


def test_a_file_that_changed_after_a_person_looked_is_told(work: Path) -> None:
    tree(work / "imgs", ["cat/1.png", "cat/2.png"])
    scan(work / "imgs")
    with open_store(work / "manifest.db") as store:
        say(store, "cat/1.png", "cat")
        say(store, "cat/2.png", "cat")
    draw(work / "imgs/cat/1.png", 77)
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP257") == [("cat/1.png", "the file has changed since a person labelled it")]


def test_one_image_with_two_labels_among_two_hundred_is_told(work: Path) -> None:
    tree(work / "imgs", [f"cat/{number}.png" for number in range(200)])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        say(store, "cat/7.png", "cat", "dog")
        assert found(store, "LP258") == [
            ("cat/7.png", "it has several labels (cat, dog), nearly all others have one")
        ]


def test_many_images_with_two_labels_are_meant_so(store: Store) -> None:
    say(store, "cat/1.png", "cat", "dog")

    assert found(store, "LP258") == []


@pytest.mark.parametrize("name", ["Cat", " cat", "ｃａｔ", "ca\u200bt"])
def test_class_names_that_look_alike_are_told(store: Store, name: str) -> None:
    say(store, "dog/1.png", name)

    [(where, problem)] = found(store, "LP301")

    assert (where, problem.split(":")[0]) == ("classes", "these names look alike")


def test_a_class_of_one_image_a_letter_off_is_told(flat: Store) -> None:
    for number in range(11):
        say(flat, f"{number:02}.png", "house")
    say(flat, "11.png", "huose")

    assert found(flat, "LP302") == [("classes", "'huose' (1 image) looks like a slip of 'house' (11 images)")]


def test_small_classes_are_told_the_smallest_first(store: Store) -> None:
    assert found(store, "LP304") == [
        ("fox", "1 image only; 10 are a beginning"),
        ("dog", "2 images only; 10 are a beginning"),
        ("cat", "3 images only; 10 are a beginning"),
    ]


def test_imbalance_is_told_once(work: Path) -> None:
    tree(work / "imgs", [*(f"cat/{number}.png" for number in range(40)), "dog/1.png", "dog/2.png"])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP305") == [("classes", "cat has 40 images, dog has 2: 20 to 1")]


def test_a_class_that_nothing_is_of_any_more_is_told(store: Store) -> None:
    say(store, "cat/1.png", "wolf")
    unsay(store, "cat/1.png")

    assert found(store, "LP306") == [("wolf", "no image and no shape is of this class")]


def test_a_retired_class_that_images_still_have_is_told(store: Store) -> None:
    retire_class(store, "dog")

    assert found(store, "LP307") == [
        ("dog", "the class is retired, and 2 images have it: left out of training")
    ]


def test_a_cyrillic_letter_in_a_latin_name_is_told(store: Store) -> None:
    say(store, "dog/1.png", "c\u0430t")

    assert found(store, "LP308") == [
        ("classes", "'cat' is spelled with letters of different alphabets: 'cat', 'c\\u0430t'")
    ]


def test_equal_files_in_two_splits_are_told(work: Path) -> None:
    draw(work / "imgs/train/cat/1.png", 1)
    draw(work / "imgs/test/cat/2.png", 1)
    draw(work / "imgs/test/cat/3.png", 3)
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        [(where, problem)] = found(store, "LP401")

    assert where in {"test/cat/2.png", "train/cat/1.png"}
    assert problem == "2 equal files lie in different splits: test/cat/2.png (test), train/cat/1.png (train)"


def test_near_pictures_in_two_splits_are_told(store: Store) -> None:
    set_images(store, "split", {"cat/1.png": "train", "cat/2.png": "train", "dog/1.png": "test"})

    assert found(store, "LP402", NearPair(1, 4, "near duplicate"), NearPair(1, 2, "near duplicate")) == [
        ("cat/1.png", "near duplicate: it lies in train, dog/1.png in test")
    ]


def test_a_group_in_two_splits_is_told(store: Store) -> None:
    set_images(store, "group_key", {"cat/1.png": "p7", "cat/2.png": "p7", "cat/3.png": "p8"})
    set_images(store, "split", {"cat/1.png": "train", "cat/2.png": "test", "cat/3.png": "test"})

    assert found(store, "LP403") == [
        ("cat/1.png", "the group 'p7' lies in different splits: cat/1.png (train), cat/2.png (test)")
    ]


def test_a_class_that_a_split_lacks_is_told(store: Store) -> None:
    set_images(
        store,
        "split",
        {
            "cat/1.png": "train", "cat/2.png": "train", "cat/3.png": "train",
            "dog/1.png": "train", "dog/2.png": "test", "fox/1.png": "test",
        },
    )  # fmt: skip

    assert found(store, "LP404") == [
        ("cat", "none of its 3 images lies in test"),
        ("fox", "its only image lies not in train"),
    ]


def test_doubtful_sizes_of_splits_are_told(store: Store) -> None:
    set_images(store, "split", {"cat/1.png": "train", "cat/2.png": "val", "dog/1.png": "val"})

    assert found(store, "LP405") == [
        ("val", "2 images only: one more or less right is 50 points"),
        ("splits", "3 labelled images have no split: not trained on"),
    ]


@pytest.mark.parametrize(
    ("code", "column", "said"),
    [
        ("LP406", "width_px", "a short side of 4 px in the median, 8 px in train"),
        ("LP407", "brightness", "a brightness of 0.90 in the median, 0.20 in train"),
    ],
)
def test_pictures_of_another_kind_in_test_are_told(work: Path, code: str, column: str, said: str) -> None:
    names = [f"{split}/cat/{number}.png" for split in ("train", "test") for number in range(40)]
    tree(work / "imgs", names)
    scan(work / "imgs")
    values = {"width_px": (8, 4), "brightness": (0.2, 0.9)}[column]
    with open_store(work / "manifest.db") as store:
        set_images(store, column, {name: values[name.startswith("test")] for name in names})

        [(where, problem)] = found(store, code)

    assert (where, problem) == ("test", f"{said} (Kolmogorov–Smirnov 1.00)")


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_the_distance_is_the_greatest_difference_of_two_distributions(
    one: list[int], other: list[int]
) -> None:
    shares = [
        [sum(value <= mark for value in values) / len(values) for mark in range(10)]
        for values in (one, other)
    ]
    expected = max(abs(a - b) for a, b in zip(*shares, strict=True))

    found_distance = distance(np.sort(np.array(one, float)), np.sort(np.array(other, float)))

    assert found_distance == pytest.approx(expected)


def test_names_are_judged_for_other_systems(work: Path) -> None:
    long = "a" * 130
    tree(work / "imgs", ["A.png", "a.png", "aux.png", f"{long}/{long}.png", "fine.png"])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP602") == [("aux.png", "Windows cannot hold this name: 'aux.png' is reserved")]
        assert found(store, "LP603") == [("A.png", "differs only in case or spelling from a.png")]
        assert found(store, "LP604") == [
            (f"{long}/{long}.png", "265 characters: Windows takes 260 with the folder")
        ]


def test_images_outside_class_folders_are_no_rows_of_a_source(work: Path) -> None:
    tree(work / "imgs", ["1.png", "2.png"])
    scan(work / "imgs")

    with open_store(work / "manifest.db") as store:
        assert found(store, "LP256") == []
