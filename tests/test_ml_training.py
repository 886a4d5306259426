from __future__ import annotations

import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from labelprep.errors import PixelsError, TrainingError
from labelprep.ml.evaluation import evaluate, top_k
from labelprep.ml.listening import Quiet
from labelprep.ml.networks.building import build
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.options import INITIALISATIONS, LOSSES, OPTIMIZERS
from labelprep.ml.prediction import probabilities
from labelprep.ml.samples import Samples
from labelprep.ml.steps import loss_function
from labelprep.ml.training import Trained, train
from ml_pictures import CLASSES, Pictures, halves, numbered, recipe

if TYPE_CHECKING:
    from labelprep.ml.listening import EpochReport, StepReport


class Notebook(Quiet):
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.estimates: list[float] = []
        self.steps: list[StepReport] = []
        self.epochs: list[EpochReport] = []

    def said(self, text: str) -> None:
        self.sentences.append(text)

    def estimated(self, seconds: float) -> None:
        self.estimates.append(seconds)

    def stepped(self, report: StepReport) -> None:
        self.steps.append(report)

    def epoch_ended(self, report: EpochReport) -> None:
        self.epochs.append(report)


class Impatient(Notebook):
    """A listener whose person presses Ctrl-C at the first report of the second epoch."""

    def stepped(self, report: StepReport) -> None:
        super().stepped(report)
        # Once: on a slow machine an epoch has several reports, and a second Ctrl-C means more.
        if [known.epoch for known in self.steps].count(2) == 1 and report.epoch == 2:
            signal.raise_signal(signal.SIGINT)


def accuracy(trained: Trained, samples: Samples) -> float:
    """Return how often a trained network is right."""
    likely = probabilities(trained.model, samples.source, samples.rows)
    return evaluate(likely, samples.labels, CLASSES).metrics["accuracy"]


@pytest.mark.parametrize(("model", "side_px"), [("simple", 12), ("compact", 12), ("compact", 40)])
def test_a_network_learns_to_tell_two_kinds_apart(model: str, side_px: int) -> None:
    samples, val = halves(64, side_px), halves(16, side_px, seed=1)

    trained = train(recipe(side_px, model=model, epochs=4), CLASSES, samples, val)

    assert accuracy(trained, val) == 1.0
    assert [report.epoch for report in trained.history] == [1, 2, 3, 4]
    assert trained.history[-1].val_accuracy == 1.0
    assert not trained.interrupted


def test_outputs_are_probabilities() -> None:
    samples = halves(20)
    trained = train(recipe(), CLASSES, samples)

    likely = probabilities(trained.model, samples.source, samples.rows)

    assert likely.dtype == np.float32
    assert likely.shape == (20, 2)
    assert likely.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-6)


def test_probabilities_stand_in_the_order_of_the_rows_whatever_the_batch() -> None:
    samples = halves(30)
    trained = train(recipe(), CLASSES, samples)
    rows = np.array([7, 3, 29, 3])
    advanced: list[int] = []

    chosen = probabilities(trained.model, samples.source, rows, batch_size=3, advance=advanced.append)
    every = probabilities(trained.model, samples.source, samples.rows)

    assert np.abs(chosen - every[rows]).max() < 1e-5
    assert advanced == [3, 1]


def test_top_k_is_likeliest_first_and_keeps_the_order_of_equals() -> None:
    outputs, likely = top_k(np.array([[0.25, 0.5, 0.25], [0.1, 0.2, 0.7]], np.float32), 2)

    assert outputs.tolist() == [[1, 0], [2, 1]]
    assert likely.tolist() == [[0.5, 0.25], [np.float32(0.7), np.float32(0.2)]]


