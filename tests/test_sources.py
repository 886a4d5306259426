"""What labels came from is listed, and one source can be taken away without the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import UsageError
from labelprep.manifest.sources import location_of
from labelprep.workflows.editing import undo
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from labelprep.workflows.sourcing import as_json, list_sources, remove_source
from running import Command, labels_of, rows, splits_of

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store


def take(store: Store, name: str, *lines: str, rank: str | None = None) -> Path:
    """Write a sheet and import it."""
    place = store.path.parent / name
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    import_labels(store, place, ImportOptions(rank=rank))
    return place


def test_sources_are_listed_by_rank_with_their_counts(store: Store) -> None:
    take(store, "a.csv", "file,label", "cat/1.png,lion", "zz.png,cat")
    take(store, "b.csv", "file,label", "cat/2.png,lion", rank="person")

    listed = [as_json(source) for source in list_sources(store)]

    assert [(item["location"], item["kind"], item["rank"]) for item in listed] == [
        ("b.csv", "table", "person"),
        ("a.csv", "table", "sheet"),
        (".", "folder", "folder"),
    ]
    keys = ("rows", "matched", "unmatched", "statements", "images", "encoding")
    assert [tuple(item[key] for key in keys) for item in listed[:2]] == [
        (1, 1, 0, 1, 1, "utf-8"),
        (2, 1, 1, 1, 1, "utf-8"),
    ]


def test_a_removed_source_says_nothing_and_undo_brings_it_back(store: Store) -> None:
    take(store, "a.csv", "file,label,split", "cat/1.png,lion,test", "dog/1.png,dog,")

    removed = remove_source(store, "a.csv")

    assert (removed.statements, removed.images, removed.labels_changed) == (2, 2, 1)
    assert (labels_of(store)["cat/1.png"], splits_of(store)["cat/1.png"]) == ("cat", None)
    assert [source.location for source in list_sources(store)] == ["."]
    undo(store)
    assert (labels_of(store)["cat/1.png"], splits_of(store)["cat/1.png"]) == ("lion", "test")
    assert [source.location for source in list_sources(store)] == ["a.csv", "."]


def test_removing_one_of_two_sheets_ends_their_conflict(store: Store) -> None:
    take(store, "a.csv", "file,label", "cat/1.png,lion")
    other = take(store, "b.csv", "file,label", "cat/1.png,fox")

    remove_source(store, str(other))

    assert labels_of(store)["cat/1.png"] == "lion"


def test_a_source_is_named_by_kind_too(store: Store) -> None:
    remove_source(store, "folder")

    assert set(labels_of(store).values()) == {None}


def test_an_unknown_source_is_refused_with_those_there_are(store: Store) -> None:
    with pytest.raises(UsageError) as caught:
        remove_source(store, "c.csv")

    assert caught.value.fix == "the sources are: folder:."


def test_a_sheet_and_the_edits_in_it_are_told_apart(store: Store, command: Command) -> None:
    place = take(store, "a.csv", "file,label", "cat/1.png,lion")
    command("export", place, "--overwrite")
    text = place.read_text(encoding="utf-8-sig").replace("dog/1.png,dog", "dog/1.png,wolf")
    place.write_text(text, encoding="utf-8")
    import_labels(store, place)

    with pytest.raises(UsageError) as caught:
        remove_source(store, "a.csv")

    assert caught.value.fix == "name one of: edits:a.csv, table:a.csv"
    assert remove_source(store, "edits:a.csv").labels_changed == 1
    assert (labels_of(store)["cat/1.png"], labels_of(store)["dog/1.png"]) == ("lion", "dog")


def test_a_place_is_kept_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "work" / "manifest.db"
    manifest.parent.mkdir()

    assert location_of(manifest, tmp_path / "work" / "数据" / "标签.csv") == "数据/标签.csv"
    assert location_of(manifest, tmp_path / "l.csv") == "../l.csv"
    assert location_of(manifest, manifest.parent / "x" / ".." / "l.csv") == "l.csv"


def test_the_commands_list_and_remove(store: Store, command: Command) -> None:
    take(store, "a.csv", "file,label", "cat/1.png,lion")

    listed = command("sources", "--json").json["sources"]
    removed = command("remove-source", "a.csv", "--json")
    shown = command("sources")

    assert [item["location"] for item in listed] == ["a.csv", "."]
    assert (removed.code, removed.json["statements"], removed.json["labels_changed"]) == (0, 1, 1)
    assert "a.csv" not in shown.out
    assert command("remove-source", "a.csv").code == 2
    assert rows(store, "SELECT name FROM command ORDER BY number DESC LIMIT 1") == ["remove-source"]
