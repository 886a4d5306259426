"""Logs for TensorBoard hold the figures by step, and the other listener hears all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.errors import TrainingError
from labelprep.ml.backend import tf
from labelprep.ml.listening import EpochReport, Quiet, StepReport
from labelprep.ml.recording import Recorder

if TYPE_CHECKING:
    from pathlib import Path


class Hearing(Quiet):
    """Keeps the epochs it was told of."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def epoch_ended(self, report: EpochReport) -> None:
        self.epochs.append(report.epoch)


def test_figures_are_written_by_step_and_passed_on(tmp_path: Path) -> None:
    hearing = Hearing()
    recorder = Recorder(hearing, tmp_path / "日志" / "0001-simple")

    recorder.stepped(StepReport(2, 3, 4, 10, 0.5, 0.75, 0.5, 128.0, 3.0))
    recorder.epoch_ended(EpochReport(2, 10, 0.25, 0.5, None, None, 1.0, 0.125))
    recorder.close()

    [log] = (tmp_path / "日志" / "0001-simple").iterdir()
    events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset([str(log)])]
    assert [
        (event.step, value.tag, value.simple_value) for event in events for value in event.summary.value
    ] == [
        (14, "loss/batch", 0.5),
        (14, "images a second", 128.0),
        (2, "loss/training", 0.25),
        (2, "accuracy/training", 0.5),
        (2, "learning rate", 0.125),
    ]
    assert hearing.epochs == [2]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file", encoding="utf-8")

    with pytest.raises(TrainingError, match="the logs cannot be written"):
        Recorder(Quiet(), tmp_path / "runs" / "0001-simple")
