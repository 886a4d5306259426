"""Calibration: gaps counted by hand, the temperature that a network was spoiled with is found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.ml.calibration import Bin, calibration, fit_temperature, mean_loss, reliability, tempered


def drawn(count: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and labels that were drawn by exactly these probabilities."""
    random = np.random.default_rng(seed)
    likely = tempered(random.dirichlet(np.ones(classes), count), 0.5)
    labels = (random.random(count)[:, None] > likely.cumsum(axis=1)).sum(axis=1)
    return likely, np.minimum(labels, classes - 1)


def test_gaps_of_four_predictions_counted_by_hand() -> None:
    likely = np.array([[0.75, 0.25], [0.25, 0.75], [1.0, 0.0], [0.45, 0.55]])
    labels = np.array([0, 0, 0, 1])

    found = calibration(likely, labels)

    assert found.bins == (
        Bin(0.5, 0.6, 1, 0.55, 1.0),
        Bin(0.7, 0.8, 2, 0.75, 0.5),
        Bin(0.9, 1.0, 1, 1.0, 1.0),
    )
    assert found.ece == pytest.approx((0.45 + 2 * 0.25 + 0) / 4)
    assert (found.temperature, found.ece_scaled) == (1.0, found.ece)
    assert found.why == "4 images are too few to fit a temperature: it takes 50"


def test_the_temperature_that_made_a_network_too_sure_is_found() -> None:
    likely, labels = drawn(4000)

    found = calibration(tempered(likely, 1 / 2.5).astype(np.float32), labels)

    assert found.temperature == pytest.approx(2.5, rel=0.1)
    assert found.ece > 0.1
    assert found.ece_scaled < 0.03
    assert found.loss_scaled < found.loss


def test_a_network_that_is_right_every_time_keeps_its_confidence() -> None:
    likely = np.full((60, 2), (0.9, 0.1))

    found = calibration(likely, np.zeros(60, int))

    assert found.temperature == 1
    assert found.why == "0 wrong predictions are too few to fit a temperature: it takes 5"


def test_a_network_that_was_calibrated_stays_as_it_is_or_gets_better() -> None:
    likely, labels = drawn(200, seed=3)

    found = calibration(likely, labels)

    assert found.loss_scaled <= found.loss
    assert found.temperature == pytest.approx(1, abs=0.25)


@given(st.integers(0, 100), st.floats(0.1, 10))
def test_a_temperature_keeps_the_order_and_never_beats_the_fitted_one(seed: int, other: float) -> None:
    likely, labels = drawn(40, seed=seed)

    best = fit_temperature(likely, labels)

    warm = tempered(likely, other)
    assert np.array_equal(np.argsort(warm, axis=1), np.argsort(likely, axis=1))
    assert np.allclose(warm.sum(axis=1), 1)
    assert mean_loss(tempered(likely, best), labels) <= mean_loss(warm, labels) + 1e-9


def test_a_certain_network_that_is_wrong_still_gives_figures() -> None:
    likely, labels = np.eye(2)[[0] * 30 + [1] * 30].astype(np.float32), np.array([0] * 50 + [1] * 10)

    found = calibration(likely, labels)

    assert np.isfinite([found.loss, found.loss_scaled, found.ece_scaled]).all()
    assert found.temperature > 1


def test_every_picture_is_in_one_bin() -> None:
    likely, labels = drawn(300)

    assert sum(one.images for one in reliability(likely, labels, bins=7)) == 300


def test_no_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        calibration(np.zeros((0, 2)), np.zeros(0, int))
