"""What folder names state: layouts, splits, and the names that are no classes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.folders import Kind, Layout, Stated, find_layout, stated

Said = dict[str, tuple[str | None, str | None]]


def layout_of(*paths: str, labels: str = "auto") -> Layout:
    """Return the layout of images at these paths."""
    return find_layout(Counter(tuple(path.split("/")[:-1]) for path in paths), labels)


def said_of(*paths: str, labels: str = "auto") -> Said:
    """Return label and split of each path, as the layout of them all states it."""
    layout = layout_of(*paths, labels=labels)
    found = {path: stated(layout, tuple(path.split("/")[:-1])) for path in paths}
    return {path: (one.label, one.split) for path, one in found.items()}


def test_folders_are_classes() -> None:
    assert said_of("cat/a.jpg", "dog/b.jpg") == {"cat/a.jpg": ("cat", None), "dog/b.jpg": ("dog", None)}


def test_splits_hold_classes() -> None:
    said = said_of("train/cat/a.jpg", "train/dog/b.jpg", "val/cat/c.jpg")

    assert said == {
        "train/cat/a.jpg": ("cat", "train"),
        "train/dog/b.jpg": ("dog", "train"),
        "val/cat/c.jpg": ("cat", "val"),
    }


def test_classes_hold_splits() -> None:
    said = said_of("cat/train/a.jpg", "cat/val/b.jpg", "dog/train/c.jpg", "dog/test/d.jpg")

    assert said == {
        "cat/train/a.jpg": ("cat", "train"),
        "cat/val/b.jpg": ("cat", "val"),
        "dog/train/c.jpg": ("dog", "train"),
        "dog/test/d.jpg": ("dog", "test"),
    }


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (("a.jpg", "b.jpg"), Kind.FLAT),
        ((), Kind.FLAT),
        (("train/a.jpg", "val/b.jpg"), Kind.SPLIT),
        (("cat/a.jpg", "dog/b.jpg"), Kind.CLASS),
        (("train/cat/a.jpg", "val/cat/b.jpg"), Kind.SPLIT_CLASS),
        (("cat/train/a.jpg", "cat/val/b.jpg", "dog/train/c.jpg"), Kind.CLASS_SPLIT),
    ],
)
def test_the_layout_has_its_name(paths: tuple[str, ...], kind: Kind) -> None:
    assert layout_of(*paths).kind is kind


def test_deeper_folders_belong_to_the_class_above_them() -> None:
    said = said_of("cat/2024/01/a.jpg", "cat/b.jpg", "dog/indoor/c.jpg")

    assert [label for label, _ in said.values()] == ["cat", "cat", "dog"]


def test_deeper_folders_below_splits_belong_to_the_class_too() -> None:
    said = said_of("train/cat/old/a.jpg", "test/dog/new/b.jpg")

    assert said == {"train/cat/old/a.jpg": ("cat", "train"), "test/dog/new/b.jpg": ("dog", "test")}


@pytest.mark.parametrize("wrapper", ["images", "数据集", "data/images", "downloads/photos/raw"])
def test_folders_around_everything_are_looked_through(wrapper: str) -> None:
    said = said_of(f"{wrapper}/train/cat/a.jpg", f"{wrapper}/val/dog/b.jpg")

    assert list(said.values()) == [("cat", "train"), ("dog", "val")]


def test_a_single_class_folder_is_a_class() -> None:
    assert said_of("cat/a.jpg", "cat/b.jpg") == {"cat/a.jpg": ("cat", None), "cat/b.jpg": ("cat", None)}


@pytest.mark.parametrize("name", ["images", "Photos", "数据集", "JPEGImages"])
def test_a_single_folder_with_a_general_name_is_no_class(name: str) -> None:
    layout = layout_of(f"{name}/a.jpg", f"{name}/b.jpg")

    assert layout.class_level is None
    assert layout.doubt == "all images lie in one folder"
    assert layout.proposed == (name,)


def test_a_flat_tree_states_nothing_and_says_why() -> None:
    layout = layout_of("a.jpg", "b.jpg")

    assert (layout.class_level, layout.doubt) == (None, "all images lie in one folder")
    assert stated(layout, ()) == Stated(None, None, "folder /")


def test_an_empty_tree_says_that_there_are_no_images() -> None:
    assert layout_of().doubt == "there are no images"


def test_splits_of_bare_images_state_splits_and_no_labels() -> None:
    said = said_of("train/a.jpg", "test/b.jpg")

    assert said == {"train/a.jpg": (None, "train"), "test/b.jpg": (None, "test")}


def test_an_image_beside_the_class_folders_has_no_label() -> None:
    assert said_of("cat/a.jpg", "dog/b.jpg", "c.jpg")["c.jpg"] == (None, None)


@pytest.mark.parametrize(
    ("train", "other", "split"),
    [
        ("train", "val", "val"),
        ("Train", "VALID", "val"),
        ("TRAINING", "Validation", "val"),
        ("training", "dev", "val"),
        ("train", "test", "test"),
        ("Training", "Testing", "test"),
        ("训练集", "验证集", "val"),
        ("训练集", "测试集", "test"),
    ],
)
def test_split_names_of_both_languages_and_any_case(train: str, other: str, split: str) -> None:
    said = said_of(f"{train}/cat/a.jpg", f"{other}/dog/b.jpg")

    assert list(said.values()) == [("cat", "train"), ("dog", split)]


@pytest.mark.parametrize("name", ["trains", "my_test", "evaluation", "pretrain", "validate"])
def test_a_split_name_counts_as_a_whole_word_only(name: str) -> None:
    said = said_of(f"{name}/cat/a.jpg", "dog/cat/b.jpg")

    assert list(said.values()) == [(name, None), ("dog", None)]


def test_train_alone_is_no_split() -> None:
    said = said_of("train/a.jpg", "bus/b.jpg", "tram/c.jpg")

    assert [split for _, split in said.values()] == [None, None, None]


def test_val_and_test_without_train_are_no_splits() -> None:
    said = said_of("val/cat/a.jpg", "test/cat/b.jpg", "cow/cat/c.jpg")

    assert [split for _, split in said.values()] == [None, None, None]


def test_train_and_another_on_different_levels_are_no_splits() -> None:
    said = said_of("train/cat/a.jpg", "dog/val/b.jpg", "fox/c.jpg")

    assert [split for _, split in said.values()] == [None, None, None]


def test_two_names_of_one_split_need_another_one_beside_them() -> None:
    said = said_of("train/cat/a.jpg", "training/dog/b.jpg", "fox/cow/c.jpg")

    assert [split for _, split in said.values()] == [None, None, None]


def test_a_folder_beside_the_splits_states_neither_label_nor_split() -> None:
    said = said_of("train/cat/a.jpg", "train/dog/b.jpg", "val/cat/c.jpg", "extra/owl/d.jpg")

    assert said["extra/owl/d.jpg"] == (None, None)


@pytest.mark.parametrize(
    "names",
    [
        ("2024-01-01", "2024-01-02"),
        ("20240101", "20240315"),
        ("2024_05", "2024_06"),
        ("2024年1月", "2024年12月"),
        ("2024-01-01 holiday", "2024-02-01 home"),
    ],
)
def test_dates_are_proposed_and_not_taken(names: tuple[str, str]) -> None:
    layout = layout_of(*(f"{name}/a.jpg" for name in names))

    assert (layout.class_level, layout.doubt) == (None, "the folder names look like dates")
    assert set(layout.proposed) == set(names)


@pytest.mark.parametrize(
    "names",
    [("100CANON", "101CANON"), ("100APPLE", "101APPLE"), ("DCIM", "Camera"), ("100MSDCF", "101MSDCF")],
)
def test_camera_folders_are_proposed_and_not_taken(names: tuple[str, str]) -> None:
    layout = layout_of(*(f"{name}/a.jpg" for name in names))

    assert (layout.class_level, layout.doubt) == (None, "the folder names look like a camera's")


@pytest.mark.parametrize("names", [("batch1", "batch2"), ("part_01", "part_02", "part_10"), ("IMG1", "img2")])
def test_numbers_with_a_common_prefix_are_proposed_and_not_taken(names: tuple[str, ...]) -> None:
    layout = layout_of(*(f"{name}/a.jpg" for name in names))

    assert layout.class_level is None
    assert set(layout.proposed) == set(names)


@pytest.mark.parametrize(
    "names",
    [
        ("0", "1", "9"),
        ("class1", "class2"),
        ("c0", "c9"),
        ("类1", "类2"),
        ("label_1", "label_2"),
        ("n01440764", "n01443537"),
        ("cat1", "dog1"),
        ("1990s", "2000s"),
    ],
)
def test_names_that_only_look_a_little_like_numbers_are_classes(names: tuple[str, ...]) -> None:
    said = said_of(*(f"{name}/a.jpg" for name in names))

    assert [label for label, _ in said.values()] == list(names)


def test_names_like_splits_with_a_number_are_no_classes_beside_real_ones() -> None:
    layout = layout_of("cat/a.jpg", "dog/b.jpg", "test1/c.jpg")

    assert layout.aside == ("test1",)
    assert stated(layout, ("test1",)).label is None
    assert stated(layout, ("cat",)).label == "cat"


def test_names_like_splits_alone_are_proposed_and_not_taken() -> None:
    layout = layout_of("train1/a.jpg", "test1/b.jpg")

    assert (layout.class_level, layout.doubt) == (None, "the folder names look like splits")


def test_labels_folder_takes_whatever_the_names_are() -> None:
    dates = said_of("2024-01-01/a.jpg", "2024-01-02/b.jpg", labels="folder")
    splits = said_of("cat/a.jpg", "test1/b.jpg", labels="folder")

    assert [label for label, _ in dates.values()] == ["2024-01-01", "2024-01-02"]
    assert [label for label, _ in splits.values()] == ["cat", "test1"]


def test_labels_folder_still_sees_splits() -> None:
    said = said_of("train/batch1/a.jpg", "val/batch2/b.jpg", labels="folder")

    assert list(said.values()) == [("batch1", "train"), ("batch2", "val")]


def test_labels_none_takes_no_label_and_proposes_the_names() -> None:
    layout = layout_of("cat/a.jpg", "dog/b.jpg", labels="none")

    assert (layout.class_level, layout.doubt) == (None, "--labels none was given")
    assert layout.proposed == ("cat", "dog")


def test_proposed_names_come_in_natural_order() -> None:
    layout = layout_of("batch10/a.jpg", "batch2/b.jpg", "batch1/c.jpg")

    assert layout.proposed == ("batch1", "batch2", "batch10")


def test_the_locator_is_the_folder_down_to_the_class() -> None:
    layout = layout_of("train/cat/x/a.jpg", "val/dog/b.jpg")

    assert stated(layout, ("train", "cat", "x")).locator == "folder train/cat/"


def test_empty_folders_count_for_nothing() -> None:
    assert find_layout({("cat",): 3, ("dog",): 0}) == find_layout({("cat",): 3})


NAMES = st.sampled_from(
    [
        "train",
        "val",
        "Test",
        "训练集",
        "cat",
        "dog",
        "images",
        "batch1",
        "batch2",
        "2024-01-01",
        "test1",
        "n01",
    ]
)
TREES = st.dictionaries(
    st.lists(NAMES, max_size=4).map(tuple), st.integers(min_value=1, max_value=9), max_size=8
)
OPTIONS = st.sampled_from(["auto", "folder", "none"])


@given(TREES, OPTIONS, st.randoms(use_true_random=False))
def test_the_order_in_which_folders_are_met_never_matters(
    folders: dict[tuple[str, ...], int], labels: str, random: object
) -> None:
    mixed = list(folders.items())
    random.shuffle(mixed)  # type: ignore[attr-defined]

    assert find_layout(dict(mixed), labels) == find_layout(folders, labels)


@given(TREES, OPTIONS)
def test_every_label_is_one_of_the_folders_of_its_image(
    folders: dict[tuple[str, ...], int], labels: str
) -> None:
    layout = find_layout(folders, labels)

    said = {parts: stated(layout, parts) for parts in folders}

    assert all(one.label is None or one.label in parts for parts, one in said.items())
    assert all(one.split in {None, "train", "val", "test"} for one in said.values())


@given(TREES)
def test_labels_none_gives_no_label_to_any_image(folders: dict[tuple[str, ...], int]) -> None:
    layout = find_layout(folders, "none")

    assert {stated(layout, parts).label for parts in folders} <= {None}


@given(TREES)
def test_a_folder_around_everything_changes_no_label(folders: dict[tuple[str, ...], int]) -> None:
    whole = {("cat", "train"): 1, ("dog", "train"): 1, ("fox", "val"): 1, **folders}
    wrapped = {("around", *parts): count for parts, count in whole.items() if parts}
    bare = {parts: count for parts, count in whole.items() if parts}

    inner, outer = find_layout(bare), find_layout(wrapped)

    assert [stated(outer, ("around", *parts)).label for parts in bare] == [
        stated(inner, parts).label for parts in bare
    ]


def test_splits_at_the_top_count_though_most_images_lie_beside_them() -> None:
    layout = find_layout({("train", "a"): 5, ("test", "a"): 5, ("unlabeled",): 100})

    assert (str(layout.kind), layout.class_level, layout.split_level) == ("<split>/<class>/", 1, 0)
    assert stated(layout, ("unlabeled",)).label is None


def test_classes_below_the_splits_count_though_a_folder_lies_beside_the_wrapper() -> None:
    layout = find_layout({("images", "train", "cat"): 5, ("images", "val", "cat"): 5, ("preview",): 2})

    assert stated(layout, ("images", "train", "cat")).label == "cat"
    assert stated(layout, ("images", "val", "cat")).split == "val"
