"""What a training tells while it runs, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from labelprep.progress import Silent, Watched

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from labelprep.progress import Progress, Track


@dataclass(frozen=True)
class StepReport:
    """How far a training is. Losses and accuracies (0–1) are those of training.

    ``epoch`` and ``step`` count from 1, ``step`` within its epoch; ``batch_loss`` is the last batch's,
    ``loss`` and ``accuracy`` run over the epoch so far; the rate counts training
    pictures only and is 0, and ``seconds_left`` None, before it is known.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    batch_loss: float
    loss: float
    accuracy: float
    images_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class EpochReport:
    """What an epoch came to; the validation figures are None where nothing validates.

    ``steps`` is smaller than usual where the epoch was interrupted; ``learning_rate`` is that of its last
    step.
    """

    epoch: int
    steps: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    seconds: float
    learning_rate: float = 0.0


class Listener(Protocol):
    """Who is told of a training's progress."""

    def said(self, text: str) -> None:
        """Hear one sentence: a decision taken, such as the seed."""

    def estimated(self, seconds: float) -> None:
        """Hear, once, after the first steps, how long the whole is going to take."""

    def stepped(self, report: StepReport) -> None:
        """Hear how far it is: a few times a second, not every step."""

    def epoch_ended(self, report: EpochReport) -> None:
        """Hear what an epoch came to."""

    def track(self, name: str, total: int) -> AbstractContextManager[Track]:
        """Return what hears of a piece of work besides the epochs: so many items of it."""


class Quiet:
    """A listener who does nothing."""

    def said(self, text: str) -> None:
        """Do nothing."""

    def estimated(self, seconds: float) -> None:
        """Do nothing."""

    def stepped(self, report: StepReport) -> None:
        """Do nothing."""

    def epoch_ended(self, report: EpochReport) -> None:
        """Do nothing."""

    def track(self, name: str, total: int) -> AbstractContextManager[Track]:
        """Return what does nothing."""
        return Silent().track(name, total)


HEADER = ("epoch", "    loss", "accuracy", "val loss", "val accuracy", "     took", "     left", "      ")
SPARK_EPOCHS = 24
_SPARKS = "▁▂▃▄▅▆▇█"


class Narrator:
    """Tells a ``Progress`` of a training: a bar an epoch with figures beside it, a sentence after each.

    Where a person watches, epochs are rows of a table instead, with the loss so far as a small drawing; the
    best epoch until then is marked, unless earlier ones were not heard of.
    """

    def __init__(self, progress: Progress) -> None:
        """Talk to this progress."""
        self._progress = progress
        self._bar: AbstractContextManager[Track] | None = None
        self._track: Track | None = None
        self._done = 0
        self._heard: list[EpochReport] = []
        self._best: EpochReport | None = None
        self._left: float | None = None

    def said(self, text: str) -> None:
        """Pass the sentence on."""
        self._progress.say(text)

    def estimated(self, seconds: float) -> None:
        """Say how long the whole is going to take."""
        self._progress.say(f"Training is going to take about {duration(seconds)}.")

    def stepped(self, report: StepReport) -> None:
        """Move the epoch's bar and put the figures beside it."""
        if self._track is None:
            self._bar = self._progress.track(f"epoch {report.epoch}/{report.epochs}", report.steps)
            self._track = self._bar.__enter__()
            self._done = 0
        self._track.advance(report.step - self._done)
        self._done = report.step
        self._left = report.seconds_left
        self._track.note(
            f"loss {report.batch_loss:.3f}, mean {report.loss:.3f}, accuracy {report.accuracy:.3f}, "
            f"{report.images_per_second:,.0f} images/s"
            + ("" if report.seconds_left is None else f", {duration(report.seconds_left)} left")
        )

    def epoch_ended(self, report: EpochReport) -> None:
        """Close the epoch's bar and say what the epoch came to."""
        self.close()
        if isinstance(self._progress, Watched):
            self._progress.row(HEADER, self._cells(report))
            return
        text = f"epoch {report.epoch}: loss {report.loss:.4f}, accuracy {report.accuracy:.4f}"
        if report.val_loss is not None and report.val_accuracy is not None:
            text += f", validation loss {report.val_loss:.4f}, accuracy {report.val_accuracy:.4f}"
        self._progress.say(f"{text} ({duration(report.seconds)})")

    def _cells(self, report: EpochReport) -> tuple[str, ...]:
        """Return an epoch as a row of the table."""
        self._heard.append(report)
        is_best = report.val_loss is not None and (self._best is None or is_better(report, self._best))
        self._best = report if is_best else self._best
        mark = "best" if is_best and self._heard[0].epoch == 1 else ""
        return (
            f"{report.epoch}",
            f"{report.loss:.4f}",
            f"{report.accuracy:.1%}",
            "" if report.val_loss is None else f"{report.val_loss:.4f}",
            "" if report.val_accuracy is None else f"{report.val_accuracy:.1%}",
            duration(report.seconds),
            "" if self._left is None else duration(self._left),
            f"{mark:4}  {sparkline([one.loss for one in self._heard[-SPARK_EPOCHS:]])}",
        )

    def track(self, name: str, total: int) -> AbstractContextManager[Track]:
        """Return a bar of the progress."""
        return self._progress.track(name, total)

    def close(self) -> None:
        """Close a bar that is still open, after an error or an interruption."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar = self._track = None


def is_better(report: EpochReport, best: EpochReport) -> bool:
    """Return whether an epoch validates better: by accuracy, then by loss."""
    return (report.val_accuracy or 0.0, -(report.val_loss or 0.0)) > (
        best.val_accuracy or 0.0,
        -(best.val_loss or 0.0),
    )


def sparkline(values: Sequence[float]) -> str:
    """Return numbers as bars of eight heights, a character each, from the least to the greatest."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_SPARKS[round((value - low) / span * (len(_SPARKS) - 1))] for value in values)


def duration(seconds: float) -> str:
    """Return a length of time as a person says it: ``8 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"  # noqa: PLR2004 - short times need a tenth
    if whole < 3600:  # noqa: PLR2004 - seconds in an hour
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
