"""Tables in workbooks: what cells show, errors, formulas, merged and hidden cells, hostile archives."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING

import openpyxl  # noqa: TID253 - tests write workbooks
import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.table_issues import Code
from table_files import (
    biff2,
    codes,
    ods_cell,
    ods_table,
    ods_value,
    opendocument,
    opened,
    places,
    read,
    rejected,
    stated,
    workbook,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADER = ["file", "label"]
SHEET_PART = "xl/worksheets/sheet1.xml"


def formatted(folder: Path, cells: Sequence[tuple[object, str]]) -> Path:
    """Write a workbook with a label of each number format."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Sheet1"
    page.append(HEADER)
    for number, (value, code) in enumerate(cells, 2):
        page.append([f"{number}.jpg", value])
        page.cell(number, 2).number_format = code
    source = folder / "labels.xlsx"
    book.save(source)
    return source


def with_part(source: Path, part: str, text: str | bytes) -> Path:
    """Put another text in the place of one part of a workbook."""
    parts = {}
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, text if name == part else data)
    return source


def test_a_cell_is_placed_by_sheet_column_and_row(tmp_path: Path) -> None:
    source = workbook(tmp_path, [["title"], [], HEADER, ["a.jpg", "cat"], [], ["b.jpg", None]])

    items, issues = read(source)

    assert (stated(items), places(items)) == ([("a.jpg", ["cat"])], ["Sheet1!B4"])
    assert rejected(items) == [("no_label", "labels.xlsx:Sheet1!B6")]
    assert codes(issues) == {Code.TITLE_ROWS: 1}


def test_numbers_and_texts_are_one_label(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER, ["a.jpg", 1], ["b.jpg", 1.0], ["c.jpg", "1"], ["007.jpg", 2.5]])

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["1"]), ("b.jpg", ["1"]), ("c.jpg", ["1"]), ("007.jpg", ["2.5"])]
    assert codes(issues) == {Code.NUMBERS: 1}


def test_a_value_is_read_as_it_is_shown(tmp_path: Path) -> None:
    cells = [
        (7, "000"),
        (0.5, "0%"),
        (1234.5, "#,##0.00"),
        (7, '"ID"0000'),
        (-2, "0.0;(0.0)"),
        (7, "0"),
        (7, "@"),
    ]
    source = formatted(tmp_path, cells)

    items, issues = read(source)

    assert [names for _, names in stated(items)] == [
        ["007"], ["50%"], ["1,234.50"], ["ID0007"], ["-2.0"], ["7"], ["7"],
    ]  # fmt: skip
    assert codes(issues) == {Code.SHOWN: 5}
    assert issues[0].where == "labels.xlsx:Sheet1!B2"
    assert issues[0].problem == "'007' is shown here and '7' stored: read as shown"


def test_dates_times_and_truth_values_are_told_by_cell(tmp_path: Path) -> None:
    cells = [
        (dt.date(2024, 3, 1), "d-mmm"),
        (dt.datetime(2024, 3, 1, 12, 30, 5), "yyyy-mm-dd h:mm"),  # noqa: DTZ001 - a sheet knows no zones
        (dt.time(12, 30), "h:mm"),
        (True, "General"),
    ]
    source = formatted(tmp_path, cells)

    items, issues = read(source)

    assert [names for _, names in stated(items)] == [
        ["2024-03-01"],
        ["2024-03-01T12:30:05"],
        ["12:30:00"],
        ["TRUE"],
    ]
    assert codes(issues) == {Code.DATE: 3, Code.BOOLEAN: 1}


def test_errors_and_formulas_without_value_are_no_labels(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER, ["a.jpg", '=IF(1=1,"cat","dog")'], ["b.jpg", "x"], ["=A2", "dog"]])
    with zipfile.ZipFile(source) as archive:
        xml = archive.read(SHEET_PART).decode()
    error = xml.replace('<c r="B3" t="inlineStr"><is><t>x</t></is></c>', '<c r="B3" t="e"><v>#N/A</v></c>')
    error = error.replace('<c r="B3" t="s"><v>4</v></c>', '<c r="B3" t="e"><v>#N/A</v></c>')
    with_part(source, SHEET_PART, error)

    items, _ = read(source)

    assert rejected(items) == [
        ("no_label", "labels.xlsx:Sheet1!B2"),
        ("no_label", "labels.xlsx:Sheet1!B3"),
        ("no_file", "labels.xlsx:Sheet1!4"),
    ]
    assert [str(item.issue.code) for item in items if isinstance(item, Rejected)] == [
        Code.FORMULA,
        Code.ERROR_CELL,
        Code.FORMULA,
    ]


