"""Tables in text files: encodings and their doubts, delimiters, quotes, line ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.table_issues import Code
from table_files import codes, opened, places, read, rejected, stated, text_file

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "文件名,标签\na.jpg,猫\nb.jpg,狗\n"
TRADITIONAL = "file,label\na.jpg,檔案標籤\nb.jpg,貓與狗的圖片\n"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
    ],
)
def test_encodings_are_found(tmp_path: Path, encoding: str, told: str) -> None:
    text = TABLE if encoding not in {"utf-16-le", "utf-16-be"} else TABLE.replace("文件名,标签", "file,label")
    source = text_file(tmp_path, text, encoding=encoding)

    reading = opened(source)

    assert reading.facts["encoding"] == told
    assert stated(list(reading.items)) == [("a.jpg", ["猫"]), ("b.jpg", ["狗"])]


def test_the_mark_of_utf16_big_endian(tmp_path: Path) -> None:
    source = tmp_path / "labels.txt"
    source.write_bytes(b"\xfe\xff" + "file\tlabel\r\na.jpg\t猫\r\n".encode("utf-16-be"))

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ["猫"])]


def test_bytes_that_are_utf8_and_gbk_are_a_question_with_both_readings(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,猫\n", encoding="gbk")

    with pytest.raises(UsageError) as caught:
        read(source)

    assert str(caught.value) == (
        "labels.csv: its bytes can be read in two ways that differ — utf-8: 'è'; gb18030: '猫' — "
        "choose the right one: --encoding utf-8 or --encoding gb18030"
    )


@pytest.mark.parametrize(("encoding", "label"), [("gb18030", "猫"), ("utf-8", "è"), ("GBK", "猫")])
def test_the_question_is_answered_by_the_option(tmp_path: Path, encoding: str, label: str) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,猫\n", encoding="gbk")

    items, _ = read(source, encoding=encoding)

    assert stated(items) == [("a.jpg", [label])]


def test_a_name_of_an_image_answers_the_question(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\n猫.jpg,猫\n", encoding="gbk")

    items, issues = read(source, images=["猫.jpg"])

    assert stated(items) == [("猫.jpg", ["猫"])]
    assert codes(issues) == {Code.ENCODING: 1}


def test_a_name_of_an_image_shows_an_encoding_outside_east_asia(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\nсобака.jpg,x\n", encoding="cp1251")

    items, (issue,) = read(source, images=["собака.jpg"])

    assert stated(items) == [("собака.jpg", ["x"])]
    assert issue.problem == "read as cp1251: 'собака.jpg'; as gb18030 it would be '耦徉赅.jpg'"


def test_french_words_are_utf8_and_the_other_reading_is_told(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,café\nb.jpg,élève\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["café"]), ("b.jpg", ["élève"])]
    assert codes(issues) == {Code.ENCODING: 1}


def test_big5_is_not_taken_for_gbk_in_silence(tmp_path: Path) -> None:
    short = text_file(tmp_path, "file,label\na.jpg,貓\n", name="short.csv", encoding="big5")
    long = text_file(tmp_path, TRADITIONAL, encoding="big5")

    with pytest.raises(UsageError) as caught:
        read(short)
    items, issues = read(long)

    assert "big5: '貓'" in str(caught.value)
    assert stated(items) == [("a.jpg", ["檔案標籤"]), ("b.jpg", ["貓與狗的圖片"])]
    assert codes(issues) == {Code.ENCODING: 1}


def test_latin1_is_a_question(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,café\n", encoding="latin-1")

    with pytest.raises(UsageError) as caught:
        read(source)

    assert "cp1252: 'café'" in str(caught.value)


def test_mixed_encodings_name_the_row(tmp_path: Path) -> None:
    source = tmp_path / "labels.csv"
    source.write_bytes("file,label\na.jpg,猫咪\n".encode() + "b.jpg,狗\n".encode("gbk"))

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.where == "labels.csv:3"


def test_an_encoding_that_does_not_fit_names_the_row(tmp_path: Path) -> None:
    source = text_file(tmp_path, TABLE, encoding="gbk")

    with pytest.raises(SourceError) as misfit:
        read(source, encoding="ascii")
    with pytest.raises(UsageError) as unknown:
        read(source, encoding="latin-99")

    assert misfit.value.where == "labels.csv:1"
    assert unknown.value.where == "--encoding"


@pytest.mark.parametrize(
    ("delimiter", "name"),
    [(",", ","), ("\t", "tab"), (";", ";"), ("|", "|"), ("，", "，"), (", ", ", and a space")],
)
def test_delimiters_are_found(tmp_path: Path, delimiter: str, name: str) -> None:
    rows = [("file", "label", "split"), ("a.jpg", "cat", "train"), ("b.jpg", "dog", "val")]
    source = text_file(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))

    reading = opened(source)

    assert reading.facts["delimiter"] == name
    assert stated(list(reading.items)) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]


def test_columns_aligned_by_spaces(tmp_path: Path) -> None:
    aligned = text_file(
        tmp_path, "file name    label\na b.jpg      red cat\nc.jpg        dog\n", name="labels.txt"
    )
    single = text_file(tmp_path, "a.jpg cat\nb.jpg dog\n", name="list.txt")

    assert stated(read(aligned)[0]) == [("a b.jpg", ["red cat"]), ("c.jpg", ["dog"])]
    assert stated(read(single)[0]) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]


def test_a_decimal_comma_beside_semicolons(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file;label;score\na.jpg;cat;0,5\nb.jpg;dog;0,7\n")

    assert stated(read(source)[0]) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quotes_and_line_ends(tmp_path: Path, end: str) -> None:
    lines = ["file,label", 'a.jpg,"red, ""big"" cat"', 'b.jpg,5" disk', '"c.jpg",dog']
    source = text_file(tmp_path, end.join(lines))

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ['red, "big" cat']), ("b.jpg", ['5" disk']), ("c.jpg", ["dog"])]
    assert places(items) == ["2", "3", "4"]


def test_rows_behind_a_cell_of_several_lines_keep_their_line(tmp_path: Path) -> None:
    source = text_file(tmp_path, 'file,note,label\na.jpg,"one\ntwo\n",cat\nb.jpg,,dog\n')

    items, issues = read(source)

    assert places(items) == ["2", "5"]
    assert codes(issues) == {Code.LINES: 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('file,label\na.jpg,cat\nb.jpg,"dog\nc.jpg,cow\n', 3),
        ('file,label\na.jpg,"cat\nb.jpg,dog"\nc.jpg,cow\n', 2),
        ('file,label\na.jpg,"cat" dog\n', 2),
        ('file,label,note\na.jpg,"cat\nb.jpg,dog"\n', 2),
        ('file,label,note\na.jpg,"cat\nb.jpg,dog,dark"\n', 2),
        ('file,label,note\na.jpg,"cat,dark\nb.jpg,dog",dark\n', 2),
        ('label,file\n"cat,a.jpg\ndog,b.jpg"\n', 2),
        ('file;label\na.jpg;"cat\nb.jpg;dog\n\nc.jpg;cow"\n', 2),
    ],
)
def test_a_quote_that_swallows_rows_is_refused_with_its_row(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        read(text_file(tmp_path, text))

    assert caught.value.where == f"labels.csv:{line}"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('file,note,label\na.jpg,"see also\nb.jpg, c.jpg",cat\nb.jpg,,dog\n', ["cat", "dog"]),
        ('file,note,label\na.jpg,"see also\nb.jpg,dog,dark\n",cat\nb.jpg,,dog\n', ["cat", "dog"]),
        ('file,label,note\na.jpg,cat,"as on\nb.jpg, c.jpg, c.jpg, d.jpg"\nb.jpg,dog,\n', ["cat", "dog"]),
        ('file,label,note\na.jpg,cat,"as on\nb.jpg"\nb.jpg,dog,\n', ["cat", "dog"]),
        ('file;label;note\na.jpg;cat;"as on\nb.jpg, c.jpg, d.jpg"\nb.jpg;dog;\n', ["cat", "dog"]),
    ],
)
def test_a_cell_of_several_lines_may_name_images(tmp_path: Path, text: str, labels: list[str]) -> None:
    items, issues = read(text_file(tmp_path, text))

    assert [label for _, (label,) in stated(items)] == labels
    assert codes(issues)[Code.LINES] == 1


def test_a_tab_separated_file_may_know_no_quotes(tmp_path: Path) -> None:
    source = text_file(tmp_path, 'file\tlabel\na.jpg\t"big" dog\n', name="labels.tsv")

    assert stated(read(source)[0]) == [("a.jpg", ['"big" dog'])]


def test_the_end_mark_of_dos_is_no_row(tmp_path: Path) -> None:
    alone = text_file(tmp_path, "file,label\r\na.jpg,cat\r\n\x1a", name="alone.csv")
    behind = text_file(tmp_path, "file,label\r\na.jpg,cat\x1a", name="behind.csv")

    assert stated(read(alone)[0]) == [("a.jpg", ["cat"])]
    assert stated(read(behind)[0]) == [("a.jpg", ["cat"])]


def test_nul_bytes_are_refused_with_their_row(tmp_path: Path) -> None:
    label = text_file(tmp_path, "file,label\na.jpg,ca\0t\n", name="label.csv")
    name = text_file(tmp_path, "file,label\na\0.jpg,cat\nb.jpg,dog\n", name="name.csv")

    with pytest.raises(SourceError) as caught:
        read(label)

    assert caught.value.where == "label.csv:2"
    assert rejected(read(name)[0]) == [("bad_row", "name.csv:2")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.csv", b"PK\x03\x04rest"),
        ("labels.csv", b"\xd0\xcf\x11\xe0rest"),
        ("labels.csv", b"\xff\xd8\xff\xe0rest"),
        ("labels.csv", b""),
        ("labels.csv", b"\n\n \n"),
        ("labels.xls", b"<html><table></table></html>"),
        ("labels.xls", b'<?xml version="1.0"?><Workbook/>'),
        ("labels.xlsx", b""),
        ("labels.xlsx", b"file,label\n"),
        ("~$labels.xlsx", b"lock"),
        ("labels.parquet", b"file,label\n"),
        ("labels.jsonl", b"file,label\n"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    source = tmp_path / name
    source.write_bytes(data)

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.where == name
    assert caught.value.fix


def test_json_lines(tmp_path: Path) -> None:
    source = text_file(
        tmp_path,
        '{"file_name": "a.jpg", "label": "007", "split": null}\n\n'
        '{"label": ["cat", "dog"], "file_name": "b.jpg"}\n{"file_name": "c.jpg", "label": 1.0}\n'
        '[1]\n{"file_name": "c.jpg"\n{"file_name": "c.jpg", "file_name": "d.jpg"}\n',
        name="metadata.jsonl",
    )

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ["007"]), ("b.jpg", ["cat", "dog"]), ("c.jpg", ["1.0"])]
    assert places(items) == ["1", "3", "4"]
    assert rejected(items) == [("bad_row", f"metadata.jsonl:{line}") for line in (5, 6, 7)]


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = tmp_path / "labels.parquet"
    pictures = [{"path": "a.jpg", "bytes": b"x"}, {"path": "b.jpg", "bytes": b"y"}]
    parquet.write_table(arrow.table({"image": pictures, "label": [1.0, 2.0], "tags": [["x"], []]}), source)

    items, _ = read(source, label_columns=["label", "tags"])

    assert stated(items) == [("a.jpg", ["1", "x"]), ("b.jpg", ["2"])]
    assert places(items) == ["1", "2"]
