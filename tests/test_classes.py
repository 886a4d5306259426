"""Classes: ids that never move, names that may, aliases so that old sources still fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import UsageError
from labelprep.manifest import classes
from labelprep.workflows.editing import (
    ClassRow,
    list_classes,
    merge_classes,
    rename_class,
    retire_class,
    undo,
)
from pictures import draw, tree
from running import Command, Place, labels_of, rows, scan
from saying import say

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

ANIMALS = {
    "cat/1.png": "cat",
    "cat/2.png": "cat",
    "cat/3.png": "cat",
    "dog/1.png": "dog",
    "dog/2.png": "dog",
    "fox/1.png": "fox",
}


def ids(store: Store) -> dict[str, int]:
    """Return the ids of the living classes by name."""
    return {item.name: item.id for item in classes.listed(store.connection)}


def with_names(**new: str) -> dict[str, str]:
    """Return the labels of the animals with some names changed."""
    return {path: new.get(name, name) for path, name in ANIMALS.items()}


def test_classes_have_ids_in_natural_order_at_first(work: Path) -> None:
    tree(work / "imgs", ["10/a.png", "9/b.png", "1/c.png", "猫/d.png", "b/e.png", "A/f.png"])

    scan(work / "imgs")

    assert rows(work / "manifest.db", "SELECT id, name FROM class ORDER BY id") == [
        (0, "1"),
        (1, "9"),
        (2, "10"),
        (3, "A"),
        (4, "b"),
        (5, "猫"),
    ]


def test_later_classes_come_after_and_nothing_is_sorted_again(animals: Place) -> None:
    draw(animals.root / "ape" / "1.png", 90)
    draw(animals.root / "bee" / "1.png", 91)

    scan(animals.root)

    found = rows(animals.manifest, "SELECT id, name FROM class ORDER BY id")
    assert found == [(0, "cat"), (1, "dog"), (2, "fox"), (3, "ape"), (4, "bee")]


def test_a_renamed_class_keeps_its_id_and_its_old_name_as_an_alias(store: Store) -> None:
    images = rename_class(store, "cat", "feline")

    assert images == 3
    assert list_classes(store)[0] == ClassRow(0, "feline", ("cat",), 3, retired=False, merged_into=None)
    assert labels_of(store) == with_names(cat="feline")


def test_a_scan_does_not_bring_the_old_name_back(store: Store, animals: Place) -> None:
    rename_class(store, "cat", "feline")
    draw(animals.root / "cat" / "4.png", 90)

    report = scan(animals.root)

    assert report.classes == {"feline": 4, "dog": 2, "fox": 1}
    assert labels_of(store) == {**with_names(cat="feline"), "cat/4.png": "feline"}


def test_a_name_given_twice_over_leads_back_to_the_class(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "feline", "kitty")

    assert list_classes(store)[0].aliases == ("cat", "feline")
    assert classes.ids_of(store.connection) == {"kitty": 0, "cat": 0, "feline": 0, "dog": 1, "fox": 2}


def test_a_class_can_get_its_old_name_back(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "feline", "cat")

    assert list_classes(store)[0] == ClassRow(0, "cat", ("feline",), 3, retired=False, merged_into=None)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("cow", "cat", "there is no class 'cow'"),
        ("cat", "dog", "there is a class 'dog' already"),
        ("cat", "  ", "a class needs a name"),
    ],
)
def test_a_rename_that_cannot_be_is_refused_and_nothing_is_logged(
    store: Store, old: str, new: str, problem: str
) -> None:
    with pytest.raises(UsageError) as caught:
        rename_class(store, old, new)

    assert caught.value.problem == problem
    assert rows(store, "SELECT name FROM command") == ["scan"]


def test_the_former_name_of_a_class_cannot_become_the_name_of_another(store: Store) -> None:
    rename_class(store, "cat", "feline")

    with pytest.raises(UsageError) as caught:
        rename_class(store, "dog", "cat")

    assert caught.value.problem == "'cat' is another name of the class 'feline'"


def test_a_rename_is_undone(store: Store) -> None:
    rename_class(store, "cat", "feline")

    undo(store)

    assert list_classes(store)[0] == ClassRow(0, "cat", (), 3, retired=False, merged_into=None)
    assert labels_of(store) == ANIMALS


def test_merged_classes_carry_the_name_of_the_one_they_became(store: Store) -> None:
    images = merge_classes(store, ["fox"], "dog")

    assert images == 1
    assert labels_of(store) == with_names(fox="dog")
    assert [(row.name, row.images, row.merged_into) for row in list_classes(store)] == [
        ("cat", 3, None),
        ("dog", 3, None),
        ("fox", 0, "dog"),
    ]


def test_several_classes_merge_at_once(store: Store) -> None:
    merge_classes(store, ["fox", "dog"], "cat")

    assert set(labels_of(store).values()) == {"cat"}


def test_a_chain_of_merges_ends_at_its_last_class(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")
    images = merge_classes(store, ["dog"], "cat")

    assert images == 3
    assert set(labels_of(store).values()) == {"cat"}
    assert rows(store, "SELECT name, merged_into FROM class") == [("cat", None), ("dog", 0), ("fox", 0)]


def test_a_chain_of_merges_is_undone_link_by_link(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")
    merge_classes(store, ["dog"], "cat")

    undo(store)
    after_one = labels_of(store)
    undo(store)

    assert after_one == with_names(fox="dog")
    assert labels_of(store) == ANIMALS


def test_later_images_of_a_merged_class_carry_the_other_name_too(store: Store, animals: Place) -> None:
    merge_classes(store, ["fox"], "dog")
    draw(animals.root / "fox" / "2.png", 90)

    scan(animals.root)

    assert labels_of(store)["fox/2.png"] == "dog"


def test_a_renamed_target_gives_its_new_name_to_what_was_merged_into_it(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")

    images = rename_class(store, "dog", "canine")

    assert images == 3
    assert labels_of(store) == with_names(dog="canine", fox="canine")


@pytest.mark.parametrize(
    ("names", "target", "problem"),
    [
        (["fox"], "cow", "there is no class 'cow'"),
        (["cow"], "fox", "there is no class 'cow'"),
        (["fox"], "fox", "'fox' cannot be merged into itself"),
    ],
)
def test_a_merge_that_cannot_be_is_refused(store: Store, names: list[str], target: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        merge_classes(store, names, target)

    assert caught.value.problem == problem
    assert labels_of(store) == ANIMALS


def test_nothing_is_merged_into_a_class_that_was_merged_itself(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")

    with pytest.raises(UsageError, match="'fox' was merged itself"):
        merge_classes(store, ["cat"], "fox")


def test_a_retired_class_keeps_its_id_and_its_images_their_label(store: Store) -> None:
    images = retire_class(store, "dog")

    assert images == 2
    assert labels_of(store) == ANIMALS
    assert [(row.id, row.name, row.retired) for row in list_classes(store)] == [
        (0, "cat", False),
        (1, "dog", True),
        (2, "fox", False),
    ]


def test_a_class_that_was_merged_cannot_be_retired_by_its_old_name(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")

    with pytest.raises(UsageError) as caught:
        retire_class(store, "fox")

    assert (caught.value.problem, caught.value.fix) == (
        "'fox' was merged itself",
        "name the class it was merged into",
    )


def test_a_retirement_is_undone(store: Store) -> None:
    retire_class(store, "dog")

    undo(store)

    assert [row.retired for row in list_classes(store)] == [False, False, False]


def test_an_undo_removes_a_class_that_nothing_refers_to(store: Store) -> None:
    say(store, "fox/1.png", "wolf")

    undone = undo(store)

    assert undone.classes == ("wolf",)
    assert ids(store) == {"cat": 0, "dog": 1, "fox": 2}
    assert labels_of(store) == ANIMALS


def test_an_undo_keeps_a_class_that_another_statement_refers_to(store: Store) -> None:
    first = say(store, "fox/1.png", "wolf")
    say(store, "dog/1.png", "wolf")

    undone = undo(store, first)

    assert undone.classes == ()
    assert ids(store)["wolf"] == 3


def test_an_id_is_never_given_to_another_class(store: Store) -> None:
    say(store, "fox/1.png", "wolf")
    undo(store)

    say(store, "fox/1.png", "bear")

    assert ids(store) == {"cat": 0, "dog": 1, "fox": 2, "bear": 4}


def test_a_class_that_comes_back_gets_its_id_back(store: Store) -> None:
    say(store, "fox/1.png", "wolf")
    undo(store)
    say(store, "fox/1.png", "bear")

    say(store, "dog/1.png", "wolf")

    assert ids(store) == {"cat": 0, "dog": 1, "fox": 2, "wolf": 3, "bear": 4}


def test_the_name_of_an_undone_class_is_reserved(store: Store) -> None:
    say(store, "fox/1.png", "wolf")
    undo(store)

    with pytest.raises(UsageError, match="its id is reserved"):
        rename_class(store, "dog", "wolf")


def test_names_with_spaces_can_be_typed_as_the_message_says(store: Store, command: Command) -> None:
    rename_class(store, "cat", "big cat")

    ran = command("classes", "rename", "dog", "big cat", "--json")

    assert ran.json["error"]["fix"] == 'labelprep classes merge dog "big cat"'
