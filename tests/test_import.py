"""An import takes over what a source says as one command: all of it, counted, explained, undoable."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical import dump
from labelprep.errors import LabelprepError, SourceError, UsageError
from labelprep.library import Manifest
from labelprep.manifest.store import Store, open_store
from labelprep.workflows.editing import merge_classes, undo
from labelprep.workflows.import_report import ImportOptions, ImportReport
from labelprep.workflows.importing import import_labels
from labelprep.workflows.showing import explain
from labelprep.workflows.sourcing import list_sources
from pictures import fingerprint, tree
from running import Command, Place, labels_of, rows, scan, splits_of
from table_files import workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("a.png", "b.png", "c.png", "sub/d.png", "007.png")
UNTOUCHED = ("label", "labels", "label_source", "conflict")


@pytest.fixture
def flat(work: Path) -> Iterator[Store]:
    """Return the open manifest of five images that no folder labels."""
    tree(work / "photos", NAMES)
    report = scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(report.manifest) as store:
        yield store


def sheet(store: Store, *lines: str, name: str = "labels.csv") -> Path:
    """Write a sheet beside the manifest."""
    place = store.path.parent / name
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


def take(store: Store, *lines: str, **options: object) -> ImportReport:
    """Write a sheet and import it."""
    return import_labels(store, sheet(store, *lines), ImportOptions(**options))  # type: ignore[arg-type]


def labelled(store: Store) -> dict[str, str]:
    """Return the labels there are, by path."""
    return {path: label for path, label in labels_of(store).items() if label is not None}


def codes(report: ImportReport) -> list[tuple[str, str]]:
    """Return the code and place of every issue but the notes."""
    return [(issue.code, issue.where) for issue in report.issues if issue.severity != "note"]


def refused(store: Store, *lines: str, **options: object) -> LabelprepError:
    """Return why a sheet is not imported; the manifest is as before."""
    before = dump(store.path)
    with pytest.raises(LabelprepError) as caught:
        take(store, *lines, **options)
    assert dump(store.path) == before
    return caught.value


def test_rows_become_labels_and_each_is_counted(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat", "b,dog", "zz.png,cat", "c.png,", "d.png,dog")

    assert labelled(flat) == {"a.png": "cat", "b.png": "dog", "sub/d.png": "dog"}
    assert (report.rows, report.matched, report.unmatched, report.skipped) == (5, 3, 1, {"no_label": 1})
    assert report.rules == {"path": 1, "name": 1, "stem": 1}
    assert (report.annotations, report.classes_added) == (3, ("cat", "dog"))
    assert (report.conflicts, report.images_without_row, report.changed, report.replaced) == (0, 2, 3, 0)


def test_report_holds_the_keys_of_the_contract(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat").as_json()

    assert set(report) >= {
        "source", "format", "encoding", "rows", "matched", "unmatched", "skipped", "annotations",
        "classes_added", "conflicts", "rules", "issues", "images_without_row", "unmatched_file", "replaced",
        "changed", "facts",
    }  # fmt: skip
    assert (report["format"], report["encoding"], report["location"]) == ("table", "utf-8", "labels.csv")


def test_a_statement_names_its_row(flat: Store) -> None:
    take(flat, "file,label", "a.png,cat")

    said = explain(flat, "a.png").said

    assert [(item.location, item.locator, item.classes) for item in said] == [("labels.csv", "2", ("cat",))]


def test_labels_stay_text(flat: Store) -> None:
    take(flat, "file,label", "a.png,007", "b.png,NA", "c.png,1e5", "d.png,True")

    assert list(labelled(flat).values()) == ["007", "NA", "1e5", "True"]


def test_classes_are_added_in_natural_order_after_those_known(flat: Store) -> None:
    take(flat, "file,label", "a.png,class 10", "b.png,class 2")
    take(flat, "file,label", "a.png,class 1", "b.png,class 2")

    assert rows(flat, "SELECT id, name FROM class ORDER BY id") == [
        (0, "class 2"), (1, "class 10"), (2, "class 1"),
    ]  # fmt: skip


def test_unmatched_rows_are_listed_beside_the_manifest(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat", "=b/zz.png,dog", "../../etc/x.png,dog")

    assert report.unmatched_file == flat.path.parent / "unmatched.csv"
    with report.unmatched_file.open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.reader(file))
    assert [row[:3] for row in listed] == [
        ["row", "value", "reason"],
        ["3", "'=b/zz.png", "no image has this name"],
        ["4", "../../etc/x.png", "it lies outside the folder of the images"],
    ]


def test_the_list_of_unmatched_rows_goes_when_none_is_left(flat: Store) -> None:
    take(flat, "file,label", "a.png,cat", "zz.png,dog")
    report = take(flat, "file,label", "a.png,cat", "b.png,dog")

    assert report.unmatched_file is None
    assert not (flat.path.parent / "unmatched.csv").exists()


def test_a_file_of_someone_else_called_unmatched_is_left_alone(flat: Store) -> None:
    mine = flat.path.parent / "unmatched.csv"
    mine.write_text("my own list\n", encoding="utf-8")

    report = take(flat, "file,label", "a.png,cat", "zz.png,dog")
    take(flat, "file,label", "a.png,cat")

    assert report.unmatched_file == flat.path.parent / "unmatched-2.csv"
    assert mine.read_text(encoding="utf-8") == "my own list\n"


def test_an_unmatched_row_names_the_nearest_images(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat", "sub/dd.png,dog")

    (issue,) = [item for item in report.issues if item.code == "LP240"]
    assert (issue.severity, issue.where) == ("error", "labels.csv:3")
    assert issue.problem.startswith("'sub/dd.png': no image has this name")


def test_importing_again_without_a_change_changes_nothing(flat: Store) -> None:
    lines = ("file,label,split", "a.png,cat,train", "zz.png,dog,test")
    first = take(flat, *lines)
    before = dump(flat.path)

    second = take(flat, *lines)

    assert dump(flat.path) == before
    assert (second.replaced, second.changed, second.splits_changed) == (0, 0, 0)
    counts = ("rows", "matched", "unmatched", "skipped", "annotations", "conflicts", "rules")
    assert [getattr(second, name) for name in counts] == [getattr(first, name) for name in counts]


def test_importing_again_takes_rows_whose_images_were_scanned_since(flat: Store) -> None:
    lines = ("file,label", "a.png,cat", "zz.png,dog")
    take(flat, *lines)
    tree(flat.root, [*NAMES, "zz.png"])
    scan(flat.root, flat.path, labels="none")

    report = take(flat, *lines)

    assert (report.matched, report.changed, report.replaced) == (2, 1, 0)
    assert labelled(flat) == {"a.png": "cat", "zz.png": "dog"}


def test_importing_a_mended_sheet_replaces_what_it_said(flat: Store) -> None:
    take(flat, "file,label", "a.png,cat", "b.png,dgo", "c.png,cat")

    report = take(flat, "file,label", "a.png,cat", "b.png,dog")

    assert labelled(flat) == {"a.png": "cat", "b.png": "dog"}
    assert (report.replaced, report.changed, report.conflicts) == (2, 2, 0)


def test_rows_that_moved_are_replaced_but_say_the_same(flat: Store) -> None:
    take(flat, "file,label", "a.png,cat", "b.png,dog")

    report = take(flat, "file,label", "b.png,dog", "a.png,cat")

    assert (report.replaced, report.changed) == (2, 0)
    assert [item.locator for item in explain(flat, "a.png").said if item.removed_by is None] == ["3"]


def test_imports_are_undone_one_by_one(flat: Store) -> None:
    states = [dump_labels(flat)]
    for lines in (
        ("a.png,cat,train,g1", "b.png,dog,test,g1"),
        ("b.png,fox,val,g2", "a.png,cat,train,g1"),
        ("c.png,cat,,", "b.png,fox,val,g3"),
        ("c.png,cat,,", "c.png,dog,,"),
    ):
        take(flat, "file,label,split,group", *lines)
        states.append(dump_labels(flat))

    undone = []
    for _ in states[1:]:
        undo(flat)
        undone.append(dump_labels(flat))

    assert undone == states[-2::-1]
    assert rows(flat, "SELECT count(*) FROM class WHERE removed_by IS NULL") == [0]
    assert [source.kind for source in list_sources(flat)] == ["folder"]


def dump_labels(store: Store) -> list[object]:
    """Return what images, classes and sources are now."""
    return [
        rows(store, "SELECT path, labels, conflict, split, split_source, split_locked, group_key FROM image"),
        rows(store, "SELECT name FROM class WHERE removed_by IS NULL ORDER BY 1"),
        rows(store, "SELECT location, rows, matched, rank FROM source WHERE rows > 0 AND kind <> 'folder'"),
    ]


def test_an_undone_import_can_be_undone_in_turn(flat: Store) -> None:
    take(flat, "file,label,split", "a.png,cat,train")
    take(flat, "file,label,split", "a.png,dog,val")
    last = dump_labels(flat)

    undo(flat)
    newest = rows(flat, "SELECT max(number) FROM command")[0]
    undo(flat, newest)

    assert dump_labels(flat) == last


def test_a_dry_run_reports_all_and_writes_nothing(flat: Store) -> None:
    lines = ("file,label,split", "a.png,cat,train", "a.png,dog,train", "zz.png,cat,")
    before, files = dump(flat.path), fingerprint(flat.path.parent / "photos")
    dry = take(flat, *lines, dry_run=True)

    assert dump(flat.path) == before
    assert not (flat.path.parent / "unmatched.csv").exists()
    wet = take(flat, *lines)
    ignored = {"dry_run", "seconds", "unmatched_file"}
    assert {key: value for key, value in dry.as_json().items() if key not in ignored} == {
        key: value for key, value in wet.as_json().items() if key not in ignored
    }
    assert fingerprint(flat.path.parent / "photos") == files


def test_rows_that_contradict_each_other_conflict(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat", "a.png,dog", "b.png,dog")

    assert (report.conflicts, labelled(flat)) == (1, {"b.png": "dog"})
    (issue,) = [item for item in report.issues if item.code == "LP203"]
    assert (issue.where, issue.severity) == ("a.png", "error")
    assert "cat in labels.csv:2, dog in labels.csv:3" in issue.problem


def test_two_sheets_that_disagree_conflict_until_one_is_mended(flat: Store) -> None:
    take(flat, "file,label", "a.png,cat")
    other = sheet(flat, "file,label", "a.png,dog", name="other.csv")
    first = import_labels(flat, other)
    sheet(flat, "file,label", "a.png,cat", name="other.csv")

    second = import_labels(flat, other)

    assert (first.conflicts, second.conflicts, labelled(flat)) == (1, 0, {"a.png": "cat"})


def test_multi_label_gathers_the_rows_of_an_image(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,cat", "b.png,dog", "a.png,dog", "a.png,cat", multi_label=True)

    assert report.conflicts == 0
    assert rows(flat, "SELECT labels FROM image WHERE path IN ('a.png', 'b.png') ORDER BY path") == [
        '["cat", "dog"]', '["dog"]',
    ]  # fmt: skip
    assert flat.meta("multi_label") == "yes"
    assert [item.locator for item in explain(flat, "a.png").said] == ["2, 4"]
    undo(flat)
    assert flat.meta("multi_label") == "auto"


def test_a_list_in_a_cell_is_several_labels(flat: Store) -> None:
    report = take(flat, "file,label", "a.png,\"['cat', 'dog']\"", "b.png,dog")

    assert (report.conflicts, report.annotations) == (0, 3)
    assert explain(flat, "a.png").labels == ["cat", "dog"]


def test_a_sheet_outranks_folders_and_says_where_they_disagree(store: Store) -> None:
    report = take(store, "file,label", "cat/1.png,lion", "cat/2.png,cat")

    assert labelled(store)["cat/1.png"] == "lion"
    (note,) = [item for item in report.issues if item.code == "LP244"]
    assert (note.where, note.severity) == ("cat/1.png", "note")
    assert note.problem.startswith("folder says cat; its label is lion")


def test_rank_decides_whose_word_counts(store: Store) -> None:
    take(store, "file,label", "cat/1.png,lion", rank="model")
    by_model = labelled(store)["cat/1.png"]
    report = take(store, "file,label", "cat/1.png,lion", rank="person")

    assert by_model == "cat"
    assert (labelled(store)["cat/1.png"], report.changed) == ("lion", 0)
    undo(store)
    assert labelled(store)["cat/1.png"] == "cat"


def test_a_class_that_was_merged_is_still_understood(store: Store) -> None:
    merge_classes(store, ["fox"], "dog")

    take(store, "file,label", "cat/1.png,fox")

    assert labelled(store)["cat/1.png"] == "dog"


def test_new_classes_that_look_like_others_are_named_with_the_command(store: Store) -> None:
    report = take(store, "file,label", "cat/1.png,Cat")

    (issue,) = [item for item in report.issues if item.code == "LP301"]
    assert "labelprep classes merge cat Cat" in issue.fix


def test_splits_and_groups_of_columns_are_taken_and_locked(flat: Store) -> None:
    report = take(flat, "file,label,split,group", "a.png,cat,Train,p1", "b.png,cat,验证集,p1", "c.png,cat,,")

    assert report.splits_changed == 2
    query = "SELECT split, split_source, split_locked, group_key FROM image WHERE path < 'd' ORDER BY path"
    assert rows(flat, query)[1:] == [
        ("train", "column", 1, "p1"), ("val", "column", 1, "p1"), (None, None, 0, None),
    ]  # fmt: skip


def test_a_split_that_the_sheet_takes_back_is_what_it_was_before(work: Path) -> None:
    tree(work / "photos", ["train/cat/a.png", "test/cat/b.png"])
    scan(work / "photos", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        take(store, "file,label,split", "a.png,cat,val", "b.png,cat,")
        during = splits_of(store)
        take(store, "file,label,split", "a.png,cat,", "b.png,cat,")
        after = splits_of(store)

    assert during == {"test/cat/b.png": "test", "train/cat/a.png": "val"}
    assert after == {"test/cat/b.png": "test", "train/cat/a.png": "train"}


def test_rows_that_name_different_splits_give_none(flat: Store) -> None:
    report = take(flat, "file,label,split", "a.png,cat,train", "a.png,cat,test")

    assert ("LP246", "a.png") in codes(report)
    assert splits_of(flat)["a.png"] is None


def test_a_split_of_a_person_stays(flat: Store) -> None:
    with flat.writing() as connection:
        connection.execute("UPDATE image SET split = 'test', split_source = 'person' WHERE path = 'a.png'")

    report = take(flat, "file,label,split", "a.png,cat,train")

    assert (splits_of(flat)["a.png"], report.splits_changed) == ("test", 0)
    assert [item.where for item in report.issues if item.code == "LP251"] == ["splits"]


def test_ambiguous_names_are_told_with_both_images(work: Path) -> None:
    tree(work / "photos", ["one/x.png", "two/x.png", "y.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        report = take(store, "file,label", "x.png,cat", "y.png,cat")

    (issue,) = [item for item in report.issues if item.code == "LP241"]
    assert "one/x.png, two/x.png" in issue.problem
    assert (report.matched, report.unmatched) == (1, 1)


def test_an_inferred_name_gives_way_to_one_that_is_plain(flat: Store) -> None:
    report = take(flat, "file,label", "a.jpg,dog", "a.png,cat", "b.jpg,dog", "007,fox", "C.PNG,fox", "c,fox")

    assert labelled(flat) == {"007.png": "fox", "a.png": "cat", "b.png": "dog", "c.png": "fox"}
    assert (report.rows, report.matched, report.unmatched, report.conflicts) == (6, 4, 2, 0)
    assert report.rules == {"path": 1, "folded": 1, "stem": 2}
    assert [(issue.where, issue.problem) for issue in report.issues if issue.code == "LP253"] == [
        (
            "labels.csv:2",
            "'a.jpg': no image has this name; it looks like a.png, which labels.csv:3 names exactly",
        ),
        (
            "labels.csv:7",
            "'c': no image has this name; it looks like c.png, which labels.csv:6 names exactly",
        ),
    ]
    listed = (flat.path.parent / "unmatched.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in listed] == [["row", "value"], ["2", "a.jpg"], ["7", "c"]]


def test_inferred_names_alone_still_conflict(flat: Store) -> None:
    report = take(flat, "file,label", "a.jpg,dog", "a.tif,cat")

    assert (report.matched, report.conflicts) == (2, 1)


def test_a_sheet_in_a_folder_of_images_names_those_beside_it(work: Path) -> None:
    tree(work / "photos", ["train/1.png", "val/1.png", "val/2.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    for split, lines in (("train", "1.png,cat\n../val/2.png,fox\n"), ("val", "1.png,dog\n")):
        (work / "photos" / split / "labels.csv").write_text(f"file,label\n{lines}", encoding="utf-8")
    with open_store(work / "manifest.db") as store:
        reports = [
            import_labels(store, store.root / split / "labels.csv", ImportOptions(strict=True))
            for split in ("train", "val")
        ]

        assert labelled(store) == {"train/1.png": "cat", "val/1.png": "dog", "val/2.png": "fox"}
    assert [report.rules for report in reports] == [{"path": 1, "cleaned": 1}, {"path": 1}]


def test_content_names_an_image_whose_path_leads_elsewhere(flat: Store) -> None:
    digest = rows(flat, "SELECT lower(hex(sha256)) FROM image WHERE path = 'a.png'")[0]

    report = take(
        flat,
        "file,label,sha256",
        f"/mnt/old/x.png,cat,{digest}",
        f"b.png,dog,{'0' * 64}",
        f"y,fox,{'1' * 64}",
    )

    assert labelled(flat) == {"a.png": "cat", "b.png": "dog"}
    assert report.rules == {"path": 1, "content": 1}
    (issue,) = [item for item in report.issues if item.code == "LP240"]
    assert issue.problem == "'y': no image has this name or this content"


def test_a_row_without_an_image_is_told_at_the_cell_of_its_name(flat: Store) -> None:
    place = workbook(
        flat.path.parent, [["label", "note", "file"], ["cat", "", "a.png"], ["dog", "", "gone.png"]]
    )

    report = import_labels(flat, place)

    assert codes(report) == [("LP240", "labels.xlsx:Sheet1!C3")]
    listed = (flat.path.parent / "unmatched.csv").read_text(encoding="utf-8-sig").splitlines()
    assert listed[1].startswith("Sheet1!C3,gone.png,")


def test_strict_takes_certain_rules_alone(flat: Store) -> None:
    report = take(flat, "file,label", "A.PNG,cat", "d.png,dog", strict=True)

    assert (report.rules, report.unmatched, report.has_errors) == ({"folded": 1}, 1, True)


def test_a_sheet_of_other_images_is_refused_with_examples(flat: Store) -> None:
    error = refused(flat, "file,label", "x1.jpg,cat", "x2.jpg,dog")

    assert isinstance(error, SourceError)
    assert error.problem == (
        "not one of 2 rows names an image of this manifest: 2 × no image has this name, such as "
        "'x1.jpg' in row 2, 'x2.jpg' in row 3; the images are '007.png', 'a.png', 'b.png'"
    )


def test_a_sheet_without_labels_is_refused(flat: Store) -> None:
    assert (
        "nothing of its 2 rows can be used (2 no_label)"
        in refused(flat, "file,label", "a.png,", "b.png,").problem
    )


def test_a_sheet_without_rows_is_refused(flat: Store) -> None:
    assert refused(flat, "file,label").exit_code == 3


def test_unknown_words_are_refused(flat: Store) -> None:
    lines = ("file,label", "a.png,cat")
    for option, word in (("format", "xml"), ("rank", "king"), ("label_from", "most")):
        error = refused(flat, *lines, **{option: word})
        assert (type(error), word in error.problem) == (UsageError, True)


def test_what_is_no_label_source_is_refused(flat: Store) -> None:
    picture = flat.root / "a.png"

    with pytest.raises(SourceError, match="--from"):
        import_labels(flat, picture)
    with pytest.raises(SourceError, match="no such file"):
        import_labels(flat, flat.root / "nothing.csv")


def test_images_taken_away_meanwhile_stop_the_import(flat: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from labelprep.manifest import staging  # noqa: PLC0415 - its table is what is looked at

    found = staging.Staging.flush

    def lose_one(self: staging.Staging) -> None:
        found(self)
        with open_store(flat.path) as other, other.writing() as connection:
            connection.execute("DELETE FROM image WHERE path = 'a.png'")

    monkeypatch.setattr(staging.Staging, "flush", lose_one)

    with pytest.raises(SourceError, match="another labelprep moved images"):
        take(flat, "file,label", "a.png,cat", "b.png,dog")
    assert labelled(flat) == {}


LABELS = st.sampled_from(["cat", "dog", "Cat", "", "  ", "猫", "['cat', 'dog']", "cat|dog", "None", "=1+1"])
FILES = st.sampled_from([*NAMES, "a", "A.PNG", "7", "x/y.png", "../a.png", "d.png", "", "zz", "photos/a.png"])
SPLITS = st.sampled_from(["", "train", "val", "Test", "nonsense"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(FILES, LABELS, SPLITS), max_size=12), st.booleans(), st.booleans())
def test_every_row_is_matched_unmatched_or_skipped(
    flat: Store, table: list[tuple[str, str, str]], multi_label: bool, strict: bool
) -> None:
    place = flat.path.parent / "any.csv"
    with place.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "label", "split"), ("b.png", "fox", "train"), *table])

    report = import_labels(flat, place, ImportOptions(multi_label=multi_label, strict=strict))

    assert report.rows == report.matched + report.unmatched + sum(report.skipped.values())
    assert report.matched == sum(report.rules.values())
    blank = sum(not any(cell.strip() for cell in row) for row in table)
    assert report.rows == len(table) + 1 - blank
    assert report.annotations == rows(
        flat,
        "SELECT count(*) FROM annotation JOIN statement ON statement_id = statement.id "
        "JOIN source ON source.id = source_id WHERE removed_by IS NULL AND location = 'any.csv'",
    )[0]  # fmt: skip
    assert report.conflicts == rows(flat, "SELECT count(*) FROM image WHERE conflict")[0]
    undo(flat)


def test_the_library_imports_too(animals: Place) -> None:
    with Manifest.open(animals.manifest) as manifest:
        place = animals.manifest.parent / "l.csv"
        place.write_text("file,label\ncat/1.png,lion\n", encoding="utf-8")
        report = manifest.import_labels(place)

        assert (report.matched, manifest.labels()["cat/1.png"]) == (1, "lion")


def test_the_command_explains_itself(flat: Store, command: Command) -> None:
    sheet(flat, "file,label", "a.png,cat", "7,dog", "zz.png,dog")

    ran = command("import", "labels.csv")

    assert ran.code == 0
    for line in (
        "3 rows in labels.csv",
        'file: column "file"',
        'label: column "label"',
        "2 matched, 1 unmatched, 0 skipped",
        "inferred",
        "LP240  labels.csv:4: 'zz.png': no image has this name",
        "All rows without an image: unmatched.csv",
    ):
        assert line in ran.out, ran.out
    assert ran.last_line.startswith("Next: ")


def test_strict_ends_with_1_where_anything_got_lost(flat: Store, command: Command) -> None:
    sheet(flat, "file,label", "a.png,cat", "zz.png,dog")

    lax, strict = (
        command("import", "labels.csv", "--json"),
        command("import", "labels.csv", "--json", "--strict"),
    )

    assert (lax.code, strict.code) == (0, 1)
    assert (strict.json["unmatched"], labelled(flat)) == (1, {"a.png": "cat"})


def test_errors_are_json_with_exit_3_and_2(flat: Store, command: Command) -> None:
    sheet(flat, "file,label", "other.jpg,cat")

    ran = command("import", "labels.csv", "--json")

    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (3, "source")
    assert command("import", "--json").json["error"]["code"] == "usage"
