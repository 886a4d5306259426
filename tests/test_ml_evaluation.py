from __future__ import annotations

import math

import numpy as np
import pytest

from labelprep.ml.evaluation import ClassFigures, evaluate


def test_figures_of_six_predictions_counted_by_hand() -> None:
    # cat cat cat dog dog owl, of which the second cat is taken for a dog and the owl for a cat
    labels = np.array([0, 0, 0, 1, 1, 2])
    likely = np.array(
        [
            [0.8, 0.1, 0.1],
            [0.2, 0.5, 0.3],
            [0.9, 0.1, 0.0],
            [0.1, 0.8, 0.1],
            [0.3, 0.6, 0.1],
            [0.5, 0.25, 0.25],
        ]
    )

    result = evaluate(likely, labels, ["cat", "dog", "owl"])

    assert result.confusion.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert result.classes == [
        ClassFigures("cat", precision=2 / 3, recall=2 / 3, f1=2 / 3, support=3),
        ClassFigures("dog", precision=2 / 3, recall=1.0, f1=0.8, support=2),
        ClassFigures("owl", precision=0.0, recall=0.0, f1=0.0, support=1),
    ]
    assert result.metrics == pytest.approx(
        {
            "accuracy": 4 / 6,
            "balanced_accuracy": (2 / 3 + 1 + 0) / 3,
            "macro_f1": (2 / 3 + 0.8 + 0) / 3,
            "loss": -math.log(0.8 * 0.2 * 0.9 * 0.8 * 0.6 * 0.25) / 6,
        }
    )


def test_a_class_without_images_counts_only_where_it_was_predicted() -> None:
    labels = np.array([0, 0, 1])
    likely = np.array([[0.9, 0.1, 0.0, 0.0], [0.1, 0.0, 0.9, 0.0], [0.2, 0.8, 0.0, 0.0]])

    result = evaluate(likely, labels, ["a", "b", "predicted", "never"])

    assert result.metrics["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert result.metrics["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert result.classes[3] == ClassFigures("never", 0.0, 0.0, 0.0, 0)


def test_a_probability_of_0_costs_as_much_as_one_of_a_ten_millionth() -> None:
    result = evaluate(np.array([[1.0, 0.0], [1.0, 0.0]], np.float32), np.array([1, 0]), ["a", "b"])

    assert result.metrics["loss"] == pytest.approx(-math.log(1e-7) / 2)


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"probabilities \(0, 2\) do not fit labels \(0,\) and 2 names"):
        evaluate(np.zeros((0, 2)), np.zeros(0, int), ["a", "b"])
