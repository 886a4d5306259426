"""The pieces below tables: places, number formats, merged ranges, column names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.grids import MAX_COLUMNS, Aside, CellNote, Place, Row, column_of, is_blank, letters
from labelprep.formats.headers import is_known_header, label_strength, names_file, names_id, role_of
from labelprep.formats.merging import Merge, with_merges
from labelprep.formats.number_formats import compiled, date_text, plain_number, rendered


@given(st.integers(0, MAX_COLUMNS - 1))
def test_columns_have_letters(column: int) -> None:
    assert column_of(letters(column)) == column


def test_places_are_written_by_kind_of_source() -> None:
    sheet, text = Place("labels.xlsx", "Sheet1"), Place("labels.csv")

    assert (sheet.cell(17, 1), sheet.row(17), sheet.full(sheet.cell(2, 26))) == (
        "Sheet1!B17",
        "Sheet1!17",
        "labels.xlsx:Sheet1!AA2",
    )
    assert (text.cell(17, 1), text.full(text.row(3))) == ("17", "labels.csv:3")


@pytest.mark.parametrize("name", ["", "a", "A1", "XFE", "ÀB"])
def test_what_names_no_column(name: str) -> None:
    assert column_of(name) is None


def test_blank_rows() -> None:
    assert is_blank(["", " ", "\u3000", "\x1a"])
    assert not is_blank(["", "0"])


@pytest.mark.parametrize(
    ("stored", "plain"),
    [("1", "1"), ("1.0", "1"), ("-2.50", "-2.5"), ("1E2", "100"), ("0.1", "0.1"), ("9007199254740993",) * 2],
)
def test_stored_numbers_in_plain(stored: str, plain: str) -> None:
    assert plain_number(stored) == plain


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("000", "7", "007"),
        ("0.00", "1", "1.00"),
        ("0.00", "2.345", "2.35"),
        ("0", "2.5", "3"),
        ("0.##", "2.5", "2.5"),
        ("#,##0", "1234567", "1,234,567"),
        ("0.0%", "0.125", "12.5%"),
        ('"A-"000', "7", "A-007"),
        (r"\#00", "7", "#07"),
        ('0.0_);[Red]("-"0.0)', "-1", "-1.0"),
        ("0.00E+00", "12", None),
        ("# ?/?", "0.5", None),
        ("[>5]0.0;0", "7", None),
        ("General", "7", None),
        ("@", "7", None),
    ],
)
def test_numbers_as_their_format_shows_them(code: str, number: str, shown: str | None) -> None:
    assert rendered(number, compiled(code)) == shown


@pytest.mark.parametrize(
    "code", ["yyyy-mm-dd", "d/m/yy", "[h]:mm", "h:mm AM/PM", 'yyyy"年"m"月"', "[$-409]mmm"]
)
def test_formats_of_dates(code: str) -> None:
    assert compiled(code).kind == "date"


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        (1, "1900-01-01"),
        (59, "1900-02-28"),
        (61, "1900-03-01"),
        (45353, "2024-03-02"),
        (45353.5, "2024-03-02T12:00:00"),
        (0.25, "06:00:00"),
        (-1, None),
        (3e6, None),
    ],
)
def test_dates_of_serial_numbers(serial: float, text: str | None) -> None:
    assert date_text(serial) == text


def test_dates_since_1904() -> None:
    assert date_text(0, since_1904=True) == "1904-01-01"


def test_merged_ranges_tell_of_their_blank_cells() -> None:
    rows = [Row(1, ["a", "x"]), Row(2, ["b"]), Row(3, ["c", "y"])]
    merges = [Merge(1, 1, 2, 1)]

    told = list(with_merges(rows, merges, fill=False))
    filled = list(with_merges(rows, merges, fill=True))

    assert [row.cells for row in told] == [["a", "x"], ["b", ""], ["c", "y"]]
    assert told[1].notes == {1: CellNote(Aside.MERGED, "B1:B2")}
    assert [row.cells for row in filled] == [["a", "x"], ["b", "x"], ["c", "y"]]


def test_words_that_name_no_file() -> None:
    assert not any(names_file(word) for word in ("label", "profile", "description", "名称", "class name", ""))


def test_words_of_columns() -> None:
    assert names_file("Image File Name")
    assert names_id("图片编号")
    assert [label_strength(word) for word in ("类别", "main label", "tags", "label_id", "species")] == [
        3,
        2,
        1,
        0,
        0,
    ]
    assert [role_of(word) for word in ("Split", "划分", "patient_id", "权重", "SHA-256", "x")] == [
        "split",
        "split",
        "group",
        "weight",
        "sha256",
        None,
    ]
    assert not is_known_header("001.jpg")
