"""Schedules, optimizers, mixing, averaging, range test, budget, precision: each does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labelprep.errors import UsageError
from labelprep.ml.augmenting import Augment, augmented, preset
from labelprep.ml.averaging import Average
from labelprep.ml.backend import keras, tf
from labelprep.ml.mirroring import mirror_test
from labelprep.ml.mixing import Mixing, mixed
from labelprep.ml.networks.building import build
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.options import TrainingOptions, check_options
from labelprep.ml.precision import policy_of
from labelprep.ml.prediction import probabilities
from labelprep.ml.samples import Samples
from labelprep.ml.schedules import Plateau
from labelprep.ml.steps import Goal, goal_of, loss_function
from labelprep.ml.training import train
from ml_pictures import CLASSES, Pictures, halves, recipe


def test_a_cosine_warms_up_shortly_and_ends_near_0() -> None:
    optimizer = make_optimizer(recipe(schedule="cosine", learning_rate=1.0), steps=199)

    rates = [float(optimizer._learning_rate(step)) for step in range(199)]

    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates.index(max(rates)) in {9, 10}
    assert rates[104] == pytest.approx(0.5, abs=0.01)
    assert 0 <= rates[-1] < 1e-3
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_plateau_is_a_fifth_after_three_epochs_without_a_better_one() -> None:
    plateau = Plateau(1.0)

    rates = [plateau.next_rate(loss) for loss in (0.9, 0.8, 0.8, 0.85, 0.81, 0.7, 0.9, 0.9, 0.9)]

    assert rates == pytest.approx([1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2, 0.04])


def test_a_training_that_stands_still_lowers_its_rate_and_stops_by_patience() -> None:
    # The validation labels are all wrong: the first epoch is the best.
    val = replace(halves(16, seed=1), labels=1 - halves(16, seed=1).labels)

    trained = train(recipe(epochs=30, schedule="plateau", patience=4), CLASSES, halves(64), val)

    stopped = len(trained.history)
    assert stopped == trained.kept_epoch + 4 < 30
    assert trained.notes[-1] == f"Stopped after epoch {stopped}: no better validation for 4 epochs."
    assert not trained.interrupted


@pytest.mark.parametrize("optimizer", ["nesterov", "muon", "rmsprop", "adamw"])
def test_every_optimizer_learns(optimizer: str) -> None:
    trained = train(recipe(optimizer=optimizer, epochs=6), CLASSES, halves(64))

    assert trained.history[-1].loss < trained.history[0].loss * 0.9


def test_mixup_blends_pictures_and_targets_by_the_same_share() -> None:
    pictures = np.repeat(np.arange(6, dtype=np.float32)[:, None, None, None] * 10, 4, axis=1)
    targets = np.eye(6, dtype=np.float32)

    blended, shares = mixed(tf.constant(pictures), tf.constant(targets), tf.constant(3), Mixing(1.0, 0.0, 7))

    assert np.asarray(shares).sum(axis=1) == pytest.approx(np.ones(6))
    expected = np.asarray(shares) @ (np.arange(6) * 10)
    assert np.asarray(blended)[:, 0, 0, 0] == pytest.approx(expected, abs=1e-4)


def test_cutmix_pastes_a_part_as_large_as_the_target_says() -> None:
    values = np.arange(5, dtype=np.float32)
    pictures = np.broadcast_to(values[:, None, None, None], (5, 20, 20, 1))
    targets = np.eye(5, dtype=np.float32)

    for step in range(10):
        pasted, shares = mixed(
            tf.constant(pictures), tf.constant(targets), tf.constant(step), Mixing(0.0, 1.0, 0)
        )
        found = np.stack([(np.asarray(pasted) == value).mean(axis=(1, 2, 3)) for value in values], axis=1)
        assert found == pytest.approx(np.asarray(shares), abs=1e-6)


def test_mixing_follows_from_seed_and_step() -> None:
    pictures, targets = tf.random.uniform((4, 8, 8, 1)), tf.eye(4)
    both = Mixing(0.4, 1.0, 5)

    first, again, later = (
        np.asarray(mixed(pictures, targets, tf.constant(step), both)[0]) for step in (2, 2, 3)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_an_average_lies_between_first_and_last_weights_and_can_be_lent() -> None:
    network = build(recipe(), classes=2).trained
    average = Average(network)
    first = network.get_weights()[0].copy()
    network.set_weights([weight + 1 for weight in network.get_weights()])

    average.update(tf.constant(10))
    with average.in_place():
        lent = network.get_weights()[0].copy()

    # After ten steps the average keeps 11/20 of itself.
    assert lent == pytest.approx(first + 9 / 20, abs=1e-5)
    assert network.get_weights()[0] == pytest.approx(first + 1)


def test_label_smoothing_spreads_a_share_of_each_target_over_all_classes() -> None:
    one = Goal(loss_function("cross-entropy"), 4, smoothing=0.2)
    several = Goal(loss_function("binary-cross-entropy"), 2, several=True, smoothing=0.2)

    assert np.asarray(one.targets(tf.constant([2]))) == pytest.approx(np.array([[0.05, 0.05, 0.85, 0.05]]))
    assert np.asarray(several.targets(tf.constant([[1.0, 0.0]]))) == pytest.approx(np.array([[0.9, 0.1]]))


def test_a_weight_of_0_leaves_a_picture_out() -> None:
    # Class 1 is labelled 0 in half of the pictures, which weigh nothing.
    samples = halves(128)
    wrong = np.arange(128) % 4 == 1
    labels = np.where(wrong, 0, samples.labels).astype(np.int32)
    weights = np.where(wrong, 0.0, 1.0).astype(np.float32)
    val = halves(32, seed=1)

    trained = train(recipe(epochs=6), CLASSES, replace(samples, labels=labels, weights=weights), val)

    assert trained.history[-1].val_accuracy == 1.0


def test_several_labels_a_picture_are_learned_each_by_itself() -> None:
    # Bright left, bright right, both or neither: a label for each side.
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (160, 2)).astype(np.float32)
    pictures = random.integers(0, 60, (160, 12, 12, 1), dtype=np.uint8)
    pictures[labels[:, 0] == 1, :, :6] += 190
    pictures[labels[:, 1] == 1, :, 6:] += 190
    samples = Samples([f"{at}.png" for at in range(160)], labels, np.arange(160), Pictures(pictures))

    trained = train(recipe(epochs=8), ["left", "right"], samples, samples)

    likely = probabilities(trained.model, samples.source, samples.rows)
    assert trained.history[-1].val_accuracy == 1.0
    assert np.array_equal(likely > 0.5, labels > 0.5)
    assert goal_of(recipe(loss="focal"), 2, labels).several


def test_a_range_test_finds_a_rate_that_learns_and_leaves_its_curve() -> None:
    trained = train(recipe(find_rate=True, epochs=3), CLASSES, halves(64), halves(16, seed=1))

    rates = [rate for rate, _ in trained.rate_test]
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(1e-5)
    losses = [loss for _, loss in trained.rate_test]
    enough = min(losses) + 0.05 * (losses[0] - min(losses))
    lowest = next(rate for rate, loss in trained.rate_test if loss <= enough)
    assert trained.recipe.learning_rate == pytest.approx(lowest / 10, rel=0.06)
    assert trained.notes[0].startswith(f"Learning rate {trained.recipe.learning_rate:g}: a tenth of the one")
    assert trained.history[-1].val_accuracy == 1.0


def test_a_rehearsal_leaves_the_training_as_it_would_have_been() -> None:
    samples = halves(64)
    rehearsed = train(recipe(find_rate=True, epochs=2, seed=4), CLASSES, samples)

    plain = train(recipe(learning_rate=rehearsed.recipe.learning_rate, epochs=2, seed=4), CLASSES, samples)

    assert [r.loss for r in plain.history] == pytest.approx([r.loss for r in rehearsed.history], rel=1e-5)


def test_a_budget_decides_the_epochs_nobody_chose_and_limits_those_chosen() -> None:
    free = replace(recipe(minutes=0.1), defaults={"epochs": 5})

    many = train(free, CLASSES, halves(16))
    few = train(recipe(minutes=0.1, epochs=2), CLASSES, halves(16))

    assert len(many.history) > 5
    assert f"{len(many.history)} epochs: what fits into 6.0 s here." in many.notes
    assert len(few.history) == 2


def test_a_mixture_trains_and_what_is_saved_computes_in_float32() -> None:
    samples, val = halves(64), halves(16, seed=1)

    trained = train(recipe(precision="mixed", epochs=4), CLASSES, samples, val)

    assert policy_of("mixed") == "mixed_bfloat16"
    assert policy_of("auto") == "float32"
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    assert trained.history[-1].val_accuracy == 1.0
    assert keras.config.dtype_policy().name == "float32"


def test_mirroring_is_measured_by_the_pictures() -> None:
    # In halves left and right are all that tells the classes apart; then top and bottom are.
    sideways = halves(80)
    upright = np.swapaxes(sideways.source.read(sideways.rows), 1, 2).copy()
    turned = Samples(sideways.paths, sideways.labels, sideways.rows, Pictures(upright))

    matters, harmless, few = mirror_test(sideways, 0), mirror_test(turned, 0), mirror_test(halves(30), 0)

    assert not matters.keeps_label
    assert matters.why.endswith("left and right matter")
    assert harmless.keeps_label
    assert (harmless.plain, harmless.mirrored) == (1.0, 1.0)
    assert few.why == "30 pictures are too few to tell whether mirroring keeps a label"


def test_auto_augmentation_is_decided_and_said() -> None:
    trained = train(recipe(augment="auto"), CLASSES, halves(80))

    assert trained.recipe.augment == "shift"
    assert trained.notes[0].startswith("Pictures are shifted, not mirrored: a quick test knows 100%")


def test_photo_changes_light_by_at_most_a_fifth() -> None:
    pictures = np.full((300, 6, 6, 3), 127, np.uint8)

    changed = augmented(pictures, Augment(0, light=0.2), np.random.default_rng(0))

    assert changed.min() >= 100
    assert changed.max() <= 153
    assert len(set(changed[:, 0, 0, 0].tolist())) > 20
    assert preset("photo", 224) == Augment(14, flip=True, light=0.2)
    assert preset("none", 28) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            TrainingOptions(minutes=0.0),
            "--minutes: 0.0 is no length of time — give a number above 0, such as 10",
        ),
        (
            TrainingOptions(label_smoothing=1.0),
            "--label-smoothing: 1.0 cannot be used — give a number from 0 up and below 1",
        ),
        (TrainingOptions(mixup=-0.1), "--mixup: -0.1 cannot be used — give a number from 0 up"),
        (
            TrainingOptions(schedule="cosine", patience=3),
            (
                "--patience: a cosine schedule has to run to its end, where its rate is 0 — "
                "leave it out, or choose --schedule constant or plateau"
            ),
        ),
        (TrainingOptions(patience=0), "--patience: 0 is too small — give a whole number from 1 up"),
    ],
)
def test_a_setting_no_training_can_use_is_refused(options: TrainingOptions, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_options(options)

    assert str(caught.value) == sentence
