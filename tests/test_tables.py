"""What a table of labels says: columns, classes, splits, rows that say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.table_issues import Code
from labelprep.formats.tables import Tables
from labelprep.model.annotation import Annotation, Kind, Record
from table_files import IMAGES, codes, opened, places, read, rejected, stated, text_file

if TYPE_CHECKING:
    from pathlib import Path


def roles(source: Path) -> list[tuple[str, str, str]]:
    return [(role["role"], role["column"], role["how"]) for role in opened(source).facts["roles"]]


def test_each_row_is_one_record_with_its_line(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,split,group\na.jpg,cat,train,p1\nb.jpg,dog,验证集,\n")

    items, issues = read(source)

    assert items == [
        Record("a.jpg", "2", (Annotation(Kind.CLASS, "cat"),), "train", "p1"),
        Record("b.jpg", "3", (Annotation(Kind.CLASS, "dog"),), "val"),
    ]
    assert issues == []


def test_what_was_found_is_told(tmp_path: Path) -> None:
    source = text_file(tmp_path, "图片名称;标签;划分\na.jpg;猫;训练\n")

    facts = opened(source).facts

    assert facts == {
        "encoding": "utf-8",
        "delimiter": ";",
        "header_line": 1,
        "columns": ["图片名称", "标签", "划分"],
        "roles": [
            {"role": "file", "column": "图片名称", "number": 1, "how": "by its name"},
            {"role": "label", "column": "标签", "number": 2, "how": "by its name"},
            {"role": "split", "column": "划分", "number": 3, "how": "by its name"},
        ],
    }


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("file", "label"),
        ("filename", "class"),
        ("File Name", "Category"),
        ("file_name", "labels"),
        ("image", "tag"),
        ("imagePath", "className"),
        ("img", "classes"),
        ("path", "target"),
        ("id", "type"),
        ("\ufeffｆｉｌｅ", "ＬＡＢＥＬ"),
        ("文件名", "标签"),
        ("图片", "类别"),
        ("图像路径", "分类"),
        ("编号", "类"),
        ("檔名", "標籤"),
        ("#Image", "Species label"),
    ],
)
def test_columns_are_known_by_name(tmp_path: Path, file: str, label: str) -> None:
    source = text_file(tmp_path, f"score,{label},{file}\n0.5,cat,x\n0.7,dog,y\n")

    items, _ = read(source)

    assert stated(items) == [("x", ["cat"]), ("y", ["dog"])]


def test_values_stay_text_exactly(tmp_path: Path) -> None:
    values = [
        "007",
        "1e5",
        "NA",
        "N/A",
        "null",
        "None",
        "True",
        "1.0",
        "+1",
        "1_000",
        " a ",
        "９",
        "#N/A",
        "[x]",
    ]
    lines = "".join(f"{number:03}.png,{value}\n" for number, value in enumerate(values))
    source = text_file(tmp_path, f"id,label\n{lines}")

    items, _ = read(source)

    assert stated(items) == [(f"{number:03}.png", [value]) for number, value in enumerate(values)]


def test_a_table_without_header_is_read_from_its_first_row(tmp_path: Path) -> None:
    source = text_file(tmp_path, "a.jpg,cat\nb.jpg,dog\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]
    assert places(items) == ["1", "2"]
    assert codes(issues) == {Code.HEADER: 1, Code.COLUMN: 2}


def test_numbers_that_name_images_show_that_there_is_no_header(tmp_path: Path) -> None:
    source = text_file(tmp_path, "007,cat\n008,dog\n")

    items, _ = read(source, images=["007", "008"])

    assert stated(items) == [("007", ["cat"]), ("008", ["dog"])]


def test_title_rows_above_the_header_are_skipped_and_told(tmp_path: Path) -> None:
    source = text_file(tmp_path, "# made by x\nproject,plants\n\nfile,label\na.jpg,cat\n")

    items, issues = read(source)

    assert (stated(items), places(items)) == ([("a.jpg", ["cat"])], ["5"])
    assert codes(issues) == {Code.TITLE_ROWS: 1}


def test_unknown_column_names_are_found_above_the_first_image(tmp_path: Path) -> None:
    source = text_file(tmp_path, "shot,breed\na.jpg,poodle\nb.jpg,tabby\n")

    assert roles(source) == [
        ("file", "shot", "its cells name images"),
        ("label", "breed", "the only other column"),
    ]


def test_the_header_can_be_set(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,cat\n")

    none, _ = read(source, header="none", label_columns=["2"])
    second, _ = read(source, header="2", file_column="1", label_columns=["2"])

    assert stated(none) == [("file", ["label"]), ("a.jpg", ["cat"])]
    assert stated(second) == []


def test_a_blank_header_cell_is_found_by_content(tmp_path: Path) -> None:
    source = text_file(tmp_path, ",label\na.jpg,cat\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["cat"])]
    assert codes(issues) == {Code.HEADER: 1, Code.COLUMN: 1}


def test_one_hot_columns_are_found_by_themselves(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file, cat, dog\na.jpg, 1, 0\nb.jpg, 1, 1\nc.jpg, 0, 0\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["cat", "dog"])]
    assert rejected(items) == [("no_label", "labels.csv:4")]
    assert codes(issues) == {Code.SEVERAL: 1}


def test_a_cell_that_is_neither_0_nor_1_is_a_bad_row(tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,1,0\n" for number in range(3000))
    source = text_file(tmp_path, f"file,cat,dog\n{rows}a.jpg,2,0\n")

    items, _ = read(source)

    assert rejected(items) == [("bad_row", "labels.csv:3002")]


def test_several_candidates_are_a_question_with_examples(tmp_path: Path) -> None:
    source = text_file(tmp_path, "image,breed,species\na.jpg,poodle,dog\nb.jpg,tabby,cat\n")

    with pytest.raises(UsageError) as caught:
        read(source)

    assert str(caught.value) == (
        "labels.csv: several columns may hold the labels: "
        "'breed' ('poodle', 'tabby'); 'species' ('dog', 'cat') — "
        'choose with --label-column "breed", once for each that states a class'
    )


@pytest.mark.parametrize("name", ["species", "SPECIES", "3", "C"])
def test_a_label_column_is_chosen_by_name_number_or_letter(tmp_path: Path, name: str) -> None:
    source = text_file(tmp_path, "image,breed,species\na.jpg,poodle,dog\n")

    items, _ = read(source, label_columns=[name])

    assert stated(items) == [("a.jpg", ["dog"])]


def test_several_chosen_columns_are_several_labels(tmp_path: Path) -> None:
    source = text_file(tmp_path, "image,breed,species\na.jpg,poodle,dog\nb.jpg,,dog\n")

    items, _ = read(source, label_columns=["breed", "species"])

    assert stated(items) == [("a.jpg", ["poodle", "dog"]), ("b.jpg", ["dog"])]


def test_paths_and_ids_are_no_candidates(tmp_path: Path) -> None:
    source = text_file(tmp_path, "image,mask,case_id,breed\na.jpg,m.png,x7,poodle\nb.jpg,n.png,x8,tabby\n")

    assert stated(read(source)[0]) == [("a.jpg", ["poodle"]), ("b.jpg", ["tabby"])]


def test_content_names_the_image_where_no_file_name_does(tmp_path: Path) -> None:
    digest = "ab" * 32
    source = text_file(tmp_path, f"sha256,label\n{digest},cat\n")

    items, _ = read(source)

    assert items == [
        Record(digest, "2", (Annotation(Kind.CLASS, "cat"),), sha256=bytes.fromhex(digest)),
    ]


def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,cat\n")

    with pytest.raises(UsageError) as caught:
        read(source, file_column="photo")

    assert (caught.value.where, caught.value.fix) == (
        "--file-column",
        "the columns are 'file', 'label'; name one, or give its number from 1",
    )


def test_two_columns_of_one_name_are_a_question(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,label\na.jpg,cat,dog\n")

    with pytest.raises(UsageError):
        read(source)

    assert stated(read(source, label_columns=["3"])[0]) == [("a.jpg", ["dog"])]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("['cat', 'dog']", ["cat", "dog"]),
        ('["cat", "it\'s"]', ["cat", "it's"]),
        ("['cat' 'dog']", ["cat", "dog"]),
        ("[1, 2.0]", ["1", "2.0"]),
        ("['cat', 'cat', '']", ["cat"]),
        ("[unknown]", ["[unknown]"]),
        ("cat|dog", ["cat|dog"]),
        ("cat, dog", ["cat, dog"]),
    ],
)
def test_lists_in_cells(tmp_path: Path, cell: str, names: list[str]) -> None:
    source = text_file(tmp_path, f"file\tlabel\na.jpg\t{cell}\n")

    items, _ = read(source)

    assert stated(items) == [("a.jpg", names)]


def test_a_separator_is_proposed_and_then_used(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,cat|dog\nb.jpg,cat\n")

    _, whole_issues = read(source)
    items, issues = read(source, separator="|")

    assert [issue.fix for issue in whole_issues] == ['if these are several classes, pass --separator "|"']
    assert stated(items) == [("a.jpg", ["cat", "dog"]), ("b.jpg", ["cat"])]
    assert issues == []


def test_a_row_without_a_label_counts_only_with_a_split_or_group(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,split\na.jpg,,test\nb.jpg,  ,\n")

    items, _ = read(source)

    assert items[0] == Record("a.jpg", "2", (), "test", is_silent=True)
    assert rejected(items) == [("no_label", "labels.csv:3")]


def test_an_unknown_split_is_told_and_left_out(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,split\na.jpg,cat,holdout\nb.jpg,dog,TRAIN\n")

    items, issues = read(source)

    assert [item.split for item in items if isinstance(item, Record)] == [None, "train"]
    assert codes(issues) == {Code.SPLIT: 1}


def test_weights_are_kept_with_the_class(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,weight\na.jpg,cat,0.5\nb.jpg,cat,much\n")

    items, issues = read(source)

    assert [item.annotations[0].attributes for item in items if isinstance(item, Record)] == [
        {"weight": "0.5"},
        {},
    ]
    assert codes(issues) == {Code.WEIGHT: 1}


def test_every_row_that_says_nothing_has_its_reason(tmp_path: Path) -> None:
    source = text_file(
        tmp_path,
        "file,label\na.jpg,cat\n\n , \na.jpg,cat\n,dog\nb.jpg,cat,dog\nTotal,2\n"
        "# later\nnote: check\nc.jpg\n",
    )

    items, _ = read(source)

    assert stated(items) == [("a.jpg", ["cat"]), ("Total", ["2"])]
    assert rejected(items) == [
        ("repeated", "labels.csv:5"),
        ("no_file", "labels.csv:6"),
        ("bad_row", "labels.csv:7"),
        ("comment", "labels.csv:9"),
        ("comment", "labels.csv:10"),
        ("no_label", "labels.csv:11"),
    ]


def test_a_total_below_another_column_is_no_image(tmp_path: Path) -> None:
    source = text_file(tmp_path, "no,file,label\n1,a.jpg,cat\n合计,,1\n")

    items, _ = read(source)

    assert rejected(items) == [("total_row", "labels.csv:3")]


def test_commas_behind_every_row_shift_nothing(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,cat,\nb.jpg,dog,\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["cat"]), ("b.jpg", ["dog"])]
    assert issues == []


def test_names_that_look_alike_are_named_and_kept(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,Cat\nb.jpg,cat\nc.jpg,ＣＡＴ \n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["Cat"]), ("b.jpg", ["cat"]), ("c.jpg", ["ＣＡＴ "])]
    assert [issue.fix for issue in issues] == ['labelprep classes merge "Cat" "cat" "ＣＡＴ "']


def test_a_class_for_each_row_looks_like_the_wrong_column(tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,c{number}\n" for number in range(20))
    source = text_file(tmp_path, f"file,label\n{rows}")

    _, issues = read(source)

    assert codes(issues) == {Code.OWN_CLASS: 1}


def test_ids_that_excel_rounded_are_told(tmp_path: Path) -> None:
    source = text_file(tmp_path, "id,label\n1.23457E+11,cat\n1.23457E+11,dog\n")

    _, issues = read(source)

    assert codes(issues) == {Code.MANGLED: 1}


def test_the_guard_of_an_export_is_taken_off(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label,group\na.jpg,'=1+1,'-2\n'-b.jpg,''=x,'+\nc.jpg,'tis,-\n")

    items, issues = read(source)

    assert stated(items) == [("a.jpg", ["=1+1"]), ("-b.jpg", ["'=x"]), ("c.jpg", ["'tis"])]
    assert [item.group for item in items if isinstance(item, Record)] == ["-2", "+", "-"]
    assert codes(issues) == {Code.RESTORED: 1}


def test_a_table_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(text_file(tmp_path, "file\na.jpg\n"))


def test_a_table_without_images_is_refused_with_its_columns(tmp_path: Path) -> None:
    source = text_file(tmp_path, "town,people\nUlm,120000\nBonn,330000\n")

    with pytest.raises(UsageError) as caught:
        read(source)

    assert "'town' ('Ulm', 'Bonn'); 'people' ('120000', '330000')" in str(caught.value)


def test_images_across_a_row_are_refused(tmp_path: Path) -> None:
    source = text_file(tmp_path, "x,a.jpg,b.jpg,c.jpg\nlabel,cat,dog,cow\n")

    with pytest.raises(SourceError) as caught:
        read(source)

    assert caught.value.where == "labels.csv:1"


def test_a_table_of_nothing_but_its_header_is_told(tmp_path: Path) -> None:
    items, issues = read(text_file(tmp_path, "file,label\n"))

    assert items == []
    assert codes(issues) == {Code.NO_ROWS: 1}


def test_a_file_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as missing:
        read(tmp_path / "labels.csv")
    with pytest.raises(SourceError) as folder:
        read(tmp_path)

    assert missing.value.problem == "there is no such file"
    assert folder.value.problem


def test_a_table_is_known_by_its_ending(tmp_path: Path) -> None:
    tables = Tables()

    found = {
        ending: tables.sniff(tmp_path / f"labels{ending}").confidence for ending in (".csv", ".txt", ".png")
    }

    assert found == {".csv": 0.9, ".txt": 0.5, ".png": 0.0}


def test_each_row_is_one_item(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\n" + "".join(f"{name},x\n,\n{name},\n,y\n" for name in IMAGES))

    items, _ = read(source)

    assert len(items) == 3 * len(IMAGES)
    assert sum(isinstance(item, Rejected) for item in items) == 2 * len(IMAGES)


def test_a_row_that_stands_there_twice_may_be_filled_up_with_empty_cells(tmp_path: Path) -> None:
    source = text_file(tmp_path, "file,label\na.jpg,cat\na.jpg,cat,\nb.jpg,dog\n")

    items, _ = read(source)

    assert rejected(items) == [("repeated", "labels.csv:3")]
