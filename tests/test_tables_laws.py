"""What holds for every table: what was written is read, rows add up, and broken files are refused by name."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.cells import listed, neutralised, restored
from labelprep.formats.dialects import text_grid
from table_files import context, ods_table, opendocument, opened, read, stated, text_file, workbook

# Characters that XML and text files can hold; line ends and the rest are tested by themselves.
CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufeff\ufffe\uffff\u2028\u2029\x85"
)
CELLS = st.text(CHARACTERS | st.just("\n"), min_size=1, max_size=12)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12)
DELIMITERS = (",", "\t", ";", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")


def means_itself(text: str) -> bool:
    """Say whether a cell is one class: no list, no guard, not blank, nothing Excel escapes."""
    return (
        bool(text.strip(" \t\u3000\xa0").strip())
        and listed(text) is None
        and restored(text) == text
        and "_x" not in text
    )


def expected(rows: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Return what the rows say; equal rows and rows without a label say nothing."""
    named = [(f"{number}.jpg", first, second) for number, (first, second) in enumerate(rows)]
    return [(image, list(dict.fromkeys((first, second)))) for image, first, second in named]


def check(source: Path, rows: list[tuple[str, str]], encoding: str = "auto") -> None:
    items, _ = read(source, label_columns=["label 1", "label 2"], encoding=encoding)
    assert stated(items) == expected(rows)


def table(rows: list[tuple[str, str]]) -> list[list[str]]:
    body = [[f"{number}.jpg", first, second] for number, (first, second) in enumerate(rows)]
    return [["file", "label 1", "label 2"], *body]


@given(
    rows=TABLES,
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(ENCODINGS),
    ending=st.sampled_from((("\n", True), ("\n", False), ("\r\n", True), ("\r\n", False))),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
)
def test_any_text_table_is_read_as_written(
    rows: list[tuple[str, str]], delimiter: str, encoding: str, ending: tuple[str, bool], quoting: int
) -> None:
    assume(all(means_itself(cell) for row in rows for cell in row))
    assume(not all(cell.startswith(" ") for row in rows for cell in row))
    end, final = ending
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(table(rows))  # type: ignore[arg-type]
    text = file.getvalue() if final else file.getvalue().removesuffix(end)

    with tempfile.TemporaryDirectory() as folder:
        source = text_file(Path(folder), text, encoding=encoding)

        # Without a mark, á alone is also a hanzi in GBK: that is asked, as other tests show.
        check(source, rows, encoding="utf-8" if encoding == "utf-8" else "auto")


@given(
    rows=st.lists(
        st.tuples(st.text("猫狗鸟鱼花草车船", min_size=1), st.text("红黄蓝绿", min_size=1)), min_size=1
    )
)
def test_any_table_in_gb18030_is_read_as_written(rows: list[tuple[str, str]]) -> None:
    head = [["文件名", "标签一", "标签二"]]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(head + table(rows)[1:])

    with tempfile.TemporaryDirectory() as folder:
        source = text_file(Path(folder), file.getvalue(), encoding="gb18030")
        items, _ = read(source, label_columns=["标签一", "标签二"])

        assert stated(items) == expected(rows)


@given(rows=TABLES)
def test_any_workbook_is_read_as_written(rows: list[tuple[str, str]]) -> None:
    # openpyxl writes what begins with = as a formula, and the names of errors as errors.
    assume(all(means_itself(cell) and cell[0] not in "=#" for row in rows for cell in row))

    with tempfile.TemporaryDirectory() as folder:
        check(workbook(Path(folder), table(rows)), rows)


@given(rows=TABLES)
def test_any_opendocument_sheet_is_read_as_written(rows: list[tuple[str, str]]) -> None:
    assume(all(means_itself(cell) for row in rows for cell in row))

    with tempfile.TemporaryDirectory() as folder:
        check(opendocument(Path(folder), ods_table(table(rows))), rows)


