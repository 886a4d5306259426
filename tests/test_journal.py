"""Every command is written down, and what was a decision can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import ManifestError, UsageError
from labelprep.manifest import journal
from labelprep.manifest.store import create
from labelprep.model.ranks import Rank
from labelprep.workflows.editing import (
    log_of,
    merge_classes,
    prune_log,
    relocate,
    rename_class,
    retire_class,
    undo,
)
from labelprep.workflows.splitting import split_images
from pictures import draw
from running import Place, labels_of, rows, scan, splits_of
from saying import say, unsay

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def names(store: Store) -> list[str]:
    """Return the names of the living classes in id order."""
    return rows(store, "SELECT name FROM class WHERE removed_by IS NULL ORDER BY id")


def refused(store: Store, number: int | None = None) -> str:
    """Return why a command cannot be taken back."""
    with pytest.raises(ManifestError) as caught:
        undo(store, number)
    return caught.value.problem


def test_the_log_names_each_command_with_what_it_touched(store: Store) -> None:
    rename_class(store, "cat", "feline")
    say(store, "fox/1.png", "wolf")

    logged = [(row.number, row.name, row.arguments, row.changes, row.statements) for row in log_of(store)]

    assert logged == [
        (3, "import", {"source": "page"}, 0, 1),
        (2, "classes rename", {"old": "cat", "new": "feline"}, 2, 0),
        (1, "scan", {"folder": ".", "labels": "auto"}, 0, 6),
    ]


def test_the_log_can_be_cut(store: Store) -> None:
    retire_class(store, "cat")

    assert [row.number for row in log_of(store, 1)] == [2]


def test_undo_takes_back_the_newest_command(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "dog", "canine")

    undone = undo(store)

    assert (undone.number, undone.name, undone.command, undone.changes) == (3, "classes rename", 4, 2)
    assert names(store) == ["feline", "dog", "fox"]


def test_undo_after_undo_takes_back_the_command_before(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "dog", "canine")

    undo(store)
    undo(store)

    assert names(store) == ["cat", "dog", "fox"]


def test_undo_takes_back_an_older_command_where_nothing_later_touched_the_same(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "dog", "canine")

    undo(store, 2)

    assert names(store) == ["cat", "canine", "fox"]


def test_undo_of_an_older_command_is_refused_naming_what_touched_the_same(store: Store) -> None:
    rename_class(store, "cat", "feline")
    retire_class(store, "dog")
    rename_class(store, "feline", "kitty")

    problem = refused(store, 2)

    assert problem == "later commands (4) touched the same rows: class 0 aliases; class 0 name"
    assert names(store) == ["kitty", "dog", "fox"]


def test_the_refusal_says_in_which_order_to_undo(store: Store) -> None:
    for old, new in (("cat", "a"), ("a", "b"), ("b", "c")):
        rename_class(store, old, new)

    with pytest.raises(ManifestError) as caught:
        undo(store, 2)

    assert caught.value.fix == "undo first, in this order: 4, 3"


def test_undo_of_a_statement_is_refused_where_later_ones_are_about_the_same_image(store: Store) -> None:
    say(store, "fox/1.png", "dog")
    say(store, "fox/1.png", "cat", location="other")

    assert refused(store, 2) == "later commands (3) touched the same rows: labels of image fox/1.png"


def test_undo_goes_on_once_the_later_command_is_undone(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "feline", "kitty")
    undo(store, 3)

    undo(store, 2)

    assert names(store) == ["cat", "dog", "fox"]


def test_a_scan_is_not_undone_and_says_why(store: Store) -> None:
    assert refused(store) == ("command 1 is a scan: it wrote down what is on the disk, which no undo changes")
    assert refused(store, 1) == refused(store)


def test_a_command_before_a_scan_is_undone_by_its_number(store: Store, animals: Place) -> None:
    rename_class(store, "cat", "feline")
    scan(animals.root)

    assert "is a scan" in refused(store)
    undo(store, 2)

    assert names(store) == ["cat", "dog", "fox"]


def test_a_manifest_without_a_command_has_nothing_to_undo(tmp_path: Path) -> None:
    with create(tmp_path / "manifest.db", tmp_path) as empty, pytest.raises(UsageError) as caught:
        undo(empty)

    assert caught.value.problem == "there is nothing to undo"


def test_a_class_goes_and_comes_with_the_command_that_named_it(store: Store) -> None:
    say(store, "fox/1.png", "wolf")

    undo(store)
    between = names(store)
    undo(store, 3)

    assert between == ["cat", "dog", "fox"]
    assert names(store) == ["cat", "dog", "fox", "wolf"]
    assert labels_of(store)["fox/1.png"] == "wolf"


@pytest.mark.parametrize(("number", "problem"), [(9, "there is no command 9"), (0, "there is no command 0")])
def test_a_command_that_never_was_cannot_be_undone(store: Store, number: int, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        undo(store, number)


def test_a_command_is_undone_once(store: Store) -> None:
    rename_class(store, "cat", "feline")
    undo(store)

    with pytest.raises(UsageError, match="command 2 was already undone by command 3"):
        undo(store, 2)


def test_an_undo_can_be_undone(store: Store) -> None:
    rename_class(store, "cat", "feline")
    undo(store)

    undone = undo(store, 3)

    assert (undone.number, undone.name) == (3, "undo")
    assert names(store) == ["feline", "dog", "fox"]
    assert labels_of(store)["cat/1.png"] == "feline"


def test_a_command_done_again_is_the_newest_for_undo(store: Store) -> None:
    rename_class(store, "cat", "feline")
    undo(store)
    undo(store, 3)

    undo(store)

    assert names(store) == ["cat", "dog", "fox"]


def test_a_command_done_again_can_be_undone_by_its_own_number(store: Store) -> None:
    rename_class(store, "cat", "feline")
    undo(store)
    undo(store, 3)

    undo(store, 2)

    assert names(store) == ["cat", "dog", "fox"]


def test_a_command_done_again_protects_what_it_touched(store: Store) -> None:
    rename_class(store, "cat", "feline")
    rename_class(store, "feline", "kitty")
    undo(store)
    undo(store, 4)

    assert refused(store, 2).startswith("later commands (5) touched the same rows")
    assert names(store) == ["kitty", "dog", "fox"]


def test_statements_are_taken_back_and_given_again(store: Store) -> None:
    say(store, "fox/1.png", "dog")

    undo(store)
    after_undo = labels_of(store)["fox/1.png"]
    undo(store, 3)

    assert (after_undo, labels_of(store)["fox/1.png"]) == ("fox", "dog")
    assert rows(store, "SELECT count(*) FROM statement WHERE removed_by IS NULL") == [7]


def test_removed_statements_come_back_with_their_classes_and_the_record_stays(store: Store) -> None:
    say(store, "fox/1.png", "dog", "cat")
    unsay(store, "fox/1.png")

    undo(store)

    found = rows(store, "SELECT labels FROM image WHERE path = 'fox/1.png'")
    assert found == ['["cat", "dog"]']
    history = rows(
        store,
        "SELECT added_by, removed_by FROM statement JOIN source ON source.id = source_id WHERE rank = ?",
        50,
    )
    assert history == [(2, 3), (4, None)]


def test_undoing_a_statement_leaves_those_of_others_alone(store: Store) -> None:
    say(store, "fox/1.png", "dog", rank=Rank.SHEET, location="a.csv")
    say(store, "cat/1.png", "dog", rank=Rank.SHEET, location="a.csv")

    undo(store, 2)

    found = labels_of(store)
    assert (found["fox/1.png"], found["cat/1.png"]) == ("fox", "dog")


def test_a_split_is_undone_and_done_again(store: Store) -> None:
    split_images(store, SHARES)
    before = splits_of(store)

    undo(store)
    between = splits_of(store)
    undo(store, 3)

    assert set(between.values()) == {None}
    assert None not in before.values()
    assert splits_of(store) == before


def test_an_undone_split_leaves_no_trace_of_who_gave_it(store: Store) -> None:
    split_images(store, SHARES)

    undo(store)

    assert rows(store, "SELECT DISTINCT split, split_source FROM image") == [(None, None)]


def test_a_split_done_again_says_who_gave_it(store: Store) -> None:
    split_images(store, SHARES)
    undo(store)

    undo(store, 3)

    assert rows(store, "SELECT DISTINCT split_source FROM image") == ["split"]


def test_a_new_place_of_the_images_is_undone(store: Store, animals: Place) -> None:
    moved = animals.root.with_name("moved")
    animals.root.rename(moved)
    relocate(store, moved)

    undo(store)

    assert store.root == animals.root


def test_a_pruned_command_is_final(store: Store) -> None:
    rename_class(store, "cat", "feline")

    pruned = prune_log(store, "2999-01-01")

    assert pruned == 1
    assert refused(store) == "command 2 was pruned from the log"
    assert names(store) == ["feline", "dog", "fox"]
    assert [row.number for row in log_of(store)] == [2, 1]


def test_pruning_keeps_what_is_younger(store: Store) -> None:
    rename_class(store, "cat", "feline")

    assert prune_log(store, "2001-01-01") == 0
    undo(store)

    assert names(store) == ["cat", "dog", "fox"]


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01"])
def test_a_date_that_is_none_is_refused(store: Store, text: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        prune_log(store, text)


def test_a_cell_that_is_not_journaled_cannot_be_set(store: Store) -> None:
    with store.writing() as connection, pytest.raises(ValueError, match=r"image\.label is not journaled"):
        journal.set_value(connection, 1, ("image", 1, "label"), "cat")


def test_a_value_that_stays_is_no_change(store: Store) -> None:
    retire_class(store, "cat")
    retire_class(store, "cat")

    assert [row.changes for row in log_of(store)] == [0, 1, 0]


def test_a_merge_is_undone_after_images_came(store: Store, animals: Place) -> None:
    merge_classes(store, ["fox"], "dog")
    draw(animals.root / "fox" / "2.png", 90)
    scan(animals.root)

    undo(store, 2)

    assert labels_of(store)["fox/2.png"] == "fox"
