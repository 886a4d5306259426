"""Training a network: the loop around the training step, and what it leaves."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from labelprep.errors import TrainingError
from labelprep.ml.augmenting import preset
from labelprep.ml.averaging import Average
from labelprep.ml.backend import keras, tf
from labelprep.ml.batches import Feed, FeedOptions
from labelprep.ml.checkpoints import Checkpoint, Position, put_back, values_of
from labelprep.ml.listening import EpochReport, Listener, Quiet, StepReport, duration, is_better
from labelprep.ml.mirroring import mirror_test
from labelprep.ml.mixing import Mixing
from labelprep.ml.networks.building import Network, begin_with, build
from labelprep.ml.optimizers import make_optimizer
from labelprep.ml.pacing import Clock, Sums
from labelprep.ml.precision import FLOAT32, computing_with, guarded, policy_of
from labelprep.ml.rehearsal import epochs_within, find_rate
from labelprep.ml.schedules import Plateau
from labelprep.ml.steps import compiled, goal_of, training_step, validation_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from labelprep.ml.backend import KerasModel, Tensor
    from labelprep.ml.checkpoints import Checkpoints
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.samples import Samples

_REPORT_SECONDS = 0.25
_VALIDATION_BATCH = 256
# What a recipe says besides its settings: why it is so, and a budget that has been turned into epochs.
_NO_SETTINGS = frozenset({"defaults", "why", "minutes"})


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    ``model`` takes ``(batch, height, width, channels)`` pictures in 0–255 and gives probabilities
    ``(batch, classes) float32``; its weights are those after epoch ``kept_epoch`` (from 1, 0 where no
    epoch was finished). ``interrupted`` says that a person stopped it early. ``seconds`` is the whole.
    ``recipe`` is the one that was followed in the end, ``rate_test`` the (rate, loss) curve of a range test.
    """

    model: KerasModel
    history: list[EpochReport]
    kept_epoch: int
    interrupted: bool
    seconds: float
    recipe: Recipe
    notes: list[str] = field(default_factory=list)
    rate_test: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Start:
    """A network to go on from instead of fresh weights; its epochs are counted from ``first_epoch``."""

    network: Network
    first_epoch: int = 1


