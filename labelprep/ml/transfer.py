"""Training on top of a backbone: features once, a linear head on them, then the upper layers further.

The head alone takes seconds once the features are there, and is hard to beat where there are few pictures.
Further training is kept only where the validation images are the better for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labelprep.ml.backbones import load_backbone
from labelprep.ml.backend import keras, tf
from labelprep.ml.embeddings import features_of
from labelprep.ml.heads import FOLDS, Head, cross_validated, fit_head
from labelprep.ml.listening import EpochReport, Listener, Quiet, duration
from labelprep.ml.networks.building import Network, finished
from labelprep.ml.prediction import outputs
from labelprep.ml.steps import loss_function
from labelprep.ml.training import Start, Trained, require_learnable, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.ml.checkpoints import Checkpoints
    from labelprep.ml.embeddings import FeatureStore
    from labelprep.ml.recipes import Recipe
    from labelprep.ml.samples import Samples

# What nobody asked for may take this long on a processor.
PATIENT_SECONDS = 150.0
# The share of a backbone's layers that is trained further; those below know edges and textures already.
UPPER_SHARE = 0.25
_FEW_TO_JUDGE_BY = 100
_REPEATS = 3
# A training step of the upper layers, times a forward pass.
_STEP_COST = 2.0
_TIMED_IMAGES = 16


@dataclass(frozen=True)
class Cached:
    """Where features are kept, and the sha256 of each sample's file."""

    store: FeatureStore
    train: Sequence[bytes]
    val: Sequence[bytes]


@dataclass(frozen=True, eq=False)
class _Features:
    """Features of both parts, and the seconds they took."""

    train: np.ndarray
    val: np.ndarray | None
    seconds: float


def transfer(  # noqa: PLR0913 - the parts of a training
    recipe: Recipe,
    classes: list[str],
    samples: Samples,
    val: Samples | None = None,
    listener: Listener | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    cached: Cached | None = None,
) -> Trained:
    """Train on top of the recipe's backbone.

    The head is the first epoch of the history; further training, where there is any, follows it.

    Raises:
        TrainingError: as ``train``, or the weights of the backbone are not on this machine.
    """
    require_learnable(classes, samples)
    held = val if val is not None and len(val) else None
    return _Transfer(recipe, classes, samples, held, listener or Quiet()).run(checkpoints, cached)


