"""Training a network: the loop around the training step, and what it leaves."""

from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labelprep.errors import TrainingError
from labelprep.ml.augmenting import Augment
from labelprep.ml.backend import keras, tf
from labelprep.ml.batches import Feed, FeedOptions
from labelprep.ml.listening import EpochReport, Listener, Quiet, StepReport
from labelprep.ml.networks.building import build
from labelprep.ml.steps import compiled, loss_function, make_optimizer, training_step, validation_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.samples import Samples

_REPORT_SECONDS = 0.25
_ESTIMATE_STEPS = 20
# Before an epoch has been validated: a forward pass costs about a third of a training step.
_VALIDATION_COST = 1 / 3
_VALIDATION_BATCH = 256


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    ``model`` takes ``(batch, height, width, channels)`` pictures in 0–255 and gives probabilities
    ``(batch, classes) float32``; its weights are those after epoch ``kept_epoch`` (from 1, 0 where no
    epoch was finished). ``interrupted`` says that a person stopped it early. ``seconds`` is the whole.
    """

    model: KerasModel
    history: list[EpochReport]
    kept_epoch: int
    interrupted: bool
    seconds: float
    notes: list[str] = field(default_factory=list)


def train(
    recipe: Recipe,
    classes: list[str],
    samples: Samples,
    val: Samples | None = None,
    listener: Listener | None = None,
) -> Trained:
    """Train a network on samples, validating each epoch where ``val`` holds any.

    Seeds Python's, numpy's and TensorFlow's generators. Ctrl-C ends it after the current step; what was
    learned so far is returned. The last epoch is kept where the schedule ends at 0 (or nothing
    validates), else the one that validates best.

    Raises:
        TrainingError: fewer than two classes, nothing to train on, pictures too small for the network,
            a loss that is no number any more, or too little memory.
    """
    if len(classes) < 2:  # noqa: PLR2004 - a choice needs two
        raise TrainingError(
            f"there is only one class to learn, {classes[0]!r}" if classes else "there is no class to learn",
            where="classes",
            fix="label images of at least two classes",
        )
    if len(samples) == 0:
        raise TrainingError(
            "no labelled image to train on", where="train", fix="label images, or check the split"
        )
    try:
        return _Training(recipe, len(classes), samples, val, listener or Quiet()).run()
    except tf.errors.ResourceExhaustedError as error:
        raise TrainingError(
            f"the memory does not suffice for batches of {recipe.batch_size} pictures of {recipe.size_px} px",
            where="training",
            fix="choose a smaller --batch-size or --image-size",
        ) from error


class _Training:
    """One training from its seed to its result."""

    def __init__(
        self, recipe: Recipe, classes: int, samples: Samples, val: Samples | None, listener: Listener
    ) -> None:
        """Seed, then build network, optimizer, steps and feeds."""
        keras.utils.set_random_seed(recipe.seed)
        listener.said(f"Seed {recipe.seed} (Python, numpy and TensorFlow).")
        self.recipe = recipe
        self.listener = listener
        self.notes: list[str] = []
        self.feed = self._training_feed(samples)
        self.val_feed = Feed(val, FeedOptions(_VALIDATION_BATCH)) if val is not None and len(val) else None
        self.network = build(recipe, classes)
        loss_of = loss_function(recipe.loss)
        self.optimizer = make_optimizer(recipe, recipe.epochs * len(self.feed))
        self.optimizer.build(self.network.trained.trainable_variables)
        self.step = compiled(training_step(self.network.trained, self.optimizer, loss_of), recipe.shape)
        self.val_step = compiled(validation_step(self.network.trained, loss_of), recipe.shape)
        self.history: list[EpochReport] = []
        self.best: tuple[EpochReport, list[np.ndarray]] | None = None
        self.clock = _Clock(len(samples), len(self.val_feed.samples) if self.val_feed else 0, recipe.epochs)

    def _training_feed(self, samples: Samples) -> Feed:
        """Return the shuffled, augmented feed; batches as even as can be, for the sake of normalisation."""
        recipe = self.recipe
        size = min(recipe.batch_size, len(samples))
        if size < recipe.batch_size:
            self.notes.append(
                f"Batches hold {size} images instead of {recipe.batch_size}: there are no more."
            )
            self.listener.said(self.notes[-1])
        augment = Augment(recipe.shift_px) if recipe.shift_px else None
        return Feed(samples, FeedOptions(size, shuffle=True, augment=augment, seed=recipe.seed, even=True))

    def run(self) -> Trained:
        """Run the epochs, and put the weights worth keeping back into the network."""
        started = time.perf_counter()
        try:
            with _interruption() as asked:
                for number in range(1, self.recipe.epochs + 1):
                    self._epoch(number, asked)
                    if asked.is_set():
                        break
        except KeyboardInterrupt:
            # A second Ctrl-C while validating, or one that came by another way than the signal.
            asked.set()
        complete = len(self.history) == self.recipe.epochs and self.history[-1].steps == len(self.feed)
        kept = self._keep(complete=complete)
        return Trained(
            model=self.network.saved,
            history=self.history,
            kept_epoch=kept,
            interrupted=not complete,
            seconds=time.perf_counter() - started,
            notes=self.notes,
        )

    def _epoch(self, number: int, asked: threading.Event) -> None:
        """Learn from every batch once, then validate."""
        started = time.perf_counter()
        sums = self._learn(number, asked)
        if sums.images == 0:
            return
        val_loss, val_accuracy = self._validate()
        report = EpochReport(
            number,
            sums.steps,
            sums.loss,
            sums.accuracy,
            val_loss,
            val_accuracy,
            time.perf_counter() - started,
        )
        self.history.append(report)
        if self.val_feed is not None and (self.best is None or _better(report, self.best[0])):
            self.best = (report, self.network.trained.get_weights())
        self.listener.epoch_ended(report)

    def _learn(self, number: int, asked: threading.Event) -> _Sums:
        """Take the steps of one epoch; values are fetched from the device a few times a second only."""
        sums = _Sums()
        waiting: list[tuple[int, Tensor]] = []
        reported = time.perf_counter()
        for step, (pictures, labels) in enumerate(self.feed, start=1):
            waiting.append((int(labels.shape[0]), self.step(pictures, labels)))
            now = time.perf_counter()
            self.clock.stepped(waiting[-1][0], now)
            last = step == len(self.feed) or asked.is_set()
            if last or now - reported >= _REPORT_SECONDS:
                batch_loss = sums.take(waiting)
                self._require_finite(batch_loss, number, step)
                waiting.clear()
                reported = now
                self._tell(number, step, batch_loss, sums)
            if last:
                break
        return sums

    def _tell(self, number: int, step: int, batch_loss: float, sums: _Sums) -> None:
        """Give the listener the figures so far, and once the estimate."""
        left = self.clock.seconds_left()
        if left is not None and self.clock.estimate_is_due():
            self.listener.estimated(left)
        self.listener.stepped(
            StepReport(
                epoch=number,
                epochs=self.recipe.epochs,
                step=step,
                steps=len(self.feed),
                batch_loss=batch_loss,
                loss=sums.loss,
                accuracy=sums.accuracy,
                images_per_second=self.clock.images_per_second,
                seconds_left=left,
            )
        )

    def _require_finite(self, loss: float, number: int, step: int) -> None:
        """Stop where the loss is no number: every later step would be wasted."""
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} by step {step}, the weights have run away",
                where=f"training, epoch {number}",
                fix=f"lower the learning rate: --learning-rate {self.recipe.learning_rate / 10:g}",
            )

    def _validate(self) -> tuple[float | None, float | None]:
        """Return loss and accuracy over the validation samples, or None twice."""
        if self.val_feed is None:
            return None, None
        started = time.perf_counter()
        sums = _Sums()
        sums.take(
            [(int(labels.shape[0]), self.val_step(pictures, labels)) for pictures, labels in self.val_feed]
        )
        self.clock.validated(time.perf_counter() - started)
        return sums.loss, sums.accuracy

    def _keep(self, *, complete: bool) -> int:
        """Put the weights worth keeping into the network; return the epoch they are from."""
        last = self.history[-1].epoch if self.history else 0
        ends_at_0 = self.recipe.schedule == "warm-up" and complete
        if ends_at_0 or self.best is None:
            return last
        report, weights = self.best
        self.network.trained.set_weights(weights)
        return report.epoch


def _better(report: EpochReport, best: EpochReport) -> bool:
    """Return whether an epoch validates better: by accuracy, then by loss."""
    return (report.val_accuracy or 0.0, -(report.val_loss or 0.0)) > (
        best.val_accuracy or 0.0,
        -(best.val_loss or 0.0),
    )


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event, so that no step is cut in half; the second raises.

    Only a program's main thread may catch the signal; in another one the event is simply never set.
    """
    asked = threading.Event()

    def handle(_signal: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass
class _Sums:
    """Loss and accuracy summed over images."""

    steps: int = 0
    images: int = 0
    loss_sum: float = 0.0
    right: float = 0.0

    def take(self, values: list[tuple[int, Tensor]]) -> float:
        """Add (batch size, step result) pairs, fetching them; return the last batch's mean loss."""
        loss = 0.0
        for images, value in values:
            loss, right = (float(part) for part in value.numpy())
            self.steps += 1
            self.images += images
            self.loss_sum += loss * images
            self.right += right
        return loss

    @property
    def loss(self) -> float:
        """Mean loss an image."""
        return self.loss_sum / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """Share of the images that were right."""
        return self.right / max(self.images, 1)


class _Clock:
    """How fast it goes and how long the rest takes."""

    def __init__(self, images: int, val_images: int, epochs: int) -> None:
        """Know the work: images of an epoch, images validated after each, epochs."""
        self._images_left = images * epochs
        self._val_images = val_images
        self._validations_left = epochs if val_images else 0
        self._val_seconds: float | None = None
        self._seconds = 0.0
        self._images = 0
        self._steps = 0
        self._last: float | None = None
        self._estimated = False

    def stepped(self, images: int, now: float) -> None:
        """Count a step; the first after a pause is not timed, it holds tracing or validation."""
        self._images_left -= images
        self._steps += 1
        if self._last is not None:
            self._seconds += now - self._last
            self._images += images
        self._last = now

    def validated(self, seconds: float) -> None:
        """Count a validation."""
        self._validations_left -= 1
        self._val_seconds = seconds
        self._last = None

    def estimate_is_due(self) -> bool:
        """Return True once, when enough steps were timed."""
        due = not self._estimated and self._steps >= _ESTIMATE_STEPS
        self._estimated = self._estimated or due
        return due

    @property
    def images_per_second(self) -> float:
        """Training images a second, 0 before the second step."""
        return self._images / self._seconds if self._seconds else 0.0

    def seconds_left(self) -> float | None:
        """Return the time the remaining steps and validations take at this rate, None before it is known."""
        if not self.images_per_second:
            return None
        validation = self._val_seconds
        if validation is None:
            validation = self._val_images * _VALIDATION_COST / self.images_per_second
        return self._images_left / self.images_per_second + self._validations_left * validation