def test_the_same_seed_gives_the_same_network() -> None:
    samples, val = halves(40), halves(10, seed=1)
    wanted = recipe(model="compact", seed=5)

    first, second, other = (
        train(each, CLASSES, samples, val) for each in (wanted, wanted, recipe(model="compact", seed=6))
    )

    same = zip(first.model.get_weights(), second.model.get_weights(), strict=True)
    assert max(float(np.abs(a - b).max()) for a, b in same) < 1e-6
    assert [r.loss for r in first.history] == pytest.approx([r.loss for r in second.history], rel=1e-4)
    assert first.history[0].loss != pytest.approx(other.history[0].loss)


def test_a_listener_hears_seed_estimate_steps_and_epochs() -> None:
    notebook = Notebook()

    trained = train(recipe(epochs=3), CLASSES, halves(90), halves(10), notebook)

    assert notebook.sentences == ["Seed 0 (Python, numpy and TensorFlow)."]
    assert notebook.epochs == trained.history
    assert [report.steps for report in trained.history] == [12, 12, 12]
    last = notebook.steps[-1]
    assert (last.epoch, last.epochs, last.step, last.steps) == (3, 3, 12, 12)
    assert (last.loss, last.accuracy) == (trained.history[-1].loss, trained.history[-1].accuracy)
    assert len(notebook.estimates) == 1


def test_the_epoch_that_validates_best_is_kept_and_the_last_where_the_schedule_ends_at_0() -> None:
    # The validation labels are all wrong, so that validation falls while training gets better.
    samples = halves(64)
    val = replace(halves(16, seed=1), labels=1 - halves(16, seed=1).labels)

    constant = train(recipe(epochs=3), CLASSES, samples, val)
    ending = train(recipe(model="compact", epochs=3), CLASSES, samples, val)
    alone = train(recipe(epochs=3), CLASSES, samples)

    best = max(constant.history, key=lambda report: (report.val_accuracy or 0, -(report.val_loss or 0)))
    assert constant.kept_epoch == best.epoch < 3
    kept = evaluate(probabilities(constant.model, val.source, val.rows), val.labels, CLASSES)
    assert kept.metrics["loss"] == pytest.approx(best.val_loss, abs=1e-4)
    assert ending.kept_epoch == 3
    assert alone.kept_epoch == 3
    assert alone.history[0].val_loss is None


def test_ctrl_c_ends_after_the_step_and_leaves_a_network_that_can_be_used() -> None:
    samples, val = halves(64), halves(16, seed=1)
    before = signal.getsignal(signal.SIGINT)
    notebook = Impatient()

    trained = train(recipe(epochs=50), CLASSES, samples, val, notebook)

    assert trained.interrupted
    assert len(trained.history) == 2
    assert trained.history[1].steps <= 8
    assert trained.kept_epoch in {1, 2}
    assert probabilities(trained.model, val.source, val.rows).shape == (16, 2)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_that_is_no_signal_leaves_a_network_too() -> None:
    class Interrupting(Notebook):
        def stepped(self, report: StepReport) -> None:
            super().stepped(report)
            raise KeyboardInterrupt

    trained = train(recipe(), CLASSES, halves(16), None, Interrupting())

    assert trained.interrupted
    assert (trained.history, trained.kept_epoch) == ([], 0)


def test_training_works_outside_the_main_thread() -> None:
    results: list[Trained] = []
    thread = threading.Thread(target=lambda: results.append(train(recipe(), CLASSES, halves(16))))

    thread.start()
    thread.join()

    assert [len(result.history) for result in results] == [2]


def test_a_batch_larger_than_the_data_is_cut_and_said() -> None:
    notebook = Notebook()

    trained = train(recipe(batch_size=500), CLASSES, halves(10), None, notebook)

    assert trained.notes == ["Batches hold 10 images instead of 500: there are no more."]
    assert notebook.sentences[1:] == trained.notes
    assert [report.steps for report in trained.history] == [1, 1]


