"""Names of classes, issues, errors, and the silent progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import (
    Interrupted,
    LabelprepError,
    ManifestError,
    PixelsError,
    SourceError,
    TrainingError,
    UsageError,
    shown,
)
from labelprep.model.classes import alike, fingerprint, folded, natural_key
from labelprep.model.issues import Issue, Severity
from labelprep.model.ranks import Rank
from labelprep.progress import Silent


def test_names_sort_as_a_person_counts() -> None:
    names = ["class 10", "class 2", "Class 1", "b", "A", "猫10", "猫9", "10", "9"]

    ordered = sorted(names, key=natural_key)

    assert ordered == ["9", "10", "A", "b", "Class 1", "class 2", "class 10", "猫9", "猫10"]


def test_digits_of_other_scripts_and_superscripts_sort_without_error() -> None:
    assert sorted(["a²", "a٣", "a2"], key=natural_key) == ["a2", "a٣", "a²"]


def test_a_name_of_thousands_of_digits_is_sorted_too() -> None:
    names = ["cat", "9" * 5_000, "10"]

    assert sorted(names, key=natural_key) == ["10", "9" * 5_000, "cat"]


@given(st.lists(st.text(max_size=6), max_size=12))
def test_natural_order_does_not_depend_on_the_order_before(names: list[str]) -> None:
    mixed = sorted(names, key=lambda name: name[::-1])

    assert sorted(mixed, key=natural_key) == sorted(names, key=natural_key)


@pytest.mark.parametrize("name", ["Cat", "cat ", "ｃａｔ", "ca\u200bt", "\ufeffcat", "c\u00adat"])
def test_names_that_look_like_cat_fold_to_cat(name: str) -> None:
    assert folded(name) == "cat"


def test_composed_and_decomposed_accents_fold_alike() -> None:
    assert folded("caf\u00e9") == folded("cafe\u0301")


def test_names_that_look_alike_come_in_groups_and_others_not_at_all() -> None:
    groups = alike(["dog", "cat", "Cat", "ca\u200bt", "owl", "Dog"])

    assert groups == [("Cat", "cat", "ca\u200bt"), ("Dog", "dog")]


def test_a_name_given_twice_is_not_alike_itself() -> None:
    assert alike(["cat", "cat"]) == []


def test_a_fingerprint_tells_lists_apart_by_order_and_by_borders() -> None:
    prints = {fingerprint(names) for names in (["ab", "c"], ["a", "bc"], ["c", "ab"], ["ab", "c", ""], [])}

    assert len(prints) == 5
    assert fingerprint(["ab", "c"]) == fingerprint(("ab", "c"))


def test_an_issue_becomes_json_with_its_five_contract_names() -> None:
    issue = Issue("LP101", Severity.ERROR, "cat/a.png", "0 bytes", "replace the file")

    assert issue.as_json() == {
        "code": "LP101",
        "severity": "error",
        "where": "cat/a.png",
        "problem": "0 bytes",
        "fix": "replace the file",
    }


def test_ranks_go_from_person_down_to_model() -> None:
    ordered = sorted(Rank, reverse=True)

    assert ordered == [Rank.PERSON, Rank.SHEET, Rank.FILE_NAME, Rank.FOLDER, Rank.MODEL]


def test_an_error_is_one_sentence_of_three_parts() -> None:
    error = SourceError("there is no such folder", where="imgs", fix="check the spelling")

    assert str(error) == "imgs: there is no such folder — check the spelling"
    assert error.as_json() == {
        "code": "source",
        "where": "imgs",
        "problem": "there is no such folder",
        "fix": "check the spelling",
    }


def test_an_error_without_place_and_fix_is_its_problem() -> None:
    assert str(LabelprepError("it broke")) == "it broke"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, 2),
        (ManifestError, 3),
        (SourceError, 3),
        (PixelsError, 3),
        (TrainingError, 3),
        (Interrupted, 130),
    ],
)
def test_each_error_has_its_exit_code(kind: type[LabelprepError], code: int) -> None:
    assert kind("x").exit_code == code


def test_a_value_is_shown_as_its_repr_cut_at_sixty_characters() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert shown("x" * 100) == "'" + "x" * 58 + "…"


def test_a_silent_progress_takes_everything_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()

    with silent.track("reading", 3) as bar:
        bar.advance()
        bar.note("a note")
    silent.say("a sentence")

    assert capsys.readouterr() == ("", "")
