"""Conflicts end by a person's word: a preferred source's, the majority's, or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from running import Command, Place, labels_of, rows

if TYPE_CHECKING:
    from pathlib import Path


def sheets(place: Path, **texts: str) -> None:
    for name, text in texts.items():
        lines = ["file,label", *text.split()]
        (place / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def conflicts(animals: Place, command: Command) -> None:
    """Let three sheets speak of five images: two against one, one each, alone, and one agreed."""
    sheets(
        animals.root.parent,
        a="cat/1.png,cat cat/2.png,cat cat/3.png,cat dog/1.png,dog dog/2.png,dog",
        b="cat/1.png,dog cat/2.png,dog dog/1.png,dog dog/2.png,fox",
        c="cat/1.png,dog cat/2.png,fox",
    )
    for name in "abc":
        assert command("import", f"{name}.csv").code == 0


def test_a_source_is_preferred(animals: Place, command: Command) -> None:
    conflicts(animals, command)
    ran = command("resolve", "--prefer", "c.csv", "--json")

    assert ran.json == {
        "conflicts": 3, "resolved": 2, "left": {"this source does not decide": 1}, "remaining": 1,
    }  # fmt: skip
    found = labels_of(animals.manifest)
    assert (found["cat/1.png"], found["cat/2.png"], found["dog/2.png"]) == ("dog", "fox", None)


def test_the_majority_decides(animals: Place, command: Command) -> None:
    conflicts(animals, command)
    ran = command("resolve", "--prefer", "majority")
    resolved = labels_of(animals.manifest)["cat/1.png"]
    command("undo")

    assert ran.out.splitlines() == [
        "1 of 3 conflicts resolved.",
        "  left: 2, no majority",
        "",
        "Next: labelprep resolve IMAGE --label CLASS, for the rest",
    ]
    assert (resolved, labels_of(animals.manifest)["cat/1.png"]) == ("dog", None)


def test_a_person_decides_by_hand_and_may_think_again(animals: Place, command: Command) -> None:
    conflicts(animals, command)
    first = command("resolve", "cat/1.png", "2.png", "--label", "fox", "--json")
    one = command("resolve", "cat/1.png", "--label", "fox", "--json")
    again = command("resolve", "cat/1.png", "--label", "cat")

    assert (first.code, one.json) == (2, {"resolved": 1, "labels": ["fox"]})
    assert again.out.splitlines()[0] == "1 image labelled cat."
    assert rows(
        animals.manifest, "SELECT label, label_source, conflict FROM image WHERE path = 'cat/1.png'"
    ) == [("cat", "person", 0)]


def test_where_people_disagree_nobody_else_decides(animals: Place, command: Command) -> None:
    sheets(animals.root.parent, a="cat/1.png,cat", b="cat/1.png,dog")
    for name in "ab":
        command("import", f"{name}.csv", "--rank", "person")
    ran = command("resolve", "--prefer", "majority", "--json")

    assert (ran.json["resolved"], ran.json["left"]) == (0, {"people disagree": 1})


def test_wrong_uses_are_told_apart(animals: Place, command: Command) -> None:
    uses = [
        (), ("--prefer", "majority", "cat/1.png", "--label", "cat"), ("cat/1.png",),
        ("--prefer", "nobody.csv"), ("cat/1.png", "--label", "cow"),
    ]  # fmt: skip
    ran = [command("resolve", *use, "--json") for use in uses]

    assert [one.code for one in ran] == [2] * len(uses)
    assert "no source" in ran[3].json["error"]["problem"]
    assert "no class 'cow'" in ran[4].json["error"]["problem"]
    assert animals.manifest.is_file()
