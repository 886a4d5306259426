"""A training that was killed goes on as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelprep.errors import TrainingError
from labelprep.ml.checkpoints import FILE, Checkpoint, Checkpoints, Position
from labelprep.ml.listening import EpochReport, Quiet
from labelprep.ml.training import Trained, train
from ml_pictures import CLASSES, halves, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.ml.listening import StepReport
    from labelprep.ml.recipes import Recipe


class Killed(BaseException):
    """What ends a training as a kill does: nothing of it handles this."""


class Killing(Quiet):
    """A listener at whose n-th report the process is killed."""

    def __init__(self, reports: int) -> None:
        self.left = reports

    def stepped(self, report: StepReport) -> None:
        del report
        self.left -= 1
        if self.left == 0:
            raise Killed


def killed_and_resumed(wanted: Recipe, folder: Path, reports: int) -> Trained:
    """Kill a training at a report, some time after its last checkpoint, and let another go on."""
    samples, val = halves(40), halves(10, seed=1)
    with pytest.raises(Killed):
        train(wanted, CLASSES, samples, val, Killing(reports), checkpoints=Checkpoints(folder))
    return train(wanted, CLASSES, samples, val, checkpoints=Checkpoints(folder))


@pytest.mark.parametrize(
    ("options", "reports"),
    [
        ({"model": "compact", "epochs": 3}, 2),
        ({"schedule": "plateau", "ema": True, "epochs": 4}, 4),
        ({"optimizer": "nesterov", "schedule": "cosine", "mixup": 0.3, "cutmix": 1.0, "epochs": 3}, 3),
    ],
)
def test_a_killed_training_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path, options: dict[str, object], reports: int
) -> None:
    wanted = recipe(**{"seed": 3, "augment": "shift"} | options)  # type: ignore[arg-type] # no side among them
    whole = train(wanted, CLASSES, halves(40), halves(10, seed=1))

    resumed = killed_and_resumed(wanted, tmp_path, reports)

    pairs = zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True)
    assert max(float(np.abs(a - b).max()) for a, b in pairs) < 1e-6
    assert resumed.kept_epoch == whole.kept_epoch
    assert [(r.epoch, r.steps) for r in resumed.history] == [(r.epoch, r.steps) for r in whole.history]
    assert [r.loss for r in resumed.history] == pytest.approx([r.loss for r in whole.history], rel=1e-5)
    assert [r.learning_rate for r in resumed.history] == pytest.approx(
        [r.learning_rate for r in whole.history]
    )


def test_a_checkpoint_within_an_epoch_goes_on_at_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every step is reported, and followed by a checkpoint.
    monkeypatch.setattr("labelprep.ml.training._REPORT_SECONDS", 0.0)
    wanted = recipe(epochs=2, batch_size=2, seed=1)
    samples = halves(40)
    whole = train(wanted, CLASSES, samples)
    often = Checkpoints(tmp_path, seconds_between=0)
    with pytest.raises(Killed):
        train(wanted, CLASSES, samples, None, Killing(27), checkpoints=often)
    saved = Checkpoints(tmp_path).load()

    resumed = train(wanted, CLASSES, samples, checkpoints=Checkpoints(tmp_path))

    assert saved is not None
    assert (saved.position.epoch, saved.position.step, saved.position.images) == (2, 6, 12)
    pairs = zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True)
    assert max(float(np.abs(a - b).max()) for a, b in pairs) < 1e-6
    assert resumed.history[1].loss == pytest.approx(whole.history[1].loss, rel=1e-5)
    assert resumed.history[1].steps == 20


def test_a_checkpoint_of_other_labels_is_refused(tmp_path: Path) -> None:
    samples, val = halves(40), halves(10, seed=1)
    train(recipe(), CLASSES, samples, val, checkpoints=Checkpoints(tmp_path))

    with pytest.raises(TrainingError) as caught:
        train(recipe(), CLASSES, halves(38), val, checkpoints=Checkpoints(tmp_path))

    assert caught.value.problem == (
        "the run was started with other settings, labels, splits or classes than there are now"
    )


def test_a_file_that_is_no_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 nothing")

    with pytest.raises(TrainingError, match="not a checkpoint that labelprep wrote"):
        Checkpoints(tmp_path).load()


@settings(max_examples=20, deadline=None)
@given(
    seconds=st.floats(0, 1e6),
    shapes=st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=12),
    notes=st.lists(st.text(max_size=5), max_size=2),
)
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, seconds: float, shapes: list[list[int]], notes: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    arrays = [np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for shape in shapes]
    history = [EpochReport(1, 2, 0.5, 0.25, None, None, 1.5, 1e-3)]
    position = Position("f", 3, 0.1, seconds=seconds, history=history, rate_test=[(1.0, 2.0)], notes=notes)

    Checkpoints(folder).save(Checkpoint(position, {"network": arrays}))
    loaded = Checkpoints(folder).load()

    assert loaded is not None
    assert loaded.position == position
    same = zip(loaded.variables.get("network", []), arrays, strict=True)
    assert all(np.array_equal(a, b) for a, b in same)
