"""Sheets that break such tools, each read alone: what is expected of it, and no crash."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.table_issues import Code
from table_files import codes, opened, read, rejected, stated

SHARED = Path(__file__).parents[1].parent / "shared"
LABELS = SHARED / "torture" / "labels"
SHEETS = SHARED / "data" / "sheets"
EGGS = SHARED / "data" / "onehot_eggs"
pytestmark = pytest.mark.skipif(not LABELS.is_dir(), reason="needs the shared data, which is not here")

HANZI = [("001.jpg", ["猫"]), ("002.jpg", ["狗"]), ("003.jpg", ["café"])]
PAIR = [("001.jpg", ["cat"]), ("002.jpg", ["dog"])]

READ = {
    "csv/utf8.csv": HANZI,
    "csv/utf8_bom.csv": HANZI,
    "csv/excel_unicode_text.txt": HANZI,
    "csv/utf16be_nobom.csv": HANZI,
    "csv/gb18030.csv": [("001.jpg", ["猫"]), ("002.jpg", ["𠮷"]), ("003.jpg", ["㐀"])],
    "csv/tab.tsv": HANZI,
    "csv/pipe.csv": HANZI,
    "csv/tab_named.csv": HANZI,
    "csv/crlf.csv": HANZI,
    "csv/no_final_newline.csv": HANZI,
    "csv/ctrl_z.csv": PAIR[:1],
    "csv/semicolon_decimal_comma.csv": PAIR,
    "csv/quote_mid.csv": [("001.jpg", ['5" disk']), ("002.jpg", ["dog"])],
    "csv/index_col_shift.csv": PAIR,
    "csv/blank_header.csv": PAIR[:1],
    "csv/no_header.csv": PAIR,
    "csv/header_chinese.csv": [("001.jpg", ["猫"])],
    "csv/comment_lines.csv": PAIR[:1],
    "csv/leading_zero_ids.csv": [("007", ["cat"]), ("0010", ["dog"]), ("1e5", ["cow"])],
    "csv/big_int_ids.csv": [("9007199254740993", ["cat"]), ("9007199254740992", ["dog"])],
    "csv/blank_rows.csv": PAIR,
    "csv/swapped_cols.csv": PAIR[:1],
    "csv/two_matches.csv": [("001.jpg", ["cat"]), ("dup", ["dog"])],
    "csv/all_missing.csv": [("x1.jpg", ["cat"]), ("x2.jpg", ["dog"])],
    "csv/nfd_names.csv": [("cafe\u0301.jpg", ["cat"])],
    "csv/header_only.csv": [],
    "xlsx/ok.xlsx": PAIR,
    "xlsx/numeric_labels.xlsx": [
        ("001.jpg", ["1"]),
        ("002.jpg", ["1"]),
        ("003.jpg", ["1"]),
        ("004.jpg", ["2.5"]),
    ],
    "xlsx/title_and_footer.xlsx": PAIR,
    "xlsx/hidden_rows.xlsx": [*PAIR, ("003.jpg", ["cow"])],
    "xlsx/used_range_1M.xlsx": PAIR[:1],
    "xlsx/old.xls": [("001.jpg", ["猫"]), ("002.jpg", ["1"])],
    "xlsx/calc_repeated.ods": HANZI[:2],
    "xlsx/merged_cells.xlsx": [("001.jpg", ["cat"]), ("004.jpg", ["dog"])],
    "xlsx/formulas_uncached.xlsx": [],
}
REFUSED = {
    "csv/mixed_encoding.csv": (SourceError, "mixed_encoding.csv:3"),
    "csv/nul_bytes.csv": (SourceError, "nul_bytes.csv:2"),
    "csv/unbalanced_quote.csv": (SourceError, "unbalanced_quote.csv:2"),
    "csv/only_newlines.csv": (SourceError, "only_newlines.csv"),
    "csv/xlsx_named.csv": (SourceError, "xlsx_named.csv"),
    "csv/html_named.xls": (SourceError, "html_named.xls"),
    "csv/big5.csv": (UsageError, "big5.csv"),
    "csv/latin1.csv": (UsageError, "latin1.csv"),
    "csv/three_label_cols.csv": (UsageError, "three_label_cols.csv"),
    "xlsx/truncated.xlsx": (SourceError, "truncated.xlsx"),
    "xlsx/password.xlsx": (SourceError, "password.xlsx"),
    "xlsx/billion_laughs.xlsx": (SourceError, "billion_laughs.xlsx"),
    "xlsx/xxe.xlsx": (SourceError, "xxe.xlsx"),
}
REJECTED = {
    "csv/ragged_short.csv": [("no_label", "ragged_short.csv:3")],
    "csv/conflict.csv": [("repeated", "conflict.csv:4")],
    "csv/onehot.csv": [("no_label", "onehot.csv:5")],
    "csv/paths_traversal.csv": [("bad_row", "paths_traversal.csv:8")],
    "csv/mangled_labels.csv": [("no_label", "mangled_labels.csv:35"), ("no_label", "mangled_labels.csv:36")],
    "xlsx/title_and_footer.xlsx": [
        ("total_row", "title_and_footer.xlsx:Sheet!8"),
        ("comment", "title_and_footer.xlsx:Sheet!9"),
    ],
    "xlsx/merged_cells.xlsx": [
        ("no_label", "merged_cells.xlsx:Sheet!B3"),
        ("no_label", "merged_cells.xlsx:Sheet!B4"),
    ],
    "xlsx/formulas_uncached.xlsx": [
        ("no_label", "formulas_uncached.xlsx:Sheet!B2"),
        ("no_file", "formulas_uncached.xlsx:Sheet!3"),
    ],
}
TOLD = {
    "csv/blank_header.csv": {Code.HEADER: 1, Code.COLUMN: 1},
    "csv/header_only.csv": {Code.NO_ROWS: 1},
    "csv/sci_ids_excel.csv": {Code.MANGLED: 1},
    "csv/mixed_case_labels.csv": {Code.SPELLINGS: 1},
    "csv/many_classes.csv": {Code.OWN_CLASS: 1},
    "xlsx/numeric_labels.xlsx": {Code.NUMBERS: 1},
    "xlsx/hidden_rows.xlsx": {Code.HIDDEN_ROWS: 1},
    "xlsx/dates_bools.xlsx": {Code.DATE: 4, Code.BOOLEAN: 1},
}


def images() -> set[str]:
    return {path.name for path in (LABELS / "img").rglob("*") if path.is_file()}


def test_every_sheet_is_read_or_refused() -> None:
    files = sorted([*(LABELS / "csv").iterdir(), *(LABELS / "xlsx").iterdir()])

    outcomes = Counter(_outcome(file) for file in files)

    assert outcomes == {"read": len(files) - len(REFUSED), "refused": len(REFUSED)}


def _outcome(file: Path) -> str:
    try:
        list(opened(file, images()).items)
    except (SourceError, UsageError):
        return "refused"
    return "read"


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is(name: str) -> None:
    items, _ = read(LABELS / name, images())

    assert stated(items) == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place(name: str) -> None:
    kind, where = REFUSED[name]

    with pytest.raises(kind) as caught:
        list(opened(LABELS / name, images()).items)

    assert caught.value.where == where
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("name", REJECTED)
def test_rows_that_say_nothing_are_counted_with_their_place(name: str) -> None:
    items, _ = read(LABELS / name, images())

    assert rejected(items) == REJECTED[name]


@pytest.mark.parametrize("name", TOLD)
def test_what_is_odd_is_told(name: str) -> None:
    _, issues = read(LABELS / name, images())

    assert codes(issues) == TOLD[name]


def test_labels_that_other_tools_mangle_stay_as_they_are() -> None:
    lines = (LABELS / "csv" / "mangled_labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    written = [line.split(",", 1)[1].strip('"') for line in lines]

    items, _ = read(LABELS / "csv" / "mangled_labels.csv", images())

    assert [names[0] for _, names in stated(items)] == [text for text in written if text.strip()]


def test_formulas_are_text() -> None:
    items, _ = read(LABELS / "csv" / "formula_cells.csv", images())

    assert [(names[0] or "")[:1] for _, names in stated(items)] == ["=", "+", "-", "@", "\t", "="]


def test_real_sheets_without_images_say_why() -> None:
    with pytest.raises(SourceError) as across:
        read(SHEETS / "transposed_with_formulas.xlsx", images())
    with pytest.raises(UsageError) as people:
        read(SHEETS / "gbk" / "训练集1.csv", images())
    scores, issues = read(SHEETS / "formulas_no_images.xlsx", images())

    assert across.value.where == "transposed_with_formulas.xlsx:Label!1"
    assert "'author_id' ('1', '2', '3'); '日发帖量'" in people.value.problem
    assert stated(scores)[:2] == [("110", ["4.889"]), ("169", ["4.831"])]
    assert len(scores) == 500
    assert codes(issues) == {Code.SHOWN: 101}


@pytest.mark.parametrize(("split", "rows"), [("train", 429), ("valid", 165), ("test", 68)])
def test_one_hot_tables_of_eggs(split: str, rows: int) -> None:
    folder = EGGS / split
    names = {path.name for path in folder.glob("*.jpg")}
    lines = (folder / "_classes.csv").read_text(encoding="utf-8").splitlines()
    classes = [name.strip() for name in lines[0].split(",")[1:]]
    counted = Counter(
        name
        for line in lines[1:]
        for name, cell in zip(classes, line.split(",")[1:], strict=True)
        if cell.strip() == "1"
    )

    items, _ = read(folder / "_classes.csv", names)

    assert len(items) == rows
    assert Counter(name for _, labels in stated(items) for name in labels) == counted
    assert not any(isinstance(item, Rejected) and item.reason != "no_label" for item in items)
