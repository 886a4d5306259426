"""The lists of a VOC folder: splits and classes of images, with label files and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.formats.base import Rejected
from labelprep.formats.voc_lists import key_of, split_of
from labelprep.model.annotation import Annotation, Kind, Record
from voc_documents import box, read, told, written

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.formats.base import Item

MAIN = "ImageSets/Main"
AT_ONE = box(1, 1, 160, 120)


def lists(folder: Path, **texts: str) -> None:
    """Write lists, named by their path with ``__`` for each slash."""
    for name, text in texts.items():
        file = folder / f"{name.replace('__', '/')}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def labelled(folder: Path, *names: str) -> None:
    for name in names:
        written(folder, AT_ONE, name=f"Annotations/{name}.xml", head=f"<filename>{name}.jpg</filename>")


def splits(items: list[Item]) -> list[tuple[str, str | None]]:
    return [(item.image, item.split) for item in items if isinstance(item, Record)]


def test_plain_lists_give_the_splits(tmp_path: Path) -> None:
    labelled(tmp_path, "a", "b", "c", "d")
    lists(
        tmp_path,
        ImageSets__Main__train="a\n",
        ImageSets__Main__val="b\n\n",
        ImageSets__Main__test="c",
        ImageSets__Main__trainval="a\nb\nd\n",
        ImageSets__Segmentation__test="a\n",
    )

    items, reading = read(tmp_path)

    assert splits(items) == [
        ("JPEGImages/a.jpg", "train"),
        ("JPEGImages/b.jpg", "val"),
        ("JPEGImages/c.jpg", "test"),
        ("JPEGImages/d.jpg", None),
    ]
    assert reading.facts["lists"] == {f"{MAIN}/test.txt": 1, f"{MAIN}/train.txt": 1, f"{MAIN}/val.txt": 1}
    assert reading.issues == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("train", "JPEGImages/sub/a.jpg Annotations/sub/a.xml"),
        ("train_list", "./JPEGImages/sub/a.jpg"),
        ("Train", "sub/a"),
        ("training", "a"),
        ("train", "D:\\data\\images\\sub\\a.jpg"),
        ("ImageSets__train", "a.jpg"),
        ("ImageSets__Segmentation__train", '"sub/a"'),
    ],
)
def test_lists_are_found_where_tools_put_them(tmp_path: Path, name: str, line: str) -> None:
    labelled(tmp_path, "sub/a", "sub/b")
    lists(tmp_path, **{name: f"{line}\n"})

    items, _ = read(tmp_path)

    assert splits(items) == [("sub/a.jpg", "train"), ("sub/b.jpg", None)]


def test_each_voc_folder_has_its_own_lists(tmp_path: Path) -> None:
    for year, word in (("VOC2007", "train"), ("VOC2012", "test")):
        labelled(tmp_path / year, "a")
        lists(tmp_path / year, **{f"ImageSets__Main__{word}": "a\n"})

    items, reading = read(tmp_path)

    assert splits(items) == [("VOC2007/JPEGImages/a.jpg", "train"), ("VOC2012/JPEGImages/a.jpg", "test")]
    assert reading.facts["lists"] == {
        "VOC2007/ImageSets/Main/train.txt": 1,
        "VOC2012/ImageSets/Main/test.txt": 1,
    }


def test_the_folder_of_the_xml_files_finds_the_lists_beside_it(tmp_path: Path) -> None:
    labelled(tmp_path, "a")
    lists(tmp_path, ImageSets__Main__val="a\n")

    items, _ = read(tmp_path / "Annotations", root=tmp_path)

    assert splits(items) == [("JPEGImages/a.jpg", "val")]


def test_lists_of_a_class_say_what_xml_files_do_not(tmp_path: Path) -> None:
    labelled(tmp_path, "a", "b")
    lists(
        tmp_path,
        ImageSets__Main__cat_train="a  1\nb -1\nc  1\nd  0\ne -1\n",
        ImageSets__Main__dog_trainval="a  1\nc  1\n",
        ImageSets__Main__train="a\nb\nc\nd\ne\n",
    )

    items, reading = read(tmp_path)

    dog = Annotation(Kind.CLASS, "dog", None, {}, f"{MAIN}/cat_train.txt:1")
    cat = Annotation(Kind.BOX, "cat", [0, 0, 160, 120], {}, "object[0]")
    assert isinstance(items[0], Record)
    assert isinstance(items[1], Record)
    assert (items[0].annotations, items[0].split) == ((dog, cat), "train")
    assert (items[1].annotations, items[1].split) == ((cat,), "train")
    assert items[2:] == [
        Record(
            "c",
            f"{MAIN}/cat_train.txt:3",
            (
                Annotation(Kind.CLASS, "cat", None, {}, f"{MAIN}/cat_train.txt:3"),
                Annotation(Kind.CLASS, "dog", None, {}, f"{MAIN}/cat_train.txt:3"),
            ),
            "train",
        ),
        Record(
            "d",
            f"{MAIN}/cat_train.txt:4",
            (Annotation(Kind.CLASS, "cat", None, {"difficult": True}, f"{MAIN}/cat_train.txt:4"),),
            "train",
        ),
        # Every list of a class says that it is not there: nothing is.
        Record("e", f"{MAIN}/cat_train.txt:5", (), "train"),
    ]
    assert reading.issues == []


def test_an_image_with_nothing_on_it_keeps_that_beside_its_split(tmp_path: Path) -> None:
    written(tmp_path, name="Annotations/a.xml")
    lists(tmp_path, ImageSets__Main__train="a\nb\n")

    items, _ = read(tmp_path)

    assert [(item.locator, item.split) for item in items if isinstance(item, Record)] == [
        ("Annotations/a.xml", None),
        (f"{MAIN}/train.txt:1", "train"),
        (f"{MAIN}/train.txt:2", "train"),
    ]


def test_two_splits_of_one_image_are_told_and_none_is_taken(tmp_path: Path) -> None:
    labelled(tmp_path, "a")
    lists(tmp_path, ImageSets__Main__test="a\nb\n", ImageSets__Main__train="a\nb\n")

    items, reading = read(tmp_path)

    assert splits(items) == [("JPEGImages/a.jpg", None)]
    assert [item.reason for item in items if isinstance(item, Rejected)] == ["two_splits"]
    assert told(reading) == [
        (
            "LP289",
            f"{MAIN}/test.txt:1",
            "2 images are in two splits, such as 'a' in test and train: none is taken for them",
        )
    ]


def test_lists_that_are_none_are_told(tmp_path: Path) -> None:
    labelled(tmp_path, "a")
    lists(
        tmp_path,
        ImageSets__Main__fold1_train="a\n",
        ImageSets__Main__notes="a\n",
        ImageSets__Main__trainval="a\n",
        train="a\n",
    )

    items, reading = read(tmp_path)

    assert splits(items) == [("JPEGImages/a.jpg", None)]
    assert [(code, where) for code, where, _ in told(reading)] == [
        ("LP289", f"{MAIN}/fold1_train.txt"),
        ("LP289", f"{MAIN}/notes.txt"),
    ]


def test_texts_beside_xml_files_that_are_no_lists_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path, AT_ONE)
    lists(tmp_path, classes="cat\ndog\n", README="Hello\n")

    items, reading = read(tmp_path)

    assert splits(items) == [("photos/a.jpg", None)]
    assert (reading.facts["lists"], reading.issues) == ({}, [])


def test_a_name_with_an_ending_is_not_taken_for_the_one_without(tmp_path: Path) -> None:
    labelled(tmp_path, "a", "a.png")
    lists(tmp_path, ImageSets__Main__train="a\n", ImageSets__Main__val="a.png\n")

    items, _ = read(tmp_path)

    assert splits(items) == [("JPEGImages/a.png.jpg", "val"), ("JPEGImages/a.jpg", "train")]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("000012", "000012"),
        ("./a.jpg", "a.jpg"),
        ("JPEGImages/sub/a", "sub/a"),
        ("/home/me/VOC/Annotations/a.xml", "a.xml"),
        ("C:\\data\\images\\a.jpg", "a.jpg"),
    ],
)
def test_names_in_lists_are_told_apart_by_what_is_below_their_folder(name: str, key: str) -> None:
    assert key_of(name) == key


def test_splits_are_named_as_everywhere() -> None:
    names = ("train", "Valid", "test_list", "训练集", "trainval", "fold1")

    assert [split_of(name) for name in names] == ["train", "val", "test", "train", None, None]
