"""A sheet that labelprep writes is filled in or edited and imported: exactly the edited cells count."""

from __future__ import annotations

import csv
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical import dump
from labelprep.errors import SourceError, UsageError
from labelprep.formats.cells import cell_of
from labelprep.manifest.store import Store, open_store
from labelprep.workflows.editing import merge_classes, rename_class, undo
from labelprep.workflows.importing import import_labels
from labelprep.workflows.splitting import split_images
from labelprep.workflows.templating import TemplateOptions, write_export, write_template
from pictures import draw, tree
from running import Command, labels_of, rows, scan, splits_of
from saying import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMS = ("labels.csv", "labels.xlsx")
Table = list[list[str]]


def workbook(place: Path) -> Any:  # noqa: ANN401 - openpyxl has no types
    """Open a workbook."""
    import openpyxl

    return openpyxl.load_workbook(place)


def read(place: Path) -> Table:
    """Return the cells of a sheet as texts."""
    if place.suffix == ".csv":
        with place.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))
    page = workbook(place)["labels"]
    return [["" if cell.value is None else str(cell.value) for cell in row] for row in page.iter_rows()]


def edit(place: Path, cells: Mapping[str, Mapping[str, str]]) -> None:
    """Set cells, given by file name and column, as a person would in a spreadsheet program."""
    table = read(place)
    places = {row[0]: number for number, row in enumerate(table)}
    if place.suffix == ".csv":
        for name, values in cells.items():
            for column, value in values.items():
                table[places[name]][table[0].index(column)] = value
        with place.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(table)
        return
    book = workbook(place)
    for name, values in cells.items():
        for column, value in values.items():
            book["labels"].cell(places[name] + 1, table[0].index(column) + 1).value = value
    book.save(place)


@pytest.mark.parametrize("form", FORMS)
def test_a_template_lists_all_images_with_an_empty_label(store: Store, work: Path, form: str) -> None:
    report = write_template(store, work / form)

    table = read(work / form)
    assert (report.images, table[0][:2]) == (6, ["file", "label"])
    assert [row[0] for row in table[1:]] == list(labels_of(store))
    assert {cell for row in table[1:] for cell in row[1:]} == {""}


@pytest.mark.parametrize("form", FORMS)
def test_a_filled_in_template_imports_without_a_question(store: Store, work: Path, form: str) -> None:
    write_template(store, work / form)
    edit(work / form, {"cat/1.png": {"label": "007"}, "dog/1.png": {"label": "dog"}})

    report = import_labels(store, work / form)

    assert (report.matched, report.skipped, report.annotations) == (2, {"no_label": 4}, 2)
    assert [issue for issue in report.issues if issue.severity != "note"] == []
    assert labels_of(store)["cat/1.png"] == "007"
    assert rows(store, "SELECT kind, rank FROM source WHERE id = 2") == [("edits", 50)]


def test_a_template_can_leave_out_images_with_a_label(store: Store, work: Path) -> None:
    say(store, "dog/1.png", "dog", location="a")
    say(store, "dog/1.png", "cat", location="b")

    report = write_template(store, work / "t.csv", TemplateOptions(unlabeled=True))

    assert (report.images, [row[0] for row in read(work / "t.csv")]) == (1, ["file", "dog/1.png"])


def test_a_workbook_offers_the_classes_and_keeps_typed_text(store: Store, work: Path) -> None:
    write_template(store, work / "t.xlsx")

    book = workbook(work / "t.xlsx")
    page = book["labels"]
    (choice,) = page.data_validations.dataValidation
    sheet_name, cells = str(choice.formula1).replace("$", "").split("!")
    offered = [row[0].value for row in book[sheet_name.strip("'")][cells]]
    assert (offered, str(choice.sqref), choice.showErrorMessage) == (["cat", "dog", "fox"], "B2:B7", False)
    assert page.column_dimensions["B"].number_format == "@"
    assert page.column_dimensions["C"].hidden
    assert [name for name in book.sheetnames if book[name].sheet_state == "visible"] == ["labels"]


def test_a_workbook_does_not_tell_when_it_was_saved(store: Store, work: Path) -> None:
    write_template(store, work / "t.xlsx", TemplateOptions(thumbnails=True))

    with zipfile.ZipFile(work / "t.xlsx") as parts:
        times = {part.date_time for part in parts.infolist()}
        told = parts.read("docProps/core.xml").decode()
    assert times == {(1980, 1, 1, 0, 0, 0)}
    assert "created" not in told
    assert "modified" not in told


def test_a_workbook_can_hold_small_pictures(store: Store, work: Path) -> None:
    (store.root / "fox" / "1.png").write_bytes(b"")
    scan(store.root, store.path)

    write_template(store, work / "t.xlsx", TemplateOptions(thumbnails=True))

    with zipfile.ZipFile(work / "t.xlsx") as parts:
        assert sum(name.startswith("xl/media/") for name in parts.namelist()) == 5
    anchors = [image.anchor._from.row for image in workbook(work / "t.xlsx")["labels"]._images]
    assert anchors == [1, 2, 3, 4, 5]


