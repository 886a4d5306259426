"""Which labels are doubted, and how many are estimated to be wrong: laws, and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labelprep.ml.audit import (
    Gathering,
    Opinions,
    flagged,
    log_margins,
    noise_of,
    opinions_of,
    ranked,
    thresholds,
)

LARGE = settings(max_examples=60, deadline=None)


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of some images and their labels."""
    images, classes = draw(st.integers(1, 25)), draw(st.integers(2, 6))
    weights = draw(
        arrays.arrays(np.float64, (images, classes), elements=st.floats(0.001, 1.0, allow_nan=False))
    )
    labels = draw(arrays.arrays(np.int32, images, elements=st.integers(0, classes - 1)))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32), labels


def worked() -> Opinions:
    """Return six images of two classes; by hand: means 0.6 and 0.7, the third is confidently of class 1."""
    likely = np.array(
        [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9], [0.6, 0.4]], dtype=np.float32
    )
    return opinions_of(likely, np.array([0, 0, 0, 1, 1, 1]))


def test_the_threshold_of_a_class_is_the_mean_self_confidence_of_its_images() -> None:
    assert thresholds(worked()) == pytest.approx([0.6, 0.7])


def test_confident_images_are_counted_and_scaled_to_the_images_of_each_label() -> None:
    noise = noise_of(worked())

    assert (noise.given.tolist(), noise.meant.tolist()) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert noise.images == pytest.approx([2.0, 1.0, 1.0, 2.0])
    assert noise.wrong == pytest.approx(2.0)
    assert noise.matrix(2).tolist() == [pytest.approx([2 / 3, 1 / 3]), pytest.approx([1 / 3, 2 / 3])]


def test_the_least_likely_labels_are_flagged_first() -> None:
    assert ranked(worked()).tolist() == [2, 5, 1, 3, 0, 4]
    assert flagged(worked(), 1).tolist() == [2]
    assert flagged(worked(), 6).tolist() == [2, 5]


def test_a_margin_tells_two_equal_scores_apart() -> None:
    likely = np.array([[0.2, 0.4, 0.4], [0.2, 0.7, 0.1]], dtype=np.float32)
    opinions = opinions_of(likely, np.array([0, 0]))

    assert ranked(opinions).tolist() == [1, 0]
    assert log_margins(opinions) == pytest.approx(np.log([0.2 / 0.4, 0.2 / 0.7]))


def test_of_a_label_that_no_image_carries_confidently_nothing_is_said_to_be_wrong() -> None:
    likely = np.array([[0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1]], dtype=np.float32)
    opinions = opinions_of(likely, np.array([0, 0]))

    noise = noise_of(opinions)

    assert noise.wrong == 0
    assert noise.images.sum() == 2


def test_what_was_not_judged_counts_for_nothing() -> None:
    gathering = Gathering(np.array([0, 1, 1]), 2)
    gathering.add(np.array([0, 1]), np.array([[0.9, 0.1], [0.7, 0.3]], dtype=np.float32))
    opinions = gathering.opinions()

    assert ranked(opinions).tolist() == [1, 0]
    assert noise_of(opinions).images.sum() == 2


def test_a_network_that_is_always_right_and_sure_doubts_nothing() -> None:
    labels = np.arange(12) % 3
    opinions = opinions_of(np.eye(3, dtype=np.float32)[labels], labels)

    assert noise_of(opinions).wrong == 0
    assert flagged(opinions, 12).tolist() == []


@given(judged())
@LARGE
def test_the_noise_scales_to_the_images_of_each_label(case: tuple[np.ndarray, np.ndarray]) -> None:
    likely, labels = case

    noise = noise_of(opinions_of(likely, labels))

    totals = np.bincount(noise.given, weights=noise.images, minlength=likely.shape[1])
    assert totals == pytest.approx(np.bincount(labels, minlength=likely.shape[1]))
    assert noise.matrix(likely.shape[1]).sum(axis=1) == pytest.approx(1.0)


@given(judged())
@LARGE
def test_scores_rise_along_the_ranking_and_every_image_is_in_it_once(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    likely, labels = case
    opinions = opinions_of(likely, labels)

    order = ranked(opinions)

    assert sorted(order.tolist()) == list(range(len(labels)))
    assert (np.diff(opinions.own[order]) >= 0).all()
    assert (opinions.top[flagged(opinions, len(labels)), 0] != labels[flagged(opinions, len(labels))]).all()


@given(judged(), st.randoms(use_true_random=False))
@LARGE
def test_the_order_in_which_images_are_judged_changes_nothing(
    case: tuple[np.ndarray, np.ndarray], random: object
) -> None:
    likely, labels = case
    rows = list(range(len(labels)))
    random.shuffle(rows)  # type: ignore[attr-defined] # Hypothesis's random
    gathering = Gathering(labels, likely.shape[1])
    for at in range(0, len(rows), 4):
        part = np.array(rows[at : at + 4])
        gathering.add(part, likely[part])

    found, expected = gathering.opinions(), opinions_of(likely, labels)

    assert (found.own == expected.own).all()
    assert (found.top == expected.top).all()
    assert (found.likely == expected.likely).all()


@given(judged())
@LARGE
def test_keeping_fewer_classes_of_an_image_changes_neither_score_nor_margin(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    likely, labels = case
    whole, few = opinions_of(likely, labels), opinions_of(likely, labels, k=2)

    assert (ranked(whole) == ranked(few)).all()
    assert (log_margins(whole) == log_margins(few)).all()


@given(judged())
@LARGE
def test_the_names_of_classes_do_not_matter(case: tuple[np.ndarray, np.ndarray]) -> None:
    likely, labels = case
    turned = (np.arange(likely.shape[1]) + 1) % likely.shape[1]
    moved = np.empty_like(likely)
    moved[:, turned] = likely

    noise, other = noise_of(opinions_of(likely, labels)), noise_of(opinions_of(moved, turned[labels]))

    # Where two classes are equally likely the first is taken, which a new order changes.
    if all(len(set(row)) == len(row) for row in likely.tolist()):
        assert noise.wrong == pytest.approx(other.wrong)
