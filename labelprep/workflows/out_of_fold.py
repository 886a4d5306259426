"""What networks say of labelled pictures that they were not trained on: folds, and who judges them.

Folds keep near duplicates and groups together, so nobody is asked about a picture whose copy it has seen.
Pictures of the test split, and what is linked to them, never train; one of the networks judges each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from labelprep.errors import Interrupted
from labelprep.ml.audit import Gathering, Opinions
from labelprep.ml.listening import Quiet
from labelprep.ml.samples import Samples
from labelprep.ml.several_audit import Answers, SeveralGathering
from labelprep.workflows.folding import folds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.manifest.store import Store
    from labelprep.ml.listening import EpochReport, StepReport
    from labelprep.ml.recipes import Recipe
    from labelprep.progress import Progress, Track
    from labelprep.workflows.selecting import Picture

ASKED_AT_ONCE = 256
HELD_OUT = -1
PARTS = 100
"""A bar counts hundredths of an epoch."""


@dataclass(frozen=True, eq=False)
class Folds:
    """Which fold judges each picture, ``(n,) int64``, and which pictures train, ``(n,) bool``."""

    fold: np.ndarray
    trains: np.ndarray
    number: int

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield for each fold the rows that train and the rows that are judged then."""
        for number in range(self.number):
            yield (
                np.flatnonzero(self.trains & (self.fold != number)),
                np.flatnonzero(self.fold == number),
            )


class Judge(Protocol):
    """Learns from some pictures and says what others are."""

    def likely(self, train: np.ndarray, asked: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield parts of the rows asked about with their ``(rows, classes) float32`` probabilities."""


def dealt(store: Store, pictures: Sequence[Picture], number: int, seed: int, progress: Progress) -> Folds:
    """Deal pictures into folds.

    Raises: UsageError for a number that cannot be; SourceError where there are fewer groups than folds.
    """
    report = folds_of(store, number, seed=seed, progress=progress)
    fold = np.array([report.folds.get(picture.path, HELD_OUT) for picture in pictures], np.int64)
    trains = fold != HELD_OUT
    held = np.flatnonzero(~trains)
    fold[held] = np.arange(len(held)) % number
    return Folds(fold, trains, number)


def opinions(judge: Judge, labels: np.ndarray, classes: int, folds: Folds) -> Opinions:
    """Return what is said of each picture by who has not seen it; ``labels`` are ``(n,) int32``.

    A picture is not judged where its class is in no other fold: nobody could have said it.
    """
    gathering = Gathering(labels, classes)
    for train, asked in folds.parts():
        known = np.bincount(labels[train], minlength=classes) > 0
        asked_here = asked[known[labels[asked]]]
        for rows, likely in judge.likely(train, asked_here) if len(asked_here) else ():
            gathering.add(rows, likely)
    return gathering.opinions()


def answers(judge: Judge, labels: np.ndarray, folds: Folds) -> Answers:
    """Return what is said of each picture and class by who has not seen it; ``labels`` are ``(n, classes)``.

    Nothing is said of a class that no other fold has, or that all of it has.
    """
    gathering = SeveralGathering(labels)
    for train, asked in folds.parts():
        share = labels[train].mean(axis=0) if len(train) else np.zeros(labels.shape[1])
        known = (share > 0) & (share < 1)
        for rows, likely in judge.likely(train, asked) if known.any() and len(asked) else ():
            gathering.add(rows, likely, known)
    return gathering.answers()


class NetworkJudge:
    """Trains a network anew for each fold, for pictures small enough for that."""

    def __init__(
        self, recipe: Recipe, samples: Samples, classes: Sequence[str], folds: int, progress: Progress
    ) -> None:
        """Take the pictures that rows mean, and how to train on them."""
        self._recipe = recipe
        self._samples = samples
        self._classes = list(classes)
        self._folds = folds
        self._progress = progress
        self._done = 0

    def likely(self, train: np.ndarray, asked: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Train on some rows and say what the others are."""
        from labelprep.ml.training import train as train_on  # noqa: PLC0415 - loads TensorFlow

        self._done += 1
        whole = self._samples
        paths = [whole.paths[row] for row in train]
        part = Samples(paths, whole.labels[train], whole.rows[train], whole.source)
        with self._progress.track(f"fold {self._done}/{self._folds}", self._recipe.epochs * PARTS) as bar:
            trained = train_on(self._recipe, self._classes, part, None, _Bar(bar))
        if trained.interrupted:
            raise Interrupted("the audit was interrupted; nothing was kept", fix="run the command again")
        for at in range(0, len(asked), ASKED_AT_ONCE):
            rows = asked[at : at + ASKED_AT_ONCE]
            # Not compiled: TensorFlow warns where that is done for one network after the other.
            yield rows, np.asarray(trained.model(whole.source.read(whole.rows[rows]), training=False))


class _Bar(Quiet):
    """Moves one bar through all epochs of a training; what would be said for each fold again is not said."""

    def __init__(self, bar: Track) -> None:
        self._bar = bar
        self._done = 0

    def stepped(self, report: StepReport) -> None:
        """Move the bar."""
        at = int(PARTS * (report.epoch - 1 + report.step / report.steps))
        self._bar.advance(at - self._done)
        self._done = at

    def epoch_ended(self, report: EpochReport) -> None:
        """Show what the epoch came to."""
        self._bar.note(f"epoch {report.epoch}, loss {report.loss:.3f}")
