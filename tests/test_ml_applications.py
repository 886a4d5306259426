from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from labelprep.errors import TrainingError, UsageError
from labelprep.ml.backbones import load_backbone
from labelprep.ml.backend import keras
from labelprep.ml.networks.applications import spread_as_published
from labelprep.ml.options import TrainingOptions, check_options
from labelprep.ml.prediction import forward
from labelprep.ml.published import PUBLISHED
from labelprep.ml.recipes import PictureFacts, resolve
from labelprep.ml.saving import h5_bytes, keras_bytes
from labelprep.ml.transfer import transfer
from ml_pictures import CLASSES, halves

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.ml.backend import KerasModel

SMALL = "mobilenet"


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of weights, drawn at random, of the network ``SMALL``."""
    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNet(
        input_shape=(32, 32, 3), weights=None, include_top=False, pooling="avg"
    )
    path: Path = tmp_path_factory.mktemp("weights") / "small_no_top.h5"
    path.write_bytes(h5_bytes(network))
    return path


def published(keras_name: str, weights: str | None = None) -> KerasModel:
    """Return a network as Keras makes it, for colour pictures of 32 px, without its top layer."""
    make = getattr(keras.applications, keras_name)
    return make(input_shape=(32, 32, 3), weights=weights, include_top=False, pooling="avg")


def pictures(side_px: int, channels: int) -> np.ndarray:
    """Return two pictures of noise."""
    return np.random.default_rng(0).integers(0, 256, (2, side_px, side_px, channels), dtype=np.uint8)


def test_every_published_network_is_one_of_keras() -> None:
    lacking = [
        network.keras_name
        for network in PUBLISHED.values()
        if not callable(getattr(keras.applications, network.keras_name, None))
    ]

    assert lacking == []
    assert PUBLISHED["mobilenetv3small"].side_px == 224


def test_a_file_of_weights_gives_the_features_that_keras_gives(small_weights: Path) -> None:
    plain = keras.applications.MobileNet(
        input_shape=(32, 32, 3), weights=str(small_weights), include_top=False, pooling="avg"
    )
    given = pictures(32, 3)

    backbone = load_backbone(SMALL, (32, 32, 3), str(small_weights))

    wanted = keras.applications.mobilenet.preprocess_input(given.astype(np.float32))
    expected = np.asarray(plain(wanted, training=False))
    assert backbone.features == 1024
    np.testing.assert_allclose(backbone.forward(given), expected, atol=1e-5)


def test_grey_pictures_are_taken_as_colour(small_weights: Path) -> None:
    grey = pictures(32, 1)

    one = load_backbone(SMALL, (32, 32, 1), str(small_weights))
    three = load_backbone(SMALL, (32, 32, 3), str(small_weights))

    np.testing.assert_allclose(one.forward(grey), three.forward(np.repeat(grey, 3, axis=3)), atol=1e-6)
    assert one.weights == three.weights


def test_filters_learned_on_blue_green_red_see_red_green_blue(tmp_path: Path) -> None:
    plain = published("VGG16")
    (tmp_path / "vgg.h5").write_bytes(h5_bytes(plain))
    given = pictures(32, 3)

    backbone = load_backbone("vgg16", (32, 32, 3), str(tmp_path / "vgg.h5"))

    wanted = keras.applications.vgg16.preprocess_input(given.astype(np.float32))
    np.testing.assert_allclose(backbone.forward(given), np.asarray(plain(wanted)), atol=1e-4)


def test_published_spreads_of_efficientnet_are_divided_by() -> None:
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    colours = keras.Input((2, 2, 3))
    network = keras.Model(colours, keras.layers.Normalization()(colours))
    network.layers[1].set_weights([mean, spread, np.array(0)])
    given = np.random.default_rng(0).random((1, 2, 2, 3), np.float32)

    spread_as_published(network)

    np.testing.assert_allclose(np.asarray(network(given)), (given - mean) / spread, atol=1e-5)


def test_a_network_trained_on_a_file_of_weights_loads_again(small_weights: Path, tmp_path: Path) -> None:
    samples = halves(24, side_px=32)
    options = TrainingOptions(model=SMALL, size_px=32, weights=str(small_weights), fine_tune=False)

    recipe = resolve(options, PictureFacts(32, grey=True, images=24, classes=2))

    trained = transfer(recipe, CLASSES, samples, samples)

    (tmp_path / "model.keras").write_bytes(keras_bytes(trained.model))
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    given = samples.source.read(np.arange(4))
    shape = samples.source.shape
    np.testing.assert_array_equal(forward(again, shape)(given), forward(trained.model, shape)(given))


def test_without_weights_it_is_said_which_file_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    # Nobody listens there: as on a machine without a network.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")

    with pytest.raises(TrainingError) as caught:
        load_backbone(SMALL, (32, 32, 3))

    name = "mobilenet_1_0_224_tf_no_top.h5"
    place = tmp_path / "models" / name
    assert caught.value.fix == f"fetch that file and put it at {place}, or name it with --weights FILE"


def test_weights_of_another_network_are_refused(small_weights: Path) -> None:
    with pytest.raises(TrainingError, match="these are no weights of vgg16 without its top layer"):
        load_backbone("vgg16", (32, 32, 3), str(small_weights))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no such file"):
        load_backbone(SMALL, (32, 32, 3), str(tmp_path / "none.h5"))


def test_pictures_too_small_for_a_network_are_refused() -> None:
    with pytest.raises(TrainingError, match="pictures of 64 px are too small for the network 'xception'"):
        load_backbone("xception", (64, 64, 3))


@pytest.mark.parametrize("model", ["auto", "simple", "resnet"])
def test_weights_are_for_backbones_alone(model: str) -> None:
    with pytest.raises(UsageError, match="has no weights to begin with"):
        check_options(TrainingOptions(model=model, weights="w.h5"))
