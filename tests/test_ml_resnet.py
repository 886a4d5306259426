from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labelprep.errors import TrainingError
from labelprep.ml.networks.building import begin_with, build
from labelprep.ml.networks.resnet import whitening
from labelprep.ml.prediction import forward
from labelprep.ml.training import train
from ml_pictures import CLASSES, halves, recipe


def test_whitened_patches_are_independent_and_vary_alike() -> None:
    random = np.random.default_rng(0)
    smooth = np.cumsum(random.integers(-9, 10, (40, 24, 24, 3)), axis=2) + 128
    pictures = smooth.clip(0, 255).astype(np.uint8)

    filters = whitening(pictures, 3)

    windows = np.lib.stride_tricks.sliding_window_view(pictures / 255, (3, 3), axis=(1, 2))[:, ::2, ::2]
    outputs = np.einsum("nhwcyx,fyxc->nhwf", windows, filters).reshape(-1, len(filters))
    spread = np.cov(outputs, rowvar=False)
    assert filters.shape == (27, 3, 3, 3)
    np.testing.assert_allclose(spread - np.diag(np.diag(spread)), 0, atol=1e-3)
    assert 0.8 < spread[0, 0] <= 1.0


def test_fresh_filters_come_in_opposite_pairs_from_the_pictures() -> None:
    samples = halves(24, side_px=16)
    chosen = recipe(16, model="resnet")
    network = build(chosen, 2)

    begin_with(network, chosen, samples)

    kernel = network.trained.get_layer("stem").get_weights()[0]
    # Nine directions of grey patches: what is left of the filters is drawn as ever.
    np.testing.assert_array_equal(kernel[..., :9], -kernel[..., 9:18])
    np.testing.assert_array_equal(
        kernel[..., 0, :9].transpose(2, 0, 1), whitening(samples.source.read(samples.rows), 3)[..., 0]
    )


@pytest.mark.parametrize("side_px", [16, 64, 96])
def test_any_size_from_16_px_up_gives_a_probability_a_class(side_px: int) -> None:
    network = build(recipe(side_px, model="resnet", size_px=side_px), 3)

    likely = forward(network.saved, (side_px, side_px, 1))(np.zeros((2, side_px, side_px, 1), np.uint8))

    np.testing.assert_allclose(likely.sum(axis=1), 1, rtol=1e-6)
    assert likely.shape == (2, 3)


def test_smaller_pictures_are_refused() -> None:
    with pytest.raises(TrainingError, match="pictures of 15 px are too small for the network 'resnet'"):
        build(recipe(15, model="resnet"), 2)


def test_it_learns() -> None:
    samples = halves(64, side_px=16)
    chosen = replace(recipe(16, model="resnet", batch_size=16, epochs=10), augment="none")

    trained = train(chosen, CLASSES, samples, halves(32, side_px=16, seed=1))

    assert trained.history[-1].val_accuracy == 1.0
