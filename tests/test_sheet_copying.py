"""`export --copy-of`: a person's own sheet with what became of each row; read again it says what it said."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl  # noqa: TID253 - tests write workbooks
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl import styles  # noqa: TID253 - the same

from labelprep.errors import LabelprepError, UsageError
from labelprep.formats.added_columns import HEADS, Added
from labelprep.formats.base import Rejected
from labelprep.formats.table_copies import copy_table, ending_of_copy, start_of
from labelprep.formats.tables import Tables
from labelprep.manifest.store import open_store
from labelprep.workflows.import_report import ImportOptions
from labelprep.workflows.importing import import_labels
from labelprep.workflows.sheet_copying import copy_sheet
from pictures import draw, tree
from running import scan
from table_files import biff2, context, text_file, workbook
from test_tables_torture import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.formats.base import Item
    from labelprep.manifest.store import Store
    from running import Command, Place

ROWS = [
    ["photo", "class"],
    ["cat/1.png", "cat"],
    ["cat/2.png", "dog"],
    ["cat/2.png", "cat"],
    ["cat/kittn.png", "cat"],
    ["dog/1.png", ""],
    ["total", ""],
]
CONFLICT = "conflict: dog in labels.csv:3, cat in labels.csv:4"
COPIED = [
    ["matched", "cat/1.png", "", "cat"],
    [CONFLICT, "cat/2.png", "", ""],
    [CONFLICT, "cat/2.png", "", ""],
    ["unmatched: no image has this name", "", "cat/kitten.png", ""],
    ["skipped: the label is blank ('dog/1.png')", "dog/1.png", "", "dog"],
    ["skipped: the row sums up others: 'total'", "", "", ""],
]
IMAGES = ("a.jpg", "b.jpg", "c.jpg")
NUMBER = re.compile(r"\d+\Z")


@pytest.fixture
def kitten(animals: Place) -> Place:
    """Return the animals with one more, whose name can be written wrongly."""
    draw(animals.root / "cat" / "kitten.png", 40)
    scan(animals.root, animals.manifest)
    return animals


def as_csv(rows: Sequence[Sequence[str]], end: str = "\n") -> str:
    """Return rows as plain CSV."""
    return "".join(",".join(row) + end for row in rows)


def cells(place: Path, sheet: str = "Sheet1") -> list[list[Any]]:
    """Return the cells of a sheet, blank ones as None."""
    return [list(row) for row in openpyxl.load_workbook(place)[sheet].iter_rows(values_only=True)]


def test_each_row_gets_its_status_image_suggestion_and_label(kitten: Place, store: Store) -> None:
    source = text_file(kitten.root.parent, as_csv(ROWS))
    import_labels(store, source)

    report = copy_sheet(store, source, source.with_name("checked.csv"))

    lines = source.with_name("checked.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "photo,class," + ",".join(HEADS)
    assert [line.split(",", 2)[2].replace('"', "") for line in lines[1:]] == [",".join(row) for row in COPIED]
    assert report.statuses == {"matched": 1, "unmatched": 1, "skipped": 2, "conflict": 2}
    assert (report.rows, report.suggestions, report.notes) == (6, 1, ())


def test_a_slip_is_told_with_the_class_that_is_meant(store: Store, work: Path) -> None:
    names = [f"cat/{number}.png" for number in (1, 2, 3)] + ["dog/1.png", "dog/2.png"]
    text = "".join(f"{name},house\n" for name in names) + "fox/1.png,huose\n"
    source = text_file(work, "file,label\n" + text)
    import_labels(store, source)

    copy_sheet(store, source, work / "checked.csv")

    last = (work / "checked.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == "fox/1.png,huose,matched,fox/1.png,huose → house,huose"


def test_a_row_that_gives_way_to_an_exact_name_is_unmatched(store: Store, work: Path) -> None:
    source = text_file(work, "file,label\ncat/1.png,cat\ncat/1.jpg,dog\n")
    import_labels(store, source)

    report = copy_sheet(store, source, work / "checked.csv")

    assert report.statuses == {"matched": 1, "unmatched": 1}
    last = (work / "checked.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith('cat/1.jpg,dog,"unmatched: no image has this name; it looks like cat/1.png')


def test_a_workbook_keeps_all_but_the_added_cells(store: Store, work: Path) -> None:
    source = workbook(work, [["our cats"], ["photo", "class", "sum"], ["cat/1.png", "cat", "=1+1"]])
    book = openpyxl.load_workbook(source)
    page = book["Sheet1"]
    page["A2"].font = styles.Font(bold=True)
    page["C2"].font = styles.Font(italic=True)
    page["E3"].fill = styles.PatternFill("solid", fgColor="ffcc00")
    page.column_dimensions["A"].width = 31
    page.freeze_panes = "A3"
    book.create_sheet("more").append(["=A1", 7])
    book.save(source)
    import_labels(store, source)
    before = source.read_bytes()

    copy_sheet(store, source, work / "checked.xlsx")

    copy = openpyxl.load_workbook(work / "checked.xlsx")
    page = copy["Sheet1"]
    assert cells(work / "checked.xlsx") == [
        ["our cats", *[None] * 6],
        ["photo", "class", "sum", *HEADS],
        ["cat/1.png", "cat", "=1+1", "matched", "cat/1.png", None, "cat"],
    ]
    assert (page["A2"].font.bold, page["D2"].font.italic, page["E3"].fill.fgColor.rgb) == (
        True, True, "00ffcc00",
    )  # fmt: skip
    assert (page.column_dimensions["A"].width, page.freeze_panes) == (31, "A3")
    assert cells(work / "checked.xlsx", "more") == [["=A1", 7]]
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(work / "checked.xlsx") as new:
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
        assert (old.namelist(), changed) == (new.namelist(), ["xl/worksheets/sheet1.xml"])
    assert source.read_bytes() == before


def test_a_formula_keeps_the_value_that_it_was_saved_with(store: Store, work: Path) -> None:
    source = workbook(work, [["photo", "class"], ["cat/1.png", "=B9"]])
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'<c r="B2"><f>B9</f><v />', b'<c r="B2" t="str"><f>B9</f><v>cat</v>')
    with zipfile.ZipFile(source, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    import_labels(store, source)

    copy_sheet(store, source, work / "checked.xlsx")

    assert import_labels(store, work / "checked.xlsx").matched == 1


def test_an_old_workbook_becomes_one_of_values_and_says_so(store: Store, work: Path) -> None:
    source = biff2(work, [["photo", "class"], ["cat/1.png", "cat"], ["cat/kittn.png", 7.0]])
    import_labels(store, source)

    report = copy_sheet(store, source, work / "checked.xlsx")

    assert cells(work / "checked.xlsx", openpyxl.load_workbook(work / "checked.xlsx").sheetnames[0])[:2] == [
        ["photo", "class", *HEADS],
        ["cat/1.png", "cat", "matched", "cat/1.png", None, "cat"],
    ]
    assert report.notes == (
        "it is a workbook of values as they are shown; styles and formulas stay in labels.xls",
    )


def test_encoding_line_ends_and_quotes_stay(kitten: Place, store: Store) -> None:
    text = 'photo;class;备注\r\ncat/1.png;"cat"; 很可爱的\r\n\r\ncat/kittn.png;"c""t";'
    source = text_file(kitten.root.parent, text, encoding="gb18030")
    import_labels(store, source)

    copy_sheet(store, source, source.with_name("checked.csv"))

    copied = (source.with_name("checked.csv")).read_bytes().decode("gb18030")
    assert copied == (
        f"photo;class;备注;{';'.join(HEADS)}\r\n"
        'cat/1.png;"cat"; 很可爱的;matched;cat/1.png;;cat\r\n\r\n'
        'cat/kittn.png;"c""t";;unmatched: no image has this name;;cat/kitten.png;'
    )


def test_what_an_encoding_lacks_makes_the_copy_utf8(store: Store, work: Path) -> None:
    paths = ("cat/1.png", "cat/2.png", "cat/3.png", "dog/1.png", "dog/2.png")
    names = "".join(f"{name},h\xf6use\n" for name in paths)
    source = text_file(work, f"file,label\n{names}fox/1.png,h\xf6us\n", encoding="cp1252")
    import_labels(store, source, ImportOptions(encoding="cp1252"))

    report = copy_sheet(store, source, work / "checked.csv")

    assert report.notes == ("it is written as UTF-8, since cp1252 has not all characters of the added cells",)
    assert (work / "checked.csv").read_text(encoding="utf-8-sig").endswith("h\xf6us → h\xf6use,h\xf6us\n")


def test_added_cells_are_guarded_against_being_run(work: Path) -> None:
    tree(work / "images", ["=1+1.png"])
    scan(work / "images", work / "manifest.db")
    source = text_file(work, "file,label\n'=1+1.png,'@SUM(A1)\n")
    with open_store(work / "manifest.db") as store:
        import_labels(store, source)

        copy_sheet(store, source, work / "checked.csv")

    last = (work / "checked.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == "'=1+1.png,'@SUM(A1),matched,'=1+1.png,,'@SUM(A1)"


def test_a_copy_of_a_copy_is_the_same(store: Store, work: Path) -> None:
    for name in ("labels.csv", "labels.xlsx"):
        source = text_file(work, as_csv(ROWS)) if name.endswith(".csv") else workbook(work, ROWS)
        once, twice = source.with_stem("once"), source.with_stem("twice")
        copy_sheet(store, source, once)

        copy_sheet(store, once, twice)

        assert once.read_bytes() == twice.read_bytes() or cells(once) == cells(twice)
        assert sum(HEADS[0] in str(row) for row in Tables().read(twice, context()).facts["columns"]) == 0


def test_the_command_says_what_became_of_the_rows(kitten: Place, command: Command) -> None:
    source = text_file(kitten.root.parent, as_csv(ROWS))
    command("import", source)

    ran = command("export", "checked.csv", "--copy-of", "labels.csv")
    document = command("export", "checked.csv", "--copy-of", "labels.csv", "--overwrite", "--json").json

    assert ran.code == 0
    assert ran.out.splitlines()[1:6] == [
        "  1 matched", "  1 unmatched", "  2 skipped", "  2 conflict", "  suggestions: 1 row",
    ]  # fmt: skip
    assert ran.last_line == (
        "Next: correct labels.csv where the copy says so, then: labelprep import labels.csv"
    )
    assert (document["rows"], document["copy_of"], document["written"]) == (6, "labels.csv", "checked.csv")


def test_a_sheet_that_was_not_imported_can_be_copied(animals: Place, command: Command) -> None:
    text_file(animals.root.parent, "file,label\ncat/1.png,lion\n", "new.csv")

    ran = command("export", "checked.csv", "--copy-of", "new.csv")

    assert "note: new.csv was not imported: its own labels do not count yet" in ran.out
    last = (animals.root.parent / "checked.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == "cat/1.png,lion,matched,cat/1.png,,cat"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("labels.csv", "--overwrite"), "labels came from this file, so it is not written over"),
        (("checked.xlsx",), "the copy of labels.csv is a file that ends in .csv"),
        (("taken.csv",), "it exists already"),
        (("checked.csv", "--to", "coco"), "a copy is the whole sheet"),
    ],
)
def test_a_wrong_target_changes_nothing(
    animals: Place, command: Command, arguments: tuple[str, ...], problem: str
) -> None:
    folder = animals.root.parent
    source = text_file(folder, as_csv(ROWS))
    text_file(folder, "mine", "taken.csv")
    before = sorted(path.name for path in folder.iterdir())

    ran = command("export", *arguments, "--copy-of", "labels.csv")

    assert (ran.code, problem in ran.err) == (2, True)
    assert source.read_text(encoding="utf-8") == as_csv(ROWS)
    assert sorted(path.name for path in folder.iterdir() if "manifest" not in path.name) == [
        name for name in before if "manifest" not in name
    ]


def said(items: Sequence[Item]) -> list[object]:
    """Return what the rows of a table say, with their places."""
    return [
        (item.reason, NUMBER.findall(item.issue.where))
        if isinstance(item, Rejected)
        else (item.image, [one.label for one in item.annotations], item.split, item.group, item.locator)
        for item in items
    ]


def copied(source: Path, folder: Path, **options: Any) -> tuple[list[object], list[object]]:  # noqa: ANN401 - as the command line
    """Return what a table says, and what its copy with cells of all kinds says."""
    knows = context(IMAGES, **options)
    reading = Tables().read(source, knows)
    items = list(reading.items)
    places = [item.issue.where if isinstance(item, Rejected) else item.locator for item in items]
    words = ("matched", "unmatched: a, b; c", 'skipped: it, "is" so', "conflict: x")
    rows = {
        int(NUMBER.findall(place)[0]): (words[number % 4], "a.jpg", "b.jpg; c.jpg", "cat")
        for number, place in enumerate(places)
    }
    facts = reading.facts
    target = folder / f"copy{ending_of_copy(source)}"
    added = Added(facts.get("sheet"), facts.get("header_line"), start_of(source, facts), rows)
    copy_table(source, target, knows, added)
    if facts.get("sheet"):
        options["sheet"] = facts["sheet"]
    return said(items), said(list(Tables().read(target, context(IMAGES, **options)).items))


TABLES = {
    "header": "file,label\na.jpg,cat\nb.jpg,dog\nb.jpg,dog\n",
    "no_header": "a.jpg,cat\nb.jpg,dog\nc.jpg,cat\n",
    "too_long": "file,label\na.jpg,cat\nb.jpg,big,red\nc.jpg,cat,\n",
    "too_short": "file,label,split\na.jpg,cat,train\nb.jpg\nc.jpg,dog\n",
    "title": "our cats\n\nfile\tlabel\na.jpg\tcat\nb.jpg\tdog\n",
    "spaces": "file     label\na.jpg    cat\nb.jpg    big dog\n",
    "one_hot": "file,cat,dog\na.jpg,1,0\nb.jpg,1,1\nc.jpg,0,0\n",
    "commas_and_spaces": 'file, label\na.jpg, "big, red"\nb.jpg, dog\n',
    "several_lines": 'file,label\na.jpg,"a\ncat"\nb.jpg,dog\n',
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_a_copy_read_again_says_what_the_table_said(work: Path, text: str) -> None:
    source = text_file(work, text)

    before, after = copied(source, work)

    assert before
    assert after == before


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
def test_a_copy_keeps_its_encoding_and_mark(work: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    source = text_file(work, f"{mark}file,label\na.jpg,猫咪小狗\n", encoding=encoding)

    before, after = copied(source, work)

    assert before == after == [("a.jpg", ["猫咪小狗"], None, None, "2")]
    copy, length = (work / "copy.csv").read_bytes(), len(f"{mark}file,label".encode(encoding))
    assert copy[:length] == source.read_bytes()[:length]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from(["a.jpg", "b.jpg", "cat", "", "matched", "x,y", "1"]), max_size=5),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["labels.csv", "labels.xlsx"]),
)
def test_any_table_is_copied_without_a_change_of_what_it_says(
    tmp_path: Path, rows: list[list[str]], name: str
) -> None:
    # Cells beyond the header stand where those of a copy do.
    assume(not any(any(row[2:]) for row in rows))
    text = io.StringIO()
    csv.writer(text).writerows([["file", "label"], ["c.jpg", "dog"], *rows])
    table = list(csv.reader(io.StringIO(text.getvalue())))
    source = text_file(tmp_path, text.getvalue()) if name.endswith("csv") else workbook(tmp_path, table)

    try:
        before, after = copied(source, tmp_path)
    except UsageError as error:
        # Too few rows have two cells: it reads as no table, before it comes to a copy.
        assert error.where == name  # noqa: PT017 - which of the two it was
        return

    assert list(map(without_reason, after)) == list(map(without_reason, before))


def without_reason(row: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a row that was taken or not
    """Return a row as it was read; cells beyond the header make a row bad, and a copy has none there."""
    return ("not taken", *row[1:]) if row[0] in {"repeated", "bad_row"} else row


@pytest.mark.skipif(not LABELS.is_dir(), reason="needs the shared data, which is not here")
def test_copies_of_sheets_that_break_tools_say_the_same(tmp_path: Path) -> None:
    compared = 0
    for source in sorted([*LABELS.glob("csv/*"), *LABELS.glob("xlsx/*")]):
        try:
            before, after = copied(source, tmp_path)
        except LabelprepError:
            continue
        assert (source.name, after) == (source.name, before)
        compared += 1

    assert compared > 30
