"""Which of several labels are doubted: laws, and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labelprep.ml.several_audit import Answers, SeveralGathering, doubted, log_margins, proposed, wrong_of


def answers_of(likely: np.ndarray, labels: np.ndarray, k: int = 10) -> Answers:
    gathering = SeveralGathering(labels, k)
    gathering.add(np.arange(len(labels)), likely, np.ones(labels.shape[1], bool))
    return gathering.answers()


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of some images and classes, and the labels."""
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    likely = draw(arrays.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    labels = draw(arrays.arrays(np.float32, shape, elements=st.sampled_from([0.0, 1.0])))
    return likely, labels


def test_a_class_that_is_seen_but_not_given_and_one_that_is_given_but_not_seen_are_both_flagged() -> None:
    labels = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    likely = np.where(labels > 0, 0.9, 0.1).astype(np.float32)
    likely[0, 1] = 0.95
    likely[3, 1] = 0.05

    answers = answers_of(likely, labels)

    assert wrong_of(answers).round().tolist() == [[0, 0], [1, 1]]
    assert doubted(answers).any(axis=1).tolist() == [True, False, False, True, False, False]
    assert [proposed(answers, row, labels[row]).tolist() for row in (0, 1, 3)] == [
        [True, True],
        [True, False],
        [False, False],
    ]


def test_an_image_is_as_doubtful_as_the_most_doubtful_of_its_answers() -> None:
    answers = answers_of(np.array([[0.9, 0.8, 0.3]], np.float32), np.array([[1, 0, 0]], np.float32))

    assert answers.places[0].tolist() == [1, 2, 0]
    assert answers.own[0] == pytest.approx([0.2, 0.7, 0.9])
    assert log_margins(answers)[0] == pytest.approx(np.log(0.2 / 0.8), rel=1e-5)


def test_of_a_class_that_nobody_could_learn_nothing_is_doubted() -> None:
    gathering = SeveralGathering(np.array([[1, 0]], np.float32))
    gathering.add(np.array([0]), np.array([[0.0, 1.0]], np.float32), np.array([True, False]))

    answers = gathering.answers()

    assert answers.places[0].tolist() == [0, 1]
    assert answers.own[0].tolist() == [0.0, 1.0]


@given(judged())
def test_no_more_labels_are_wrong_than_there_are(case: tuple[np.ndarray, np.ndarray]) -> None:
    likely, labels = case

    wrong = wrong_of(answers_of(likely, labels))

    carried = np.stack((len(labels) - labels.sum(axis=0), labels.sum(axis=0)), axis=1)
    assert (wrong >= 0).all()
    assert (wrong <= carried + 1e-6).all()


@given(judged())
def test_only_what_the_network_disagrees_with_is_flagged(case: tuple[np.ndarray, np.ndarray]) -> None:
    likely, labels = case
    answers = answers_of(likely, labels)

    marked = doubted(answers)

    assert (answers.own[marked] < 0.5).all()
    for place in range(labels.shape[1]):
        for has in (0, 1):
            of_kind = marked & (answers.places == place) & (answers.given == bool(has))
            assert of_kind.sum() <= round(wrong_of(answers)[place, has])


@given(judged())
def test_the_order_in_which_images_are_judged_changes_nothing(case: tuple[np.ndarray, np.ndarray]) -> None:
    likely, labels = case
    gathering = SeveralGathering(labels)
    for row in reversed(range(len(labels))):
        gathering.add(np.array([row]), likely[row : row + 1], np.ones(labels.shape[1], bool))

    found, expected = gathering.answers(), answers_of(likely, labels)

    assert (found.own == expected.own).all()
    assert (found.counts == expected.counts).all()
    assert wrong_of(found) == pytest.approx(wrong_of(expected))
