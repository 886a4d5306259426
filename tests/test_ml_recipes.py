from __future__ import annotations

import subprocess
import sys

import pytest

from labelprep.errors import UsageError
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, resolve

DIGITS = PictureFacts(median_side_px=28, grey=True, images=60_000, classes=10)
PHOTOS = PictureFacts(median_side_px=480, grey=False, images=400, classes=2)


def test_every_default_of_small_pictures_is_told() -> None:
    recipe = resolve(TrainingOptions(model="simple"), DIGITS)

    assert recipe.defaults == {
        "image_size": 28,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "fit": "crop",
        "epochs": 5,
        "batch_size": 128,
        "initialisation": "glorot_uniform",
        "loss": "cross-entropy",
        "seed": 0,
        "schedule": "constant",
        "weight_decay": 0.0,
        "augment": "none",
        "label_smoothing": 0.0,
        "mixup": 0.0,
        "cutmix": 0.0,
        "ema": False,
    }
    assert recipe.shape == (28, 28, 1)


def test_compact_brings_its_own_optimizer_schedule_and_shift() -> None:
    recipe = resolve(TrainingOptions(model="compact"), DIGITS)

    assert (recipe.optimizer, recipe.learning_rate, recipe.weight_decay) == ("adamw", 6e-3, 2e-2)
    assert (recipe.schedule, recipe.epochs, recipe.augment, recipe.initialisation) == (
        "one-cycle",
        4,
        "auto",
        "he_normal",
    )


def test_photos_are_128_px_in_colour_in_smaller_batches_for_20_epochs() -> None:
    recipe = resolve(TrainingOptions(model="compact"), PHOTOS)

    assert recipe.shape == (128, 128, 3)
    assert (recipe.batch_size, recipe.epochs, recipe.augment) == (32, 20, "auto")


def test_what_was_chosen_is_no_default() -> None:
    options = TrainingOptions(
        model="compact",
        size_px=64,
        epochs=7,
        batch_size=16,
        learning_rate=0.1,
        optimizer="momentum",
        initialisation="he_uniform",
        loss="focal",
        seed=9,
        fit="pad",
        augment="none",
        schedule="plateau",
        weight_decay=0.0,
        label_smoothing=0.1,
        mixup=0.2,
        cutmix=1.0,
        ema=True,
    )

    recipe = resolve(options, PHOTOS)

    assert recipe.defaults == {}
    assert (recipe.size_px, recipe.epochs, recipe.batch_size, recipe.learning_rate) == (64, 7, 16, 0.1)
    assert (recipe.optimizer, recipe.initialisation, recipe.loss) == ("momentum", "he_uniform", "focal")
    assert (recipe.seed, recipe.fit, recipe.augment, recipe.weight_decay) == (9, "pad", "none", 0.0)
    assert (recipe.schedule, recipe.label_smoothing, recipe.mixup) == ("plateau", 0.1, 0.2)
    assert (recipe.cutmix, recipe.ema) == (1.0, True)


def test_another_optimizer_has_another_usual_rate() -> None:
    rates = {
        name: resolve(TrainingOptions(model="simple", optimizer=name), DIGITS).learning_rate
        for name in ("sgd", "momentum", "adam", "adamw", "rmsprop")
    }

    assert rates == {"sgd": 0.05, "momentum": 0.02, "adam": 0.001, "adamw": 0.001, "rmsprop": 0.001}


@pytest.mark.parametrize(
    ("facts", "model", "why"),
    [
        (DIGITS, "compact", "it learns more from 6000 images a class at 28 px than the simple network does"),
        (
            PictureFacts(28, grey=True, images=50, classes=10),
            "simple",
            "5 images a class are too few for a network with batch normalisation",
        ),
        (
            PictureFacts(6, grey=True, images=500, classes=2),
            "simple",
            "pictures of 6 px are too small for the other networks",
        ),
    ],
)
def test_auto_says_why_it_picks_a_network(facts: PictureFacts, model: str, why: str) -> None:
    recipe = resolve(TrainingOptions(), facts)

    assert (recipe.model, recipe.why, recipe.defaults["model"]) == (model, why, model)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (TrainingOptions(size_px=0), "--image-size: 0 is too small — give a whole number from 1 up"),
        (TrainingOptions(epochs=-1), "--epochs: -1 is too small — give a whole number from 1 up"),
        (TrainingOptions(epochs=0), "--epochs: 0 is too small — give a whole number from 1 up"),
        (TrainingOptions(batch_size=0), "--batch-size: 0 is too small — give a whole number from 1 up"),
        (TrainingOptions(seed=-1), "--seed: -1 is too small — give a whole number from 0 up"),
        (TrainingOptions(seed=2**32), "--seed: 4294967296 is too large — give at most 4294967295"),
        (
            TrainingOptions(learning_rate=0.0),
            "--learning-rate: 0.0 cannot be a learning rate — give a number such as 0.001",
        ),
        (
            TrainingOptions(learning_rate=float("nan")),
            "--learning-rate: nan cannot be a learning rate — give a number such as 0.001",
        ),
        (
            TrainingOptions(optimizer="lion"),
            "--optimizer: 'lion' is not known — choose sgd, momentum, nesterov, adam, adamw, rmsprop, muon",
        ),
        (TrainingOptions(loss="hinge"), "--loss: 'hinge' is not known — choose cross-entropy, focal, mse"),
        (TrainingOptions(fit="zoom"), "--fit: 'zoom' is not known — choose crop, pad, stretch"),
    ],
)
def test_a_value_no_training_can_use_is_refused_by_its_option(
    options: TrainingOptions, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(options, DIGITS)

    assert str(caught.value) == sentence


def test_modules_that_need_no_network_load_no_tensorflow() -> None:
    names = ["samples", "augmenting", "recipes", "listening", "evaluation", "plots", "bundle", "backend"]
    program = (
        f"import sys\nfor name in {names}: __import__('labelprep.ml.' + name)\nprint(*sorted(sys.modules))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "labelprep.ml.bundle" in loaded
    assert {"tensorflow", "keras", "matplotlib", "pandas"}.isdisjoint(loaded)


def test_a_model_that_is_none_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        resolve(TrainingOptions(model="alexnet"), DIGITS)

    assert str(caught.value) == (
        "--model: 'alexnet' is not known — choose auto, simple, compact, resnet, efficientnet-lite0, -lite1, "
        "-lite2, or a network of keras.applications in small letters, such as mobilenetv3small"
    )


def test_small_colour_pictures_are_learned_by_the_residual_network() -> None:
    facts = PictureFacts(median_side_px=32, grey=False, images=25_000, classes=10)

    recipe = resolve(TrainingOptions(), facts)

    assert (recipe.model, recipe.epochs, recipe.label_smoothing) == ("resnet", 8, 0.1)
    assert recipe.why == (
        "on colour pictures of 32 px it learns more from 2500 images a class than the other networks do"
    )
