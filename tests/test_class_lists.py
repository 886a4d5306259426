"""Lists of classes give names and ids before anything else does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pictures import tree
from running import Command, Place, rows

if TYPE_CHECKING:
    from pathlib import Path

LISTS = {
    "classes.txt": "zebra\n\ncat\n狗\n",
    "data.yaml": "names: {0: zebra, 2: cat, 7: 狗}\n",
    "obj.names": "zebra\ncat\n狗\n",
    "coco.json": json.dumps(
        {"categories": [{"id": 9, "name": "狗"}, {"id": 1, "name": "zebra"}, {"id": 5, "name": "cat"}]}
    ),
    "names.json": '["zebra", "cat", "狗"]',
}


@pytest.fixture
def bare(work: Path, command: Command) -> Path:
    """Return a working folder whose manifest has images and no classes."""
    tree(work / "photos", ("a.png", "b.png"))
    command("scan", "photos", "--labels", "none")
    return work


@pytest.mark.parametrize("name", LISTS)
def test_a_list_gives_names_and_order(bare: Path, command: Command, name: str) -> None:
    (bare / name).write_text(LISTS[name], encoding="utf-8")

    ran = command("classes", "import", name, "--json")

    assert ran.json == {"classes_added": ["zebra", "cat", "狗"], "known": []}
    assert rows(bare / "manifest.db", "SELECT id, name FROM class ORDER BY id") == [
        (0, "zebra"), (1, "cat"), (2, "狗"),
    ]  # fmt: skip


def test_a_longer_list_goes_on_and_undo_takes_it_back(bare: Path, command: Command) -> None:
    (bare / "one.txt").write_text("zebra\ncat\n", encoding="utf-8")
    (bare / "two.txt").write_text("zebra\ncat\nant\n", encoding="utf-8")
    command("classes", "import", "one.txt")
    seen = command("classes", "import", "two.txt")
    command("undo")

    assert seen.out.splitlines() == ["1 class added, 2 known already.", "", "Next: labelprep classes list"]
    found = rows(bare / "manifest.db", "SELECT name FROM class WHERE removed_by IS NULL ORDER BY id")
    assert found == ["zebra", "cat"]


def test_ids_never_move(animals: Place, command: Command) -> None:
    (animals.root.parent / "classes.txt").write_text("dog\ncat\nfox\n", encoding="utf-8")

    ran = command("classes", "import", "classes.txt", "--json")

    assert ran.code == 2
    assert "'cat' exists already" in ran.json["error"]["problem"]
    assert rows(animals.manifest, "SELECT name FROM class ORDER BY id") == ["cat", "dog", "fox"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("twice.txt", "cat\ndog\ncat\n", "'cat' is in it twice"),
        ("empty.txt", "\n\n", "names no classes"),
        ("broken.json", "{", "ends too early"),
        ("other.json", '{"shapes": []}', "names no classes"),
        ("gone.txt", None, "no such file"),
    ],
)
def test_what_is_no_list_is_refused(
    bare: Path, command: Command, name: str, text: str | None, problem: str
) -> None:
    if text is not None:
        (bare / name).write_text(text, encoding="utf-8")

    ran = command("classes", "import", name, "--json")

    assert ran.code == 3
    assert problem in ran.json["error"]["problem"]
    assert rows(bare / "manifest.db", "SELECT count(*) FROM class") == [0]