def require_learnable(classes: list[str], samples: Samples) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        TrainingError: fewer than two classes, or nothing to train on.
    """
    several = samples.labels.ndim > 1
    if len(classes) < (1 if several else 2):
        raise TrainingError(
            f"there is only one class to learn, {classes[0]!r}" if classes else "there is no class to learn",
            where="classes",
            fix="label images of at least two classes",
        )
    if len(samples) == 0:
        raise TrainingError(
            "no labelled image to train on", where="train", fix="label images, or check the split"
        )


def train(  # noqa: PLR0913 - the parts of a training
    recipe: Recipe,
    classes: list[str],
    samples: Samples,
    val: Samples | None = None,
    listener: Listener | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    start: Start | None = None,
) -> Trained:
    """Train a network on samples, validating each epoch where ``val`` holds any.

    Seeds Python's, numpy's and TensorFlow's generators. Ctrl-C ends it after the current step; what was
    learned so far is returned. The last epoch is kept where the schedule ends at 0 (or nothing
    validates), else the one that validates best. With ``checkpoints`` it goes on where those stand, and
    saves its own there after each epoch and every so often within one.

    Raises:
        TrainingError: fewer than two classes, nothing to train on, pictures too small for the network,
            a loss that is no number any more, too little memory, or a checkpoint of another training.
    """
    require_learnable(classes, samples)
    try:
        return _Training(
            recipe, len(classes), samples, val, listener or Quiet(), checkpoints=checkpoints, start=start
        ).run()
    except tf.errors.ResourceExhaustedError as error:
        raise TrainingError(
            f"the memory does not suffice for batches of {recipe.batch_size} pictures of {recipe.size_px} px",
            where="training",
            fix="choose a smaller --batch-size or --image-size",
        ) from error


class _Training:
    """One training from its seed to its result."""

    def __init__(  # noqa: PLR0913 - the parts of a training
        self,
        recipe: Recipe,
        classes: int,
        samples: Samples,
        val: Samples | None,
        listener: Listener,
        *,
        checkpoints: Checkpoints | None,
        start: Start | None,
    ) -> None:
        """Seed, settle what is open, then build network, optimizer, steps and feeds."""
        self._seed(recipe, listener)
        self.listener = listener
        self.checkpoints = checkpoints
        self.classes = classes
        self.several = samples.labels.ndim > 1
        saved = checkpoints.load() if checkpoints is not None else None
        self.position = Position(
            _fingerprint(recipe, classes, samples, val), recipe.epochs, recipe.learning_rate
        )
        recipe = self._augmenting(recipe, samples)
        self.feed = self._training_feed(recipe, samples)
        self.val_feed = (
            Feed(val, FeedOptions(_VALIDATION_BATCH, weighted=True)) if val is not None and len(val) else None
        )
        self.shift = start.first_epoch - 1 if start is not None else 0
        # A network that is there already computes as it was built.
        self.policy = policy_of(recipe.precision) if start is None else FLOAT32
        with computing_with(self.policy):
            self.network = start.network if start else build(recipe, classes, several=self.several)
        if start is None and saved is None:
            begin_with(self.network, recipe, samples)
        self.goal = goal_of(recipe, classes, samples.labels)
        self.recipe = self._settled(recipe, saved)
        self.average = Average(self.network.trained) if recipe.ema else None
        steps = self.recipe.epochs * len(self.feed)
        self.optimizer = guarded(make_optimizer(self.recipe, steps), self.policy)
        self.optimizer.build(self.network.trained.trainable_variables)
        self._compile()
        self.plateau = Plateau(self.recipe.learning_rate) if self.recipe.schedule == "plateau" else None
        self.best: tuple[EpochReport, list[np.ndarray]] | None = None
        if saved is not None:
            self._continue(saved)
        left = self.recipe.epochs - self.position.epoch + 1
        self.clock = Clock(len(samples), len(self.val_feed.samples) if self.val_feed else 0, left)

    @staticmethod
    def _seed(recipe: Recipe, listener: Listener) -> None:
        """Seed every generator, and choose kernels that always add up in the same order where asked to."""
        keras.utils.set_random_seed(recipe.seed)
        if recipe.deterministic:
            tf.config.experimental.enable_op_determinism()
        listener.said(f"Seed {recipe.seed} (Python, numpy and TensorFlow).")

    def _augmenting(self, recipe: Recipe, samples: Samples) -> Recipe:
        """Return the recipe with an augmentation that the labels allow, where that was left open."""
        if recipe.augment != "auto":
            return recipe
        if self.several:
            self._note("Pictures are shifted, not mirrored: there is no test of that for several labels.")
            return replace(recipe, augment="shift")
        test = mirror_test(samples, recipe.seed)
        said = "shifted and mirrored" if test.keeps_label else "shifted, not mirrored"
        self._note(f"Pictures are {said}: {test.why}.")
        return replace(recipe, augment="flip" if test.keeps_label else "shift")

    def _training_feed(self, recipe: Recipe, samples: Samples) -> Feed:
        """Return the shuffled, augmented feed; batches as even as can be, for the sake of normalisation."""
        size = min(recipe.batch_size, len(samples))
        if size < recipe.batch_size:
            self._note(f"Batches hold {size} images instead of {recipe.batch_size}: there are no more.")
        augment = preset(recipe.augment, recipe.size_px)
        options = FeedOptions(size, shuffle=True, augment=augment, seed=recipe.seed, even=True, weighted=True)
        return Feed(samples, options)

    def _note(self, text: str) -> None:
        """Say something that the bundle keeps too."""
        self.position.notes.append(text)
        self.listener.said(text)

    def _settled(self, recipe: Recipe, saved: Checkpoint | None) -> Recipe:
        """Return the recipe with a rate and a number of epochs: as before, or found by a few steps now."""
        if saved is not None:
            return replace(recipe, learning_rate=saved.position.learning_rate, epochs=saved.position.epochs)
        network = self.network.trained
        if recipe.find_rate:
            test = find_rate(network, self.goal, self.feed, recipe)
            self.position.rate_test = test.curve
            recipe = replace(recipe, learning_rate=test.rate)
            self._note(
                f"Learning rate {test.rate:g}: a tenth of the one at which the loss was lowest, "
                f"in {len(test.curve)} steps with rising rates."
            )
        if recipe.minutes is not None:
            val_images = len(self.val_feed.samples) if self.val_feed else 0
            most = epochs_within(
                network, self.goal, self.feed, recipe, seconds=recipe.minutes * 60, val_images=val_images
            )
            epochs = most if recipe.epochs_are_free else min(recipe.epochs, most)
            self._note(f"{epochs} epochs: what fits into {duration(recipe.minutes * 60)} here.")
            recipe = replace(recipe, epochs=epochs)
        # The rehearsals may have drawn from the generators.
        keras.utils.set_random_seed(recipe.seed)
        self.position.learning_rate, self.position.epochs = recipe.learning_rate, recipe.epochs
        return recipe

    def _compile(self) -> None:
        """Turn the steps into graphs."""
        recipe, network = self.recipe, self.network.trained
        mixing = Mixing(recipe.mixup, recipe.cutmix, recipe.seed)
        step = training_step(network, self.optimizer, self.goal, mixing or None, self.average)
        several = self.classes if self.several else 0
        self.step = compiled(step, recipe.shape, classes_of_several=several)
        self.val_step = compiled(
            validation_step(network, self.goal), recipe.shape, classes_of_several=several
        )

    def _continue(self, saved: Checkpoint) -> None:
        """Take everything up where a checkpoint stands."""
        where = str(self.checkpoints.path) if self.checkpoints is not None else "checkpoint"
        if saved.position.fingerprint != self.position.fingerprint:
            raise TrainingError(
                "the run was started with other settings, labels, splits or classes than there are now",
                where=where,
                fix="train again, with a new run; `labelprep log` shows what has changed",
            )
        self.position = saved.position
        for group, variables in self._groups().items():
            put_back(variables, saved.variables.get(group, []), where)
        if self.plateau is not None and self.position.plateau:
            self.plateau.best, self.plateau.rate = (self.position.plateau[name] for name in ("best", "rate"))
            self.plateau.waited = int(self.position.plateau["waited"])
        if self.position.best_epoch:
            report = self.position.history[self.position.best_epoch - 1]
            self.best = report, saved.variables["best"]
        begun = f"epoch {self.position.epoch}, step {self.position.step + 1}"
        self.listener.said(f"Goes on at {begun} of {self.position.epochs} epochs.")

    def _groups(self) -> dict[str, list[Any]]:
        """Return the variables that a checkpoint holds, by group."""
        groups = {"network": self.network.trained.variables, "optimizer": self.optimizer.variables}
        if self.average is not None:
            groups["average"] = self.average.variables
        return groups

    def run(self) -> Trained:
        """Run the epochs, and put the weights worth keeping back into the network."""
        self.started = time.perf_counter() - self.position.seconds
        stopped_early = False
        try:
            with _interruption() as asked:
                while self.position.epoch <= self.recipe.epochs:
                    self._epoch(asked)
                    stopped_early = self._has_waited_enough()
                    if asked.is_set() or stopped_early:
                        break
        except KeyboardInterrupt:
            # A second Ctrl-C while validating, or one that came by another way than the signal.
            asked.set()
        history = self.position.history
        complete = len(history) == self.recipe.epochs and history[-1].steps == len(self.feed)
        kept = self._keep(complete=complete)
        return Trained(
            model=self._as_saved(),
            history=history,
            kept_epoch=kept,
            interrupted=not complete and not stopped_early,
            seconds=time.perf_counter() - self.started,
            recipe=self.recipe,
            notes=self.position.notes,
            rate_test=self.position.rate_test,
        )

    def _epoch(self, asked: threading.Event) -> None:
        """Learn from every batch once, then validate."""
        started, number = time.perf_counter(), self.position.epoch
        sums = self._learn(number, asked)
        if sums.images == 0:
            return
        if sums.steps < len(self.feed):
            self._stand_at(sums)
            self._save()
        rate = float(self.optimizer.learning_rate)
        with self.average.in_place() if self.average is not None else nullcontext():
            val_loss, val_accuracy = self._validate()
            report = EpochReport(
                number + self.shift,
                sums.steps,
                sums.loss,
                sums.accuracy,
                val_loss,
                val_accuracy,
                time.perf_counter() - started,
                rate,
            )
            if val_loss is not None and (self.best is None or is_better(report, self.best[0])):
                self.best = (report, self.network.trained.get_weights())
                self.position.best_epoch = number
        self.position.history.append(report)
        if self.plateau is not None:
            self.optimizer.learning_rate.assign(
                self.plateau.next_rate(sums.loss if val_loss is None else val_loss)
            )
        if sums.steps == len(self.feed):
            self._next_epoch(number + 1)
        self.listener.epoch_ended(report)

    def _next_epoch(self, number: int) -> None:
        """Stand at the beginning of an epoch, and save that."""
        position = self.position
        position.epoch, position.step, position.images = number, 0, 0
        position.loss_sum = position.right = 0.0
        if self.plateau is not None:
            position.plateau = {
                "best": self.plateau.best,
                "rate": self.plateau.rate,
                "waited": self.plateau.waited,
            }
        self._save()

    def _stand_at(self, sums: Sums) -> None:
        """Stand within an epoch, after these steps."""
        self.position.step, self.position.images = sums.steps, sums.images
        self.position.loss_sum, self.position.right = sums.loss_sum, sums.right

    def _save(self) -> None:
        """Save where the training stands, where there is a place for it."""
        if self.checkpoints is None:
            return
        self.position.seconds = time.perf_counter() - self.started
        variables = {group: values_of(members) for group, members in self._groups().items()}
        if self.best is not None:
            variables["best"] = self.best[1]
        self.checkpoints.save(Checkpoint(self.position, variables))
        self.clock.paused()

    def _learn(self, number: int, asked: threading.Event) -> Sums:
        """Take the steps of one epoch; values are fetched from the device a few times a second only."""
        position = self.position
        sums = Sums(position.step, position.images, position.loss_sum, position.right)
        waiting: list[tuple[int, Tensor]] = []
        reported = time.perf_counter()
        self.feed.begin_at(number - 1, position.step)
        for step, batch in enumerate(self.feed, start=position.step + 1):
            waiting.append((int(batch[1].shape[0]), self.step(*batch)))
            now = time.perf_counter()
            self.clock.stepped(waiting[-1][0], now)
            last = step == len(self.feed) or asked.is_set()
            if last or now - reported >= _REPORT_SECONDS:
                batch_loss = sums.take(waiting)
                self._require_finite(batch_loss, number, step)
                waiting.clear()
                reported = now
                self._tell(number, step, batch_loss, sums)
                if not last and self.checkpoints is not None and self.checkpoints.is_due():
                    self._stand_at(sums)
                    self._save()
            if last:
                break
        return sums

    def _tell(self, number: int, step: int, batch_loss: float, sums: Sums) -> None:
        """Give the listener the figures so far, and once the estimate."""
        left = self.clock.seconds_left()
        if left is not None and self.clock.estimate_is_due():
            self.listener.estimated(left)
        self.listener.stepped(
            StepReport(
                epoch=number + self.shift,
                epochs=self.recipe.epochs + self.shift,
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
        sums = Sums()
        sums.take([(int(batch[1].shape[0]), self.val_step(*batch)) for batch in self.val_feed])
        self.clock.validated(time.perf_counter() - started)
        return sums.loss, sums.accuracy

    def _has_waited_enough(self) -> bool:
        """Return whether validation has not got better for as many epochs as a person is willing to wait."""
        patience, best, history = self.recipe.patience, self.best, self.position.history
        if patience is None or best is None or history[-1].epoch - best[0].epoch < patience:
            return False
        if len(history) < self.recipe.epochs:
            self._note(
                f"Stopped after epoch {history[-1].epoch}: no better validation for {patience} epochs."
            )
        return True

    def _keep(self, *, complete: bool) -> int:
        """Put the weights worth keeping into the network; return the epoch they are from."""
        history = self.position.history
        last = history[-1].epoch if history else 0
        if (self.recipe.ends_at_0 and complete) or self.best is None:
            if self.average is not None:
                self.average.put()
            return last
        report, weights = self.best
        self.network.trained.set_weights(weights)
        return report.epoch

    def _as_saved(self) -> KerasModel:
        """Return the network that gives probabilities, computing in float32 whatever trained it."""
        if self.policy == FLOAT32:
            return self.network.saved
        plain: Network = build(self.recipe, self.classes, several=self.several)
        plain.trained.set_weights(self.network.trained.get_weights())
        return plain.saved


def _fingerprint(recipe: Recipe, classes: int, samples: Samples, val: Samples | None) -> str:
    """Return what two trainings share when one may go on where the other stopped."""
    kept = {name: value for name, value in asdict(recipe).items() if name not in _NO_SETTINGS}
    settings = json.dumps(kept, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{settings} {classes} {recipe.shape}".encode())
    for part in (samples, val):
        if part is None:
            continue
        digest.update("\0".join(part.paths).encode("utf-8", "surrogatepass"))
        digest.update(part.labels.tobytes())
        if part.weights is not None:
            digest.update(part.weights.tobytes())
    return digest.hexdigest()


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