def test_merged_labels_are_filled_only_when_asked(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Sheet1"
    for row in (HEADER, ["a.jpg", "cat"], ["b.jpg"], ["c.jpg"], ["007.jpg", "dog"]):
        page.append(row)
    page.merge_cells("B2:B4")
    source = tmp_path / "labels.xlsx"
    book.save(source)

    plain, _ = read(source)
    filled, issues = read(source, fill_merged=True)

    assert rejected(plain) == [("no_label", "labels.xlsx:Sheet1!B3"), ("no_label", "labels.xlsx:Sheet1!B4")]
    assert stated(filled) == [
        ("a.jpg", ["cat"]),
        ("b.jpg", ["cat"]),
        ("c.jpg", ["cat"]),
        ("007.jpg", ["dog"]),
    ]
    assert codes(issues) == {Code.MERGED: 2}


def test_hidden_rows_are_read_and_counted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (HEADER, ["a.jpg", "cat"], ["b.jpg", "dog"]):
        page.append(row)
    page.row_dimensions[3].hidden = True
    source = tmp_path / "labels.xlsx"
    book.save(source)

    reading = opened(source)
    items = list(reading.items)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]
    assert reading.facts["hidden_rows"] == 1
    assert codes(reading.issues) == {Code.HIDDEN_ROWS: 1}


def test_the_sheet_with_images_is_found_or_asked_for(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Notes"
    first.append(["written by", "Li"])
    for name, label in (("Train", "cat"), ("Test", "dog"), ("Old", "cow")):
        page = book.create_sheet(name)
        page.append(HEADER)
        page.append(["a.jpg", label])
    book["Old"].sheet_state = "hidden"
    both = tmp_path / "both.xlsx"
    book.save(both)
    del book["Test"]
    one = tmp_path / "one.xlsx"
    book.save(one)

    with pytest.raises(UsageError) as several:
        read(both)
    with pytest.raises(UsageError) as unknown:
        read(both, sheet="Dev")
    found, issues = read(one)

    assert several.value.fix == 'choose one with --sheet "Train"'
    assert unknown.value.fix.startswith("its sheets are 'Notes', 'Train', 'Test', 'Old'")
    assert stated(found) == [("a.jpg", ["cat"])]
    assert codes(issues) == {Code.HIDDEN_SHEETS: 1}
    assert stated(read(both, sheet="test")[0]) == [("a.jpg", ["dog"])]
    assert stated(read(both, sheet="4")[0]) == [("a.jpg", ["cow"])]


def test_a_stray_cell_in_the_last_row_costs_nothing(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER, ["a.jpg", "cat"]])
    with zipfile.ZipFile(source) as archive:
        xml = archive.read(SHEET_PART).decode()
    stray = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row></sheetData>'
    with_part(source, SHEET_PART, xml.replace("</sheetData>", stray))

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ["cat"])]


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>',
        '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>',
        "<worksheet><sheetData><row>",
        '<worksheet><sheetData><row r="2"/><row r="1"/></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>99</v></c></row></sheetData></worksheet>',
        '<worksheet><sheetData><row r="1"><c r="ZZZZ1"><v>9</v></c></row></sheetData></worksheet>',
        "<worksheet/>",
        "<worksheet>" + " " * (65 << 20) + "</worksheet>",
    ],
)
def test_hostile_sheets_are_refused_in_a_sentence(tmp_path: Path, xml: str) -> None:
    source = with_part(workbook(tmp_path, [HEADER]), SHEET_PART, xml)

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.where.startswith("labels.xlsx")
    assert "root:" not in str(caught.value)


def test_archives_that_are_no_workbooks_are_refused(tmp_path: Path) -> None:
    empty, cut, other = (tmp_path / name for name in ("empty.xlsx", "cut.xlsx", "other.xlsx"))
    with zipfile.ZipFile(empty, "w"), zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    cut.write_bytes(workbook(tmp_path, [HEADER, ["a.jpg", "cat"]]).read_bytes()[:-900])

    problems = []
    for source in (empty, cut, other):
        with pytest.raises(SourceError) as caught:
            read(source)
        problems.append(caught.value.problem)

    assert len(set(problems)) == 3


@pytest.mark.parametrize("encoding", ["UUTF-8", "gbk", "\u732b"])
def test_xml_in_an_encoding_that_no_program_writes_is_damaged(tmp_path: Path, encoding: str) -> None:
    source = opendocument(tmp_path, ods_table([HEADER, ["a.jpg", "cat"]]))
    with zipfile.ZipFile(source) as archive:
        xml = archive.read("content.xml").decode()
    with_part(source, "content.xml", xml.replace("UTF-8", encoding, 1))

    with pytest.raises(SourceError, match="the workbook is damaged or cut off"):
        read(source)