def test_pictures_need_a_workbook(store: Store, work: Path) -> None:
    with pytest.raises(UsageError, match="only a workbook holds pictures"):
        write_template(store, work / "t.csv", TemplateOptions(thumbnails=True))


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_nobody_edited_changes_nothing(store: Store, work: Path, form: str) -> None:
    split_images(store, {"train": 0.5, "val": 0.25, "test": 0.25})
    say(store, "cat/1.png", "cat", "dog")
    write_export(store, work / form)
    before = dump(store.path)

    report = import_labels(store, work / form)

    assert (report.rows, report.matched, report.changed, report.facts["edited_rows"]) == (6, 6, 0, 0)
    assert dump(store.path) == before


@pytest.mark.parametrize("form", FORMS)
def test_exactly_the_edited_cells_change(store: Store, work: Path, form: str) -> None:
    split_images(store, {"train": 0.5, "val": 0.25, "test": 0.25})
    write_export(store, work / form)
    labels, splits = labels_of(store), splits_of(store)
    moved = "train" if splits["dog/1.png"] == "test" else "test"
    edit(
        work / form,
        {
            "cat/1.png": {"label": "lion"},
            "dog/1.png": {"split": moved},
            "dog/2.png": {"label": '["cat", "dog"]'},
        },
    )

    report = import_labels(store, work / form)

    assert labels_of(store) == labels | {"cat/1.png": "lion", "dog/2.png": None}
    assert splits_of(store) == splits | {"dog/1.png": moved}
    assert (report.changed, report.splits_changed, report.annotations) == (2, 1, 3)
    query = "SELECT labels, split_source, split_locked FROM image WHERE path LIKE 'dog/%' ORDER BY path"
    assert rows(store, query)[0][1:] == ("person", 1)
    assert rows(store, query)[1][0] == '["cat", "dog"]'
    undo(store)
    assert (labels_of(store), splits_of(store)) == (labels, splits)


def test_what_changed_elsewhere_since_the_export_stays(store: Store, work: Path) -> None:
    write_export(store, work / "l.csv")
    say(store, "dog/1.png", "wolf")
    rename_class(store, "fox", "vixen")
    merge_classes(store, ["vixen"], "dog")
    split_images(store, {"train": 1.0, "val": 0.0, "test": 0.0})
    before = labels_of(store), splits_of(store)
    edit(work / "l.csv", {"cat/1.png": {"label": "lion"}})

    report = import_labels(store, work / "l.csv")

    assert report.facts["edited_rows"] == 1
    assert labels_of(store) == before[0] | {"cat/1.png": "lion"}
    assert splits_of(store) == before[1]


def test_an_edit_that_is_taken_back_says_nothing_any_more(store: Store, work: Path) -> None:
    write_export(store, work / "l.csv")
    edit(work / "l.csv", {"cat/1.png": {"label": "lion", "split": "test"}})
    import_labels(store, work / "l.csv")
    edit(work / "l.csv", {"cat/1.png": {"label": "cat", "split": ""}, "dog/1.png": {"label": "wolf"}})

    report = import_labels(store, work / "l.csv")

    found = labels_of(store)
    assert (found["cat/1.png"], found["dog/1.png"], splits_of(store)["cat/1.png"]) == ("cat", "wolf", None)
    assert (report.replaced, report.changed) == (1, 2)


def test_an_emptied_label_takes_nothing_away_and_is_told(store: Store, work: Path) -> None:
    split_images(store, {"train": 1.0, "val": 0.0, "test": 0.0})
    write_export(store, work / "l.csv")
    edit(work / "l.csv", {"cat/1.png": {"label": ""}})

    report = import_labels(store, work / "l.csv")

    assert labels_of(store)["cat/1.png"] == "cat"
    assert [issue.where for issue in report.issues if issue.code == "LP252"] == ["l.csv:2"]


def test_an_emptied_label_is_told_too_where_its_row_says_nothing_else(store: Store, work: Path) -> None:
    write_export(store, work / "l.xlsx")
    edit(work / "l.xlsx", {"cat/1.png": {"label": ""}, "dog/1.png": {"label": "wolf"}})

    report = import_labels(store, work / "l.xlsx")

    assert (labels_of(store)["cat/1.png"], report.skipped) == ("cat", {"no_label": 1})
    assert [issue.where for issue in report.issues if issue.code == "LP252"] == ["l.xlsx:labels!B2"]


