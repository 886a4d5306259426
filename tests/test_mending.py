"""`check --fix`: what is mended, that nothing is guessed, and that one undo takes all of it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from canonical import dump
from labelprep.manifest import journal
from labelprep.workflows.checking import limits_of
from labelprep.workflows.editing import undo
from labelprep.workflows.mending import MENDED, mend
from saying import say, unsay

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

BOX, OTHER = [1, 1, 5, 5], [2, 2, 6, 6]


def draw_boxes(store: Store, path: str, *shapes: tuple[list[int], str | None]) -> None:
    """Let one statement draw boxes of a cat, each with attributes."""
    with store.writing() as connection:
        command = journal.begin(connection, "import", {})
        image = connection.execute("SELECT id FROM image WHERE path = ?", (path,)).fetchone()[0]
        source = connection.execute(
            "INSERT INTO source (kind, location, rank) VALUES ('labelme', 'labels', 40) RETURNING id"
        ).fetchone()[0]
        statement = connection.execute(
            "INSERT INTO statement (image_id, source_id, locator, added_by) VALUES (?, ?, 'a.json', ?) "
            "RETURNING id",
            (image, source, command),
        ).fetchone()[0]
        connection.executemany(
            "INSERT INTO annotation (statement_id, kind, class_id, geometry, attributes) "
            "VALUES (?, 'box', 0, ?, ?)",
            [(statement, json.dumps(geometry), attributes) for geometry, attributes in shapes],
        )


def boxes(store: Store) -> list[tuple[str, str | None]]:
    """Return geometry and attributes of the boxes of living statements."""
    rows = store.connection.execute(
        "SELECT geometry, attributes FROM annotation JOIN statement ON statement.id = statement_id "
        "WHERE kind = 'box' AND removed_by IS NULL ORDER BY annotation.id"
    )
    return rows.fetchall()


def names(store: Store, condition: str) -> list[str]:
    """Return the classes that meet a condition."""
    rows = store.connection.execute(f"SELECT name FROM class WHERE {condition} ORDER BY id")  # noqa: S608 - conditions of this file
    return [row[0] for row in rows]


def test_the_name_that_most_images_have_stays(store: Store) -> None:
    say(store, "dog/1.png", "Cat")
    say(store, "dog/2.png", "ｃａｔ")

    [done] = mend(store, {"LP301"})

    assert done.says == "'Cat' and 'ｃａｔ' become 'cat'"
    assert done.by_hand == "labelprep classes merge Cat ｃａｔ cat"
    labels = store.connection.execute("SELECT DISTINCT label FROM image ORDER BY 1").fetchall()
    assert labels == [("cat",), ("fox",)]


def test_an_unused_class_is_retired(store: Store) -> None:
    say(store, "cat/1.png", "wolf")
    unsay(store, "cat/1.png")

    [done] = mend(store, {"LP306"})

    assert (done.says, done.by_hand) == ("'wolf' is retired", "labelprep classes retire wolf")
    assert names(store, "retired") == ["wolf"]


def test_a_class_that_was_merged_just_now_is_not_retired_too(store: Store) -> None:
    say(store, "cat/1.png", "Cat")
    unsay(store, "cat/1.png")

    done = mend(store, MENDED)

    assert [one.code for one in done] == ["LP301"]
    assert names(store, "retired") == []


def test_a_shape_that_is_there_twice_is_left_out_once(store: Store) -> None:
    draw_boxes(store, "cat/1.png", (BOX, None), (OTHER, None), (BOX, None), (BOX, None))

    [done] = mend(store, {"LP503"})

    assert done.says == "cat/1.png: 2 shapes that are there twice left out"
    assert boxes(store) == [(json.dumps(BOX), None), (json.dumps(OTHER), None)]
    assert mend(store, {"LP503"}) == []


def test_shapes_with_other_attributes_are_both_kept(store: Store) -> None:
    draw_boxes(store, "cat/1.png", (BOX, '{"group_id": 1}'), (BOX, '{"group_id": 2}'))

    assert mend(store, {"LP503"}) == []


def test_one_undo_takes_all_back(store: Store) -> None:
    say(store, "dog/1.png", "Cat")
    say(store, "fox/1.png", "wolf")
    unsay(store, "fox/1.png")
    draw_boxes(store, "cat/1.png", (BOX, None), (BOX, None))
    labels = store.connection.execute("SELECT path, labels FROM image ORDER BY path").fetchall()

    done = mend(store, MENDED)
    undone = undo(store)

    assert [one.code for one in done] == ["LP301", "LP306", "LP503"]
    assert undone.name == "check --fix"
    assert names(store, "retired OR merged_into IS NOT NULL") == []
    assert boxes(store) == [(json.dumps(BOX), None)] * 2
    assert store.connection.execute("SELECT path, labels FROM image ORDER BY path").fetchall() == labels


def test_a_dry_run_tells_the_same_and_changes_nothing(store: Store) -> None:
    say(store, "dog/1.png", "Cat")
    before = dump(store.path)

    planned = mend(store, MENDED, dry_run=True)

    assert dump(store.path) == before
    assert planned == mend(store, MENDED)


def test_nothing_to_mend_is_no_command(store: Store) -> None:
    before = dump(store.path)

    assert mend(store, MENDED) == []
    assert dump(store.path) == before


def test_limits_are_taken_by_name() -> None:
    limits = limits_of(["few_images=3", "imbalance=7.5"])

    assert (limits.few_images, limits.imbalance) == (3, 7.5)