@pytest.mark.parametrize(
    ("classes", "count", "sentence"),
    [
        (
            ["cat"],
            4,
            "classes: there is only one class to learn, 'cat' — label images of at least two classes",
        ),
        ([], 4, "classes: there is no class to learn — label images of at least two classes"),
        (CLASSES, 0, "train: no labelled image to train on — label images, or check the split"),
    ],
)
def test_nothing_to_learn_is_an_error(classes: list[str], count: int, sentence: str) -> None:
    with pytest.raises(TrainingError) as caught:
        train(recipe(), classes, halves(count))

    assert str(caught.value) == sentence


@pytest.mark.parametrize(("model", "least"), [("simple", 4), ("compact", 8)])
def test_pictures_too_small_for_a_network_are_refused_with_its_minimum(model: str, least: int) -> None:
    with pytest.raises(TrainingError) as caught:
        train(recipe(least - 1, model=model), CLASSES, halves(8, least - 1))
    smallest = train(recipe(least, model=model), CLASSES, halves(8, least))

    assert str(caught.value) == (
        f"image size: pictures of {least - 1} px are too small for the network {model!r} — "
        f"choose at least --image-size {least}"
    )
    assert smallest.model.input_shape == (None, least, least, 1)


def test_a_loss_that_runs_away_names_a_lower_rate() -> None:
    wanted = recipe(optimizer="sgd", learning_rate=1e30)

    with pytest.raises(TrainingError) as caught:
        train(wanted, CLASSES, halves(64))

    assert caught.value.where.startswith("training, epoch ")
    assert caught.value.fix == "lower the learning rate: --learning-rate 1e+29"


def test_a_picture_that_vanished_stops_training_with_its_own_error() -> None:
    class Gone(Pictures):
        def read(self, rows: np.ndarray) -> np.ndarray:
            raise PixelsError("the file is gone", where=f"{rows.min()}.png", fix="run labelprep scan")

    samples = halves(8)
    gone = Samples(samples.paths, samples.labels, samples.rows, Gone(samples.source.read(samples.rows)))

    with pytest.raises(PixelsError, match=r"0\.png: the file is gone — run labelprep scan"):
        train(recipe(), CLASSES, gone)


def test_losses_of_two_predictions_counted_by_hand() -> None:
    logits = np.log(np.array([[0.8, 0.2], [0.4, 0.6]], np.float32))
    targets = np.array([[1, 0], [1, 0]], np.float32)

    losses = {name: loss_function(name)(targets, logits).numpy().tolist() for name in LOSSES}

    assert losses == {
        "cross-entropy": pytest.approx([-np.log(0.8), -np.log(0.4)]),
        "focal": pytest.approx([-np.log(0.8) * 0.2**2, -np.log(0.4) * 0.6**2], rel=1e-5),
        "mse": pytest.approx([0.2**2, 0.6**2], rel=1e-5),
    }


def test_every_optimizer_has_the_rate_of_the_recipe() -> None:
    rates = {
        name: float(make_optimizer(recipe(optimizer=name, learning_rate=0.125), steps=10).learning_rate)
        for name in OPTIMIZERS
    }

    assert rates == dict.fromkeys(OPTIMIZERS, 0.125)


def test_the_warm_up_peaks_after_a_quarter_and_ends_near_0() -> None:
    optimizer = make_optimizer(recipe(model="compact", learning_rate=1.0), steps=99)

    rates = [float(optimizer._learning_rate(step)) for step in range(99)]

    assert rates[0] == pytest.approx(0.04)
    assert max(rates) == rates[24] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.01 / 0.75, rel=1e-4)


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_every_initialisation_is_one_that_keras_knows(initialisation: str) -> None:
    network = build(recipe(initialisation=initialisation), classes=2)

    used = type(network.saved.get_layer("conv1").kernel_initializer).__name__
    assert used == initialisation.title().replace("_", "")


def test_labels_may_be_any_outputs_of_the_network() -> None:
    trained = train(recipe(4, epochs=1), [f"class {at}" for at in range(7)], numbered(4, (4, 4, 1)))

    assert trained.model.output_shape == (None, 7)