class _Transfer:
    """One training on top of a backbone."""

    def __init__(
        self, recipe: Recipe, classes: list[str], samples: Samples, val: Samples | None, listener: Listener
    ) -> None:
        self.recipe = recipe
        self.classes = classes
        self.samples = samples
        self.val = val
        self.listener = listener
        self.began = time.perf_counter()
        self.several = samples.labels.ndim > 1
        keras.utils.set_random_seed(recipe.seed)
        self.backbone = load_backbone(recipe.model, recipe.shape, recipe.weights)

    def run(self, checkpoints: Checkpoints | None, cached: Cached | None) -> Trained:
        """Fit the head, train further where that is worth it, and keep what validates better."""
        found = self._features(cached)
        recipe, samples = self.recipe, self.samples
        head = fit_head(
            found.train, samples.labels, len(self.classes), weights=samples.weights, seed=recipe.seed
        )
        report = self._report(head, found)
        notes = self._notes(head, found)
        for note in notes:
            self.listener.said(note)
        self.listener.epoch_ended(report)
        network = self._joined(head)
        alone = Trained(
            network.saved, [report], 1, interrupted=False, seconds=report.seconds, recipe=recipe, notes=notes
        )
        reason = self._why_not_further()
        if reason:
            self.listener.said(reason)
            return replace(alone, notes=[*notes, reason])
        self.listener.said(f"Training the upper layers of {recipe.model} further.")
        start = Start(network, first_epoch=2)
        further = train(
            recipe, self.classes, samples, self.val, self.listener, checkpoints=checkpoints, start=start
        )
        return self._better_of(alone, further, network, head)

    def _features(self, cached: Cached | None) -> _Features:
        """Return the features of both parts."""
        began = time.perf_counter()
        store = cached.store if cached is not None else None
        parts = [(self.samples, cached.train if cached is not None else None)]
        if self.val is not None:
            parts.append((self.val, cached.val if cached is not None else None))
        with self.listener.track("features", sum(len(part) for part, _ in parts)) as bar:
            found = [
                features_of(self.backbone, part, keys=keys, store=store, advance=bar.advance)
                for part, keys in parts
            ]
        return _Features(found[0], found[1] if self.val is not None else None, time.perf_counter() - began)

    def _report(self, head: Head, found: _Features) -> EpochReport:
        """Return what the head came to, as an epoch."""
        loss, accuracy = _judged(head, found.train, self.samples)
        val_loss = val_accuracy = None
        if self.val is not None and found.val is not None:
            val_loss, val_accuracy = _judged(head, found.val, self.val)
        seconds = time.perf_counter() - self.began
        return EpochReport(1, 1, loss, accuracy, val_loss, val_accuracy, seconds)

    def _notes(self, head: Head, found: _Features) -> list[str]:
        """Return how the head was made, and how far figures can be trusted where few images judge it."""
        judges = len(self.val) if self.val is not None else 0
        made = (
            f"Features of {len(self.samples) + judges:,} images by {self.recipe.model} in "
            f"{duration(found.seconds)}; a linear head on them, "
            f"strength {head.strength:g} by cross-validation."
        )
        if judges >= _FEW_TO_JUDGE_BY or self.several or len(self.samples) < 2 * FOLDS:
            return [made]
        shares = _fold_accuracies(found.train, self.samples, head.strength, self.recipe.seed)
        images = "1 image validates" if judges == 1 else f"{judges} images validate"
        trust = (
            f"Only {images}. Cross-validation within the training images ({FOLDS} folds, {_REPEATS} times): "
            f"accuracy {shares.mean():.3f}, from {shares.min():.3f} to {shares.max():.3f} by fold."
        )
        return [made, trust]

    def _joined(self, head: Head) -> Network:
        """Return backbone and head as one network; normalisations and the lower layers are not trained."""
        body = self.backbone.network
        dense = keras.layers.Dense(head.bias.shape[0], dtype="float32", name="logits")
        logits = dense(body.output)
        dense.set_weights([head.weights, head.bias])
        first_upper = int(len(body.layers) * (1 - UPPER_SHARE))
        for number, layer in enumerate(body.layers):
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = number >= first_upper and not is_norm
        return finished(body.input, logits, self.recipe.model, several=head.several)

    def _why_not_further(self) -> str:
        """Return why the backbone is left as it is, nothing where it is trained further."""
        recipe = self.recipe
        if recipe.fine_tune is False:
            return "The backbone is left as it is."
        if self.val is None:
            return "The backbone is left as it is: there are no validation images to tell whether more helps."
        if recipe.fine_tune or recipe.minutes is not None or tf.config.list_physical_devices("GPU"):
            return ""
        forward = self._seconds_an_image()
        needed = recipe.epochs * forward * (len(self.samples) * _STEP_COST + len(self.val))
        if needed > PATIENT_SECONDS:
            return (
                f"The backbone is left as it is: training it further takes about {duration(needed)} here "
                "(--fine-tune does it)."
            )
        return ""

    def _seconds_an_image(self) -> float:
        """Return what a forward pass costs here; features that were kept have taken no time this time."""
        part = self.samples.rows[: min(len(self.samples), _TIMED_IMAGES)]
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            outputs(self.backbone.network, self.samples.source, part, likely=self.backbone.forward)
            seconds.append(time.perf_counter() - began)
        return min(seconds) / len(part)

    def _better_of(self, alone: Trained, further: Trained, network: Network, head: Head) -> Trained:
        """Return what the validation images are better for: backbone as it was, or trained further."""
        first = alone.history[0]
        last = next((report for report in further.history if report.epoch == further.kept_epoch), None)
        kept = last is not None and _is_better(last, first)
        if kept and last is not None:
            note = (
                f"Training further is kept: validation accuracy {first.val_accuracy:.4f} to "
                f"{last.val_accuracy:.4f}, loss {first.val_loss:.4f} to {last.val_loss:.4f}."
            )
        else:
            note = "Training further is not kept: the validation images are not better for it."
            recipe = self.recipe
            fresh = load_backbone(recipe.model, recipe.shape, recipe.weights).network.get_weights()
            network.trained.set_weights([*fresh, head.weights, head.bias])
        self.listener.said(note)
        return replace(
            further if kept else alone,
            history=[first, *further.history],
            seconds=alone.seconds + further.seconds,
            recipe=further.recipe,
            notes=[*alone.notes, *further.notes, note],
            interrupted=further.interrupted,
        )


def _judged(head: Head, features: np.ndarray, samples: Samples) -> tuple[float, float]:
    """Return mean loss and accuracy of a head."""
    scores = head.scores(features)
    if head.several:
        targets, name = samples.labels.astype(np.float32), "binary-cross-entropy"
        right = ((scores > 0) == (targets > 0)).all(axis=1)
    else:
        targets, name = np.eye(scores.shape[1], dtype=np.float32)[samples.labels], "cross-entropy"
        right = scores.argmax(axis=1) == samples.labels
    losses = np.asarray(loss_function(name)(targets, scores))
    return float(losses.mean()), float(right.mean())


def _fold_accuracies(features: np.ndarray, samples: Samples, strength: float, seed: int) -> np.ndarray:
    """Return the accuracy of each fold of a few cross-validations."""
    shares = []
    for repeat in range(_REPEATS):
        order = np.random.default_rng((seed, repeat)).permutation(len(samples))
        order = order[np.argsort(samples.labels[order], kind="stable")]
        folds = np.empty(len(samples), np.int64)
        folds[order] = np.arange(len(samples)) % FOLDS
        classes = int(samples.labels.max()) + 1
        found = cross_validated(features, samples.labels, classes, folds, strength=strength)
        right = found.argmax(axis=1) == samples.labels
        shares += [float(right[folds == fold].mean()) for fold in range(FOLDS)]
    return np.array(shares)


def _is_better(report: EpochReport, before: EpochReport) -> bool:
    """Tell whether the accuracy is more, or the same with less loss."""
    gained = (report.val_accuracy or 0.0) - (before.val_accuracy or 0.0)
    return gained > 0 or (gained == 0 and (report.val_loss or 0.0) < (before.val_loss or 0.0))