def test_a_workbook_in_a_container_of_old_office_is_protected(tmp_path: Path) -> None:
    source = tmp_path / "labels.xlsx"
    source.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    )

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.problem == "the workbook is protected by a password"


def test_old_excel(tmp_path: Path) -> None:
    pytest.importorskip("xlrd")
    source = biff2(tmp_path, [["file", "label"], ["a.jpg", "cat"], ["b.jpg", 1.0]])

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["1"])]
    assert places(items) == ["Sheet 1!B2", "Sheet 1!B3"]


def test_an_opendocument_sheet_with_all_its_columns_repeated(tmp_path: Path) -> None:
    rows = ods_table([HEADER, ["a.jpg", "猫"], ["b.jpg", "two  words"]]).removesuffix("</table:table>")
    tail = (
        '<table:table-row table:number-rows-repeated="1048573">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )

    items, _ = read(opendocument(tmp_path, rows + tail))

    assert stated(items) == [("a.jpg", ["猫"]), ("b.jpg", ["two  words"])]
    assert places(items) == ["Sheet1!B2", "Sheet1!B3"]


def test_what_opendocument_cells_hold(tmp_path: Path) -> None:
    cells = [
        ods_value('office:value-type="float" office:value="7"', "007"),
        ods_value('office:value-type="float" office:value="1"', "1"),
        ods_value('office:value-type="date" office:date-value="2024-03-01"', "1.3."),
        ods_value('office:value-type="boolean" office:boolean-value="true"', "WAHR"),
        ods_value('office:value-type="string" table:formula="of:=NA()"', "#N/A"),
        '<table:table-cell table:formula="of:=1"/>',
        ods_cell("cat").replace(
            "<text:p>", "<office:annotation><text:p>hint</text:p></office:annotation><text:p>"
        ),
    ]
    lines = "".join(
        f"<table:table-row>{ods_cell(f'{number}.jpg')}{cell}</table:table-row>"
        for number, cell in enumerate(cells)
    )
    table = ods_table([HEADER]).replace("</table:table>", f"{lines}</table:table>")

    items, issues = read(opendocument(tmp_path, table))

    assert [names for _, names in stated(items)] == [["007"], ["1"], ["2024-03-01"], ["TRUE"], ["cat"]]
    assert rejected(items) == [("no_label", "labels.ods:Sheet1!B6"), ("no_label", "labels.ods:Sheet1!B7")]
    assert codes(issues) == {Code.SHOWN: 1, Code.DATE: 1, Code.BOOLEAN: 1}


def test_merged_and_hidden_in_opendocument(tmp_path: Path) -> None:
    lines = (
        f"<table:table-row>{ods_cell('a.jpg')}"
        '<table:table-cell table:number-rows-spanned="2" office:value-type="string"><text:p>cat</text:p>'
        f"</table:table-cell></table:table-row><table:table-row table:visibility='filter'>{ods_cell('b.jpg')}"
        "<table:covered-table-cell/></table:table-row>"
    )
    table = ods_table([HEADER]).replace("</table:table>", f"{lines}</table:table>")
    hidden = ods_table([["x"]], name="Old").replace("<table:table ", '<table:table table:style-name="h" ')
    style = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    source = opendocument(tmp_path, table + hidden, styles=style)

    items, issues = read(source, fill_merged=True)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["cat"])]
    assert codes(issues) == {Code.MERGED: 1, Code.HIDDEN_ROWS: 1, Code.HIDDEN_SHEETS: 1}


def test_a_workbook_is_known_by_its_bytes(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER, ["a.jpg", "cat"]])
    renamed = source.rename(tmp_path / "labels.xls")

    assert stated(read(renamed)[0]) == [("a.jpg", ["cat"])]


def test_texts_that_xml_cannot_hold_are_put_back(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER, ["a.jpg", "one_x000D_two_x005F_"]])

    assert stated(read(source)[0]) == [("a.jpg", ["one\rtwo_"])]


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    source = workbook(tmp_path, [HEADER])
    data = io.BytesIO(source.read_bytes()).getvalue()
    locked = bytearray(data)
    place = locked.rindex(b"PK\x01\x02")
    locked[place + 8] |= 1
    source.write_bytes(bytes(locked))

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.problem == "the workbook is protected by a password"
