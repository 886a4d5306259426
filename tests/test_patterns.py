"""Patterns that people type, read from file names."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import UsageError
from labelprep.formats.base import Rejected
from labelprep.formats.names import compile_pattern, records
from labelprep.model.annotation import Annotation, Kind, Record

SHARED = Path(__file__).parents[1].parent / "shared"
CATS_DOGS = SHARED / "data" / "cats_dogs"
FIELD = st.text("abAB01猫 é", min_size=1, max_size=5).filter(lambda text: text == text.strip())


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{label}.{id}", "train/cat.0.jpg", {"label": "cat", "id": "0"}),
        ("{label}.{id}", "cat.0", {"label": "cat", "id": "0"}),
        ("{label}_{id}", "golden_retriever_01.jpg", {"label": "golden", "id": "retriever_01"}),
        ("{id}_{label}", "001_golden_retriever.jpg", {"id": "001", "label": "golden_retriever"}),
        ("{label}", "a/b/cat.jpg", {"label": "cat"}),
        ("{label}{id}", "猫01.jpg", {"label": "猫", "id": "01"}),
        ("IMG_{label} ({id})", "IMG_cat (3).jpg", {"label": "cat", "id": "3"}),
        ("IMG_{label} ({id})", "img_cat (3).jpg", None),
        ("{split}_{group}_{x_camera}_{label}", "train_p7_nikon_cat.jpg",
         {"split": "train", "group": "p7", "x_camera": "nikon", "label": "cat"}),
        ("{label}_{id}.{ext}", "cat_1.tar.JPG", {"label": "cat", "id": "1.tar", "ext": "JPG"}),
        ("{label}.{ext}", "cat.0.jpg", {"label": "cat.0", "ext": "jpg"}),
        ("{label}_{id}.jpg", "cat_1.jpg", {"label": "cat", "id": "1"}),
        ("{label}_{id}.jpg", "cat_1.png", None),
        ("{split}/{label}/{id}", "train/cat/1.jpg", {"split": "train", "label": "cat", "id": "1"}),
        ("{split}\\{label}\\{id}", "train/cat/1.jpg", {"split": "train", "label": "cat", "id": "1"}),
        ("{split}/{label}/{id}", "train/cat/2024/1.jpg", None),
        ("{split}/{label}/{id}", "cat/1.jpg", None),
        ("{group}/{id}_{label}/{x_n}", "p/a_b_c/1.jpg",
         {"group": "p", "id": "a", "label": "b_c", "x_n": "1"}),
        ("{label}/{label}_{id}", "cat/cat_1.jpg", {"label": "cat", "id": "1"}),
        ("{label}/{label}_{id}", "cat/dog_1.jpg", None),
        ("{label}_{id}", "_1.jpg", None),
        ("{label}_{id}", "cat_.jpg", None),
        ("{label}_{id}", " _1.jpg", None),
        ("{label}_{id}", "cat.jpg", None),
        ("{{{label}}}_{id}", "{cat}_1.jpg", {"label": "cat", "id": "1"}),
        ("{label}+({id})", "c.t+(1).jpg", {"label": "c.t", "id": "1"}),
        ("{label}_end", "cat_x_end.jpg", {"label": "cat_x"}),
        ("./{label}/{id}", "cat/1.jpg", {"label": "cat", "id": "1"}),
        ("re:(?P<label>\\D+)\\d+", "sub/猫01.jpg", {"label": "猫"}),
        ("re:^(?P<label>.+)_(?P<id>\\d+)$", "x/german_shepherd_7.jpg",
         {"label": "german_shepherd", "id": "7"}),
        ("re:^(?P<label>[a-z]+)_\\d+\\.jpg$", "cat_1.jpg", {"label": "cat"}),
        ("re:^(?P<label>[a-z]+)_\\d+\\.(jpe?g|png)$", "cat_1.png", {"label": "cat"}),
        ("re:^(?P<label>[^.]+)\\.(?P<ext>\\w+)$", "cat.png", {"label": "cat", "ext": "png"}),
        ("re:^(?P<split>train|val)/(?P<label>[^/]+)/", "train/cat/x/1.jpg",
         {"split": "train", "label": "cat"}),
        ("re:/(?P<label>[^/]+)_\\d+$", "cat_1.jpg", {"label": "cat"}),
        ("re:(?P<label>[^/_]+)_\\d+$", "dog/cat_1.jpg", {"label": "cat"}),
        ("re:(?P<label>.+)/1", "a/b/1.jpg", None),
        ("re:a:\\d(?P<label>.)", "a:1b", {"label": "b"}),
        ("re:(?P<label>cat)|(?P<group>dog)", "dog.jpg", {"group": "dog"}),
        ("re:(?P<label>cat)|\\d+", "12.jpg", None),
    ],
)  # fmt: skip
def test_a_pattern_reads_its_fields(pattern: str, path: str, fields: dict[str, str] | None) -> None:
    assert compile_pattern(pattern).read(path) == fields


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("", "'' has none of the fields that say something"),
        ("{id}_{ext}", "has none of the fields that say something"),
        ("{lable}_{id}", "unknown field 'lable' — did you mean {label}?"),
        ("{Label}_{id}", "unknown field 'Label' — did you mean {label}?"),
        ("{标签}_{id}", "unknown field '标签' — use {label}, {split}"),
        ("{x_}_{label}", "unknown field 'x_'"),
        ("{label", "has a brace without its other half"),
        ("label}", "has a brace without its other half"),
        ("{}_{label}", "has a field without a name"),
        ("/{label}/{id}", "begins with / — leave it out"),
        ("C:\\photos\\{label}_{id}", "begins at a drive — write it relative"),
        ("C:/Program Files/Git/{label}/{id}", "is what Git Bash makes of a pattern with a leading /"),
        (
            "C:/Program Files/Git/{label}/{id}",
            "leave the slash out ({label}/{id}), or set MSYS_NO_PATHCONV=1",
        ),
        ("C:/msys64/{label}_{id}", "leave the slash out ({label}_{id})"),
        ("re;C:\\Program Files\\Git\\([^\\]+)_\\d+", "is what Git Bash makes of a pattern with a leading /"),
        ("re:(?P<label>", "is no regular expression"),
        ("re:(?P<label>[a-)", "is no regular expression"),
        ("re:(?P<label>a{99999999999})", "is no regular expression"),
        ("re:(?P<label>[[a]+)", "is no regular expression"),
        ("re:(?<label>a+)", "write (?P<label>…)"),
        ("re:([a-z]+)_\\d+", "has groups without names — write (?P<label>…)"),
        ("re:[a-z]+", "has none of the fields"),
        ("re:(?P<class_>a+)", "unknown field 'class_'"),
        ("re:" + "(" * 5000 + ")" * 5000, "is no regular expression"),
    ],
)
def test_what_is_no_pattern_is_refused_with_a_way_out(pattern: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        compile_pattern(pattern)

    assert sentence in str(raised.value)
    assert str(raised.value).startswith("--pattern: ")


@pytest.mark.parametrize(
    "expression",
    [
        "(?P<label>(a+)+)b", "(?P<label>(a*)*)b", "(?P<label>(a|a)+)b", "(?P<label>(a|ab)*)c",
        "(?P<label>(.*)*)x", "(?P<label>(\\w+_?)+)-", "(?P<label>([a-z]+_[a-z]+)+)$", "(?P<label>(a?a)+)$",
        "(?P<label>(?:a+){2,30})b",
        "(?P<label>.*.*.*.*)x", "(?P<label>(.*){9})x", "(?i)(?P<label>(a+A*)+)b", "(?P<label>((a|b)|b)+)c",
        "(?P<label>(x|)+)y", "(?P<label>(\\d+\\.?)+)$", "(?P<label>(?:(?=a)a+)+)b", "(?P<label>.*.*.*)\\1.*x",
    ],
)  # fmt: skip
def test_an_expression_that_could_take_forever_is_refused(expression: str) -> None:
    with pytest.raises(UsageError, match="can take forever"):
        compile_pattern(f"re:{expression}")


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("(?P<label>(?:[a-z]+_)+)\\d+", "a_" * 120),
        ("(?P<label>[a-z]+(?:_[a-z]+)*)_\\d+", "a_" * 120),
        ("(?P<label>(?:cat|dog)+)\\d", "catdog" * 40),
        ("^(?P<split>[^/]+)/(?P<label>[^/]+)/[^/]*_(?P<id>\\d+)$", "a/b/" + "_1" * 120 + "x"),
        ("(?P<label>.+)_(?P<id>.+)_!", "_" * 250),
        ("(?P<label>a++)b", "a" * 250),
        ("(?P<label>(?>a+)+)b", "a" * 250),
        ("(?P<label>[^\\W\\d_]+)(?P<id>\\d+)!", "a1" * 120),
        ("(?P<label>a{2}(b|c)?){3}!", "aab" * 80),
        ("(?P<label>\\D+?)\\d+!", "a1" * 120),
        ("(?P<label>cat)(?(label)\\d+|x)!", "cat1" * 60),
        ("(?!IMG)(?P<label>\\w+)-", "a" * 250),
    ],
)
def test_an_expression_that_ends_soon_is_taken(expression: str, name: str) -> None:
    pattern = compile_pattern(f"re:{expression}")

    assert pattern.read(f"{name}.jpg") is None


def test_many_fields_take_no_longer_on_a_name_that_hardly_matches() -> None:
    pattern = compile_pattern("{x_a}_{x_b}_{x_c}_{x_d}_{x_e}_{x_f}_{x_g}_{label}_end")

    assert pattern.read("a_" * 120 + ".jpg") is None


def test_a_path_too_long_for_a_file_is_met_by_no_expression() -> None:
    assert compile_pattern("re:(?P<label>a+)").read("a" * 5000) is None


@given(label=FIELD, identifier=FIELD, split=st.sampled_from(["train", "val"]))
def test_what_a_pattern_has_written_it_reads(label: str, identifier: str, split: str) -> None:
    pattern = compile_pattern("{split}/{label}_{id}.{ext}")

    fields = pattern.read(f"{split}/{label}_{identifier}.jpg")

    assert fields == {"split": split, "label": label, "id": identifier, "ext": "jpg"}


@given(st.text(max_size=30), st.text("ab1_./", max_size=30))
def test_any_text_is_a_pattern_or_wrong_usage(text: str, path: str) -> None:
    fields: dict[str, str] | None = {}

    with suppress(UsageError):
        fields = compile_pattern(text).read(path)

    assert fields is None or all(fields.values())


def test_each_path_is_one_item() -> None:
    pattern = compile_pattern("{split}_{group}_{x_camera}_{label}")
    paths = ["b/Train_p7_nikon_cat (1).jpg", "fold1_p7_nikon_cat.jpg", "cat.jpg"]

    items = list(records(pattern, paths))

    cat = Annotation(Kind.CLASS, "cat (1)", attributes={"x_camera": "nikon"}, locator="file name")
    assert items[0] == Record(paths[0], "file name", (cat,), split="train", group="p7")
    assert [(item.reason, item.issue.where) for item in items if isinstance(item, Rejected)] == [
        ("unknown_split", paths[1]),
        ("no_pattern_match", paths[2]),
    ]


def test_a_pattern_may_state_a_split_alone() -> None:
    items = list(records(compile_pattern("{split}_{id}"), ["验证集_1.jpg"]))

    assert items == [Record("验证集_1.jpg", "file name", (), split="val", is_silent=True)]


@pytest.mark.skipif(not CATS_DOGS.is_dir(), reason="needs the shared data, which is not here")
def test_cats_and_dogs_are_read_to_the_image() -> None:
    paths = [path.relative_to(CATS_DOGS).as_posix() for path in sorted(CATS_DOGS.rglob("*.jpg"))]

    items = list(records(compile_pattern("{label}.{id}"), paths))

    labels = Counter(item.annotations[0].label for item in items if isinstance(item, Record))
    rejected = [item.issue.where for item in items if isinstance(item, Rejected)]
    assert labels == {"cat": 300, "dog": 300}
    assert rejected == [path for path in paths if path.startswith("test1/")]