@given(rows=TABLES, ascii_only=st.booleans())
def test_any_json_lines_are_read_as_written(rows: list[tuple[str, str]], *, ascii_only: bool) -> None:
    assume(all(means_itself(cell) for row in rows for cell in row))
    head, *body = table(rows)
    lines = [json.dumps(dict(zip(head, row, strict=True)), ensure_ascii=ascii_only) for row in body]

    with tempfile.TemporaryDirectory() as folder:
        check(text_file(Path(folder), "\n".join(lines), name="labels.jsonl"), rows, encoding="utf-8")


@given(rows=TABLES)
def test_any_parquet_file_is_read_as_written(rows: list[tuple[str, str]]) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    assume(all(means_itself(cell) for row in rows for cell in row))
    head, *body = table(rows)
    columns = dict(zip(head, map(list, zip(*body, strict=True)), strict=True))

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "labels.parquet"
        parquet.write_table(arrow.table(columns), source)

        check(source, rows)


@given(text=st.text(max_size=8))
def test_a_guarded_cell_is_restored(text: str) -> None:
    assert restored(neutralised(text)) == text
    assert not neutralised(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(("a.jpg", "", " ", "Total", "# x", "b")), st.sampled_from(("", "cat", "[]"))
        ),
        max_size=20,
    )
)
def test_each_row_that_is_not_blank_is_one_item(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("file", "label"), *rows])
    filled = sum(bool("".join(row).strip()) for row in rows)

    with tempfile.TemporaryDirectory() as folder:
        items, _ = read(text_file(Path(folder), file.getvalue()))

    assert len(items) == filled


NOTES = st.lists(
    st.sampled_from(("\n", ",", '"', "0.jpg", "1.jpg", "dog", " ", "\r\n", ";")), max_size=8
).map("".join)
SIMPLE = st.lists(st.tuples(st.sampled_from("猫狗鸟"), st.sampled_from("红黄")), min_size=2, max_size=6)


@given(
    notes=st.lists(NOTES, min_size=2, max_size=6), quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
)
def test_what_a_writer_has_quoted_is_read_whatever_it_holds(notes: list[str], quoting: int) -> None:
    # Read without its quote, a note whose first line has a comma would make a whole row.
    assume(not any("," in note.splitlines()[0] for note in notes if note))
    rows = [["file", "note", "label"], *([f"{at}.jpg", note, "猫"] for at, note in enumerate(notes))]
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting).writerows(rows)  # type: ignore[arg-type]

    with tempfile.TemporaryDirectory() as folder:
        grid = text_grid(text_file(Path(folder), file.getvalue()), context())

        assert [row.cells for row in grid.rows()] == rows


@given(rows=SIMPLE, data=st.data())
def test_a_quote_that_is_not_closed_is_never_taken_for_a_cell(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    lines = [[f"{at}.jpg", *row] for at, row in enumerate(rows)]
    opens = data.draw(st.integers(0, len(lines) - 2))
    closes = data.draw(st.integers(opens + 1, len(lines) - 1))
    column = data.draw(st.integers(0, 2))
    lines[opens][column] = f'"{lines[opens][column]}'
    lines[closes][2] += data.draw(st.sampled_from(('"', "")))
    text = "file,label,note\n" + "".join(f"{','.join(line)}\n" for line in lines)

    with tempfile.TemporaryDirectory() as folder, pytest.raises(SourceError) as refused:
        read(text_file(Path(folder), text))

    assert refused.value.where == f"labels.csv:{opens + 2}"


def read_or_refused(source: Path) -> str:
    """Read a table to its end, and return how that ended."""
    try:
        reading = opened(source)
        items = list(reading.items)
    except (SourceError, UsageError) as error:
        return "refused" if error.problem and error.where else "refused without a word"
    assert all(item.issue.where.startswith(source.name) for item in items if isinstance(item, Rejected))
    return "read"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300),
    name=st.sampled_from(("x.csv", "x.txt", "x.jsonl", "x.xls", "x.xlsx", "x.pq")),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(data)

    assert read_or_refused(source) in {"read", "refused"}
