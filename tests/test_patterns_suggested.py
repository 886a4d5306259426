"""Patterns found in file names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.formats.base import Rejected
from labelprep.formats.names import Suggestion, compile_pattern, records, suggest

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
NEEDS_SHARED = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data, which is not here")
WORDS = ("cat", "dog", "fox")
EACH = range(1, 13)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ("{word}.{number}", "{label}.{id}"),
        ("{word}_{number:03}", "{label}_{id}"),
        ("{word}-2024-05-{number:02}-001", "{label}-{id}"),
        ("{word} {number}", "{label} {id}"),
        ("{word} ({number})", "{label} ({id})"),
        ("{word}({number})", "{label}({id})"),
        ("{word}（{number}）", "{label}（{id}）"),
        ("IMG_{word} ({number})", "IMG_{label} ({id})"),
        ("IMG_{word}_{number}", "IMG_{label}_{id}"),
        ("{number:03}_{word}", "{id}_{label}"),
        ("{number:03}_{word}_2", "{id}_{label}_{x_rest}"),
        ("train_{word}_{number}", "{split}_{label}_{id}"),
        ("{word}{number}", "re:^(?P<label>[^\\W\\d_]+)(?P<id>\\d+)$"),
        ("{number}{word}", "re:^(?P<id>\\d+)(?P<label>[^\\W\\d_]\\D*)$"),
        ("big_{word}s_{number}", "big_{label}_{id}"),
    ],
)
def test_the_form_of_names_is_found(names: str, pattern: str) -> None:
    paths = [f"a/{names.format(word=word, number=number)}.jpg" for word in WORDS for number in EACH]

    first = suggest(paths)[0]

    assert first.pattern == pattern
    assert (first.matched, first.unmatched) == (36, 0)
    assert list(first.classes.values()) == [12, 12, 12]


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ("{word}_{number:02}", "{label}_{id}"),
        ("{word}{number:02}", "re:^(?P<label>[^\\W\\d_]+)(?P<id>\\d+)$"),
        ("{number}-{word}", "{id}-{label}"),
        ("照片_{word} ({number})", "照片_{label} ({id})"),
    ],
)
def test_chinese_names_are_read_too(names: str, pattern: str) -> None:
    paths = [
        f"{names.format(word=word, number=number)}.jpg" for word in ("狗", "猫", "金毛犬") for number in EACH
    ]

    first = suggest(paths)[0]

    assert first.pattern == pattern
    assert first.classes == {"狗": 12, "猫": 12, "金毛犬": 12}


def test_classes_of_several_words_are_kept_whole() -> None:
    words = ("golden_retriever", "pug", "great_dane")
    paths = [f"{word}_{number}.jpg" for word in words for number in EACH]

    first = suggest(paths)[0]

    assert first.classes == {"golden_retriever": 12, "great_dane": 12, "pug": 12}


def test_a_proposal_shows_what_it_reads() -> None:
    paths = ["b/dog.1.jpg", "a/cat.1.jpg", "a/cat.2.jpg", "b/dog.2.jpg", "c/7.jpg"]

    assert suggest(paths) == [
        Suggestion(
            "{label}.{id}", 4, 1, {"cat": 2, "dog": 2}, (("a/cat.1.jpg", "cat"), ("b/dog.1.jpg", "dog"))
        )
    ]


def test_splits_alone_are_proposed_as_splits() -> None:
    paths = [f"{split}_{number:03}.jpg" for split in ("train", "test") for number in EACH]

    assert [one.pattern for one in suggest(paths)] == ["{split}_{id}"]


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["cat_1"],
        ["cat_1", "dog_1"],
        [f"IMG_{number:04}" for number in EACH],
        [f"{word}_{number:04}" for word in ("IMG", "DSC") for number in EACH],
        [f"IMG_20240506_{number:06}" for number in EACH],
        [f"2024-05-{day:02}_{number:06}" for day in (6, 7) for number in EACH],
        [f"photo {number}" for number in EACH],
        [f"微信图片_{number}" for number in EACH],
        [f"{number:032x}" for number in range(10**30, 10**30 + 10**28, 10**27)],
        [str(number) for number in EACH],
    ],
)
def test_names_that_tell_nothing_propose_nothing(names: list[str]) -> None:
    assert suggest(f"{name}.jpg" for name in names) == []


@given(
    st.lists(st.text("ab1_-. (猫{}\\", max_size=8).map(lambda stem: f"{stem}.jpg"), max_size=20, unique=True)
)
def test_a_proposal_counts_what_its_pattern_reads(paths: list[str]) -> None:
    for one in suggest(paths):
        items = list(records(compile_pattern(one.pattern), paths))

        assert one.matched + one.unmatched == len(paths)
        assert sum(one.classes.values()) == one.matched
        assert sum(isinstance(item, Rejected) for item in items) >= one.unmatched


@NEEDS_SHARED
def test_cats_and_dogs_propose_one_pattern() -> None:
    root = SHARED / "cats_dogs"
    paths = [path.relative_to(root).as_posix() for path in root.rglob("*.jpg")]

    assert suggest(paths) == [
        Suggestion(
            "{label}.{id}",
            600,
            100,
            {"cat": 300, "dog": 300},
            (("train/cat.0.jpg", "cat"), ("train/dog.0.jpg", "dog")),
        )
    ]


@NEEDS_SHARED
@pytest.mark.parametrize("folder", ["onehot_eggs", "ants_bees", "voc"])
def test_real_names_without_a_class_propose_nothing(folder: str) -> None:
    root = SHARED / folder

    assert suggest(path.relative_to(root).as_posix() for path in root.rglob("*.jp*g")) == []