def test_an_export_that_lies_among_the_images_names_them_from_the_root(work: Path) -> None:
    tree(work / "photos", ["a/1.png", "a/a/1.png"])
    scan(work / "photos", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        write_export(store, work / "photos" / "a" / "l.csv")
        edit(work / "photos" / "a" / "l.csv", {"a/1.png": {"label": "cat"}})

        import_labels(store, work / "photos" / "a" / "l.csv")

        assert labels_of(store) == {"a/1.png": "cat", "a/a/1.png": None}


def test_a_sheet_of_another_manifest_is_taken_as_any_sheet(store: Store, work: Path) -> None:
    write_export(store, work / "l.csv")
    scan(store.root, work / "other.db")
    with open_store(work / "other.db") as other:
        report = import_labels(other, work / "l.csv")

    assert (report.annotations, report.format) == (6, "table")
    assert [issue.severity for issue in report.issues if issue.code == "LP252"] == ["warning"]


def test_nothing_is_overwritten_unless_asked(store: Store, work: Path) -> None:
    (work / "l.csv").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="there is such a file already"):
        write_export(store, work / "l.csv")

    assert (work / "l.csv").read_text(encoding="utf-8") == "mine"
    assert write_export(store, work / "l.csv", overwrite=True).images == 6


def test_other_forms_are_refused(store: Store, work: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_export(store, work / "labels.docx")

    assert caught.value.fix == "name it labels.xlsx or labels.csv"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that refuses writing")
def test_a_place_that_refuses_writing_is_told(store: Store, work: Path) -> None:
    (work / "locked").mkdir(mode=0o500)

    with pytest.raises(SourceError, match="it cannot be written"):
        write_export(store, work / "locked" / "l.csv")


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_that_is_not_there_is_told(store: Store, work: Path, form: str) -> None:
    with pytest.raises(SourceError, match="the folder that it should lie in is not there"):
        write_export(store, work / "nowhere" / form)


def test_nothing_to_fill_in_is_told(store: Store, work: Path) -> None:
    with pytest.raises(SourceError, match="every image has a label"):
        write_template(store, work / "t.csv", TemplateOptions(unlabeled=True))


def test_cells_of_several_labels_and_of_what_looks_like_a_list() -> None:
    cells = [cell_of([]), cell_of(["cat"]), cell_of(["cat", "猫"]), cell_of(["[x]"])]

    assert cells == ["", "cat", '["cat", "猫"]', '["[x]"]']


def test_a_workbook_refuses_what_it_cannot_hold(work: Path) -> None:
    draw(work / "p" / "a\x01.png")
    scan(work / "p", work / "manifest.db")
    with open_store(work / "manifest.db") as store:
        with pytest.raises(UsageError, match="cannot hold the character"):
            write_template(store, work / "t.xlsx")
        assert write_template(store, work / "t.csv").images == 1
    assert sorted(path.name for path in work.iterdir() if path.is_file()) == ["manifest.db", "t.csv"]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=8
).filter(lambda name: name == name.strip() and name != "")


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a manifest of six images for many imports."""
    work = tmp_path_factory.mktemp("laws")
    for number in range(6):
        draw(work / "p" / f"{number}.png", number)
    scan(work / "p", work / "manifest.db", labels="none")
    with open_store(work / "manifest.db") as store:
        yield store


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(NAMES, max_size=2, unique=True), min_size=6, max_size=6), st.sampled_from(FORMS), NAMES
)
def test_any_classes_survive_an_export_and_an_edit(
    shared_store: Store, said: list[list[str]], form: str, other: str
) -> None:
    place = shared_store.path.parent / form
    said[0] = ["cat"]
    for number, names in enumerate(said):
        say(shared_store, f"{number}.png", *names, location=f"page {number}")
    write_export(shared_store, place, overwrite=True)
    labels = rows(shared_store, "SELECT labels FROM image ORDER BY path")

    untouched = import_labels(shared_store, place)
    edit(place, {"3.png": {"label": cell_of([other])}})
    edited = import_labels(shared_store, place)

    after = rows(shared_store, "SELECT labels FROM image ORDER BY path")
    assert (untouched.facts["edited_rows"], untouched.changed) == (0, 0)
    assert [one == two for one, two in zip(labels, after, strict=True)].count(False) <= 1
    assert edited.facts["edited_rows"] == int(said[3] != [other])
    newest = rows(shared_store, "SELECT max(number) FROM command WHERE name <> 'scan'")[0]
    assert newest > 0
    with shared_store.writing() as connection:
        connection.execute("DELETE FROM annotation")
        connection.execute("DELETE FROM statement")
        connection.execute("UPDATE image SET label = NULL, labels = '[]', label_source = NULL, conflict = 0")


def test_the_commands_write_and_say_what_is_next(store: Store, work: Path, command: Command) -> None:
    template = command("template", "my labels.xlsx")
    export = command("export", "l.csv", "--json")

    assert (template.code, template.last_line) == (
        0,
        'Next: labelprep import "my labels.xlsx", when it is filled in',
    )
    assert (export.code, export.json["images"], export.json["labelled"]) == (0, 6, 6)
    assert command("export", "l.csv").code == 2
    assert (work / "l.csv").exists()
    assert store.path.exists()
