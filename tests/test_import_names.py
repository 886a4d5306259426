"""File names become labels by a pattern, and patterns are proposed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.manifest.store import Store, open_store
from labelprep.workflows.editing import undo
from labelprep.workflows.importing import import_labels
from labelprep.workflows.naming import import_names
from pictures import tree
from running import Command, labels_of, rows, scan, splits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("train/cat.0.png", "train/cat.1.png", "train/dog.0.png", "train/dog.1.png", "other/IMG.png")
CATS_DOGS = Path(__file__).parents[1].parent / "shared" / "data" / "cats_dogs"


@pytest.fixture
def named(work: Path) -> Iterator[Store]:
    """Return the open manifest of four named images and one whose name says nothing."""
    tree(work / "photos", NAMES)
    report = scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(report.manifest) as store:
        yield store


def test_names_become_labels(named: Store) -> None:
    report = import_names(named, "{label}.{id}")

    assert labels_of(named) == {
        "other/IMG.png": None,
        "train/cat.0.png": "cat",
        "train/cat.1.png": "cat",
        "train/dog.0.png": "dog",
        "train/dog.1.png": "dog",
    }
    assert (report.format, report.rows, report.matched, report.unmatched) == ("file_name", 5, 4, 0)
    assert (sum(report.skipped.values()), report.rules, report.annotations) == (1, {"path": 4}, 4)
    assert [issue.where for issue in report.issues if issue.code == "LP260"] == ["other/IMG.png"]


def test_a_folder_restricts_the_names_looked_at(named: Store) -> None:
    report = import_names(named, "{label}.{id}", named.root / "train")

    assert (report.rows, report.matched, report.skipped) == (4, 4, {})


def test_another_pattern_replaces_what_names_said(named: Store) -> None:
    import_names(named, "{label}.{id}")

    report = import_names(named, "{x_a}.{label}")

    assert (labels_of(named)["train/cat.1.png"], report.replaced, report.changed) == ("1", 4, 4)
    undo(named)
    assert labels_of(named)["train/cat.1.png"] == "cat"


def test_a_sheet_outranks_names(named: Store) -> None:
    import_names(named, "{label}.{id}")
    place = named.path.parent / "l.csv"
    place.write_text("file,label\ntrain/cat.0.png,lion\n", encoding="utf-8")

    report = import_labels(named, place)

    assert (labels_of(named)["train/cat.0.png"], report.conflicts) == ("lion", 0)


def test_splits_and_groups_stand_in_names_too(work: Path) -> None:
    tree(work / "p", ["train_p1_cat.png", "val_p2_dog.png"])
    scan(work / "p", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        import_names(store, "{split}_{group}_{label}")

        assert splits_of(store) == {"train_p1_cat.png": "train", "val_p2_dog.png": "val"}
        assert rows(store, "SELECT group_key FROM image ORDER BY path") == ["p1", "p2"]


def test_a_pattern_that_no_name_follows_is_refused_with_samples(named: Store) -> None:
    with pytest.raises(SourceError) as caught:
        import_names(named, "{label}__{id}")

    assert caught.value.problem == (
        "no name of 5 images follows '{label}__{id}', such as 'other/IMG.png', 'train/cat.0.png', "
        "'train/cat.1.png'"
    )


def test_a_folder_elsewhere_is_refused(named: Store) -> None:
    with pytest.raises(UsageError, match="images of this manifest lie in"):
        import_names(named, "{label}.{id}", named.root.parent)


def test_suggested_patterns_come_with_counts_and_write_nothing(named: Store, command: Command) -> None:
    ran = command("import", "--pattern", "suggest", "--json")

    first = ran.json["suggestions"][0]
    assert (first["pattern"], first["matched"], first["unmatched"]) == ("{label}.{id}", 4, 1)
    assert first["classes"] == {"cat": 2, "dog": 2}
    assert ran.json["rows"] == ran.json["matched"] + ran.json["unmatched"] + sum(ran.json["skipped"].values())
    assert rows(named, "SELECT count(*) FROM command") == [1]


def test_suggestions_end_with_the_command_to_type(named: Store, command: Command) -> None:
    shown = command("import", "--pattern", "suggest")
    typed = command("import", "--pattern", "{label}.{id}")

    assert shown.last_line == 'Next: labelprep import --pattern "{label}.{id}"'
    assert (typed.code, labels_of(named)["train/dog.0.png"]) == (0, "dog")


def test_names_outside_the_pattern_are_shown(named: Store, command: Command) -> None:
    ran = command("import", "--pattern", "{label}.{id}", "-m", named.path)

    assert "  4 matched, 0 unmatched, 1 skipped\n" in ran.out
    assert "  not in this pattern: other/IMG.png\n" in ran.out


@pytest.mark.skipif(not CATS_DOGS.is_dir(), reason="needs the shared data, which is not here")
def test_cats_and_dogs_by_the_suggested_pattern(work: Path, command: Command) -> None:
    command("scan", CATS_DOGS, "-m", work / "manifest.db", "--labels", "none")
    suggested = command("import", "--pattern", "suggest", "--json").json["suggestions"][0]

    report = command("import", "--pattern", suggested["pattern"], "--json").json

    assert suggested["classes"] == {"cat": 300, "dog": 300}
    assert (report["matched"], report["annotations"]) == (600, 600)
    query = "SELECT label, count(*) FROM image WHERE label IS NOT NULL GROUP BY 1"
    assert rows(work / "manifest.db", query) == [("cat", 300), ("dog", 300)]
