"""Figures of a training as TensorBoard reads them, beside whatever else hears of it.

They are written by TensorFlow itself: the package TensorBoard is needed only where somebody looks at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.errors import TrainingError
from labelprep.ml.backend import tf

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from labelprep.ml.listening import EpochReport, Listener, StepReport
    from labelprep.progress import Track

_WAITING_EVENTS = 20
_FLUSH_MILLISECONDS = 2_000


class Recorder:
    """A listener that passes everything on, and writes figures by epoch and by step into a folder.

    A training that is taken up adds to what is there.
    """

    def __init__(self, listener: Listener, folder: Path) -> None:
        """Open the log.

        Raises:
            TrainingError: the folder cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(
                f"the logs cannot be written: {error.strerror}",
                where=str(folder),
                fix="make room, or leave out --tensorboard",
            ) from error
        self._listener = listener
        self._writer = tf.raw_ops.SummaryWriter(shared_name=str(folder), container="")
        tf.raw_ops.CreateSummaryFileWriter(
            writer=self._writer,
            logdir=str(folder),
            max_queue=_WAITING_EVENTS,
            flush_millis=_FLUSH_MILLISECONDS,
            filename_suffix=".labelprep",
        )

    def said(self, text: str) -> None:
        """Pass the sentence on."""
        self._listener.said(text)

    def estimated(self, seconds: float) -> None:
        """Pass the estimate on."""
        self._listener.estimated(seconds)

    def stepped(self, report: StepReport) -> None:
        """Write the last batch's loss and the speed, by the steps since the beginning."""
        step = (report.epoch - 1) * report.steps + report.step
        self._write(step, "loss/batch", report.batch_loss)
        self._write(step, "images a second", report.images_per_second)
        self._listener.stepped(report)

    def epoch_ended(self, report: EpochReport) -> None:
        """Write what the epoch came to."""
        for name, value in (
            ("loss/training", report.loss),
            ("accuracy/training", report.accuracy),
            ("loss/validation", report.val_loss),
            ("accuracy/validation", report.val_accuracy),
            ("learning rate", report.learning_rate),
        ):
            self._write(report.epoch, name, value)
        self._listener.epoch_ended(report)

    def track(self, name: str, total: int) -> AbstractContextManager[Track]:
        """Return what the other listener has for it."""
        return self._listener.track(name, total)

    def close(self) -> None:
        """Write what is waiting, and close the log."""
        tf.raw_ops.CloseSummaryWriter(writer=self._writer)

    def _write(self, step: int, name: str, value: float | None) -> None:
        if value is not None:
            tf.raw_ops.WriteScalarSummary(
                writer=self._writer,
                step=tf.constant(step, tf.int64),
                tag=name,
                value=tf.constant(value, tf.float32),
            )
