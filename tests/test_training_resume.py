"""A run that was killed is found again by its number and comes to the same end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from PIL import Image

from labelprep.errors import TrainingError, UsageError
from labelprep.ml.bundle import load_bundle
from labelprep.ml.options import TrainingOptions
from labelprep.progress import Silent
from labelprep.workflows.runs import FILE, unfinished
from labelprep.workflows.scanning import scan_folder
from labelprep.workflows.training import TrainRequest, train_network

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = TrainingOptions(model="simple", epochs=3, batch_size=8, seed=2)


class Killed(BaseException):
    """What ends a training as a kill does."""


class Killing(Silent):
    """A progress at whose sentence about an epoch the process is killed."""

    def __init__(self, beginning: str) -> None:
        self.beginning = beginning

    def say(self, text: str) -> None:
        if text.startswith(self.beginning):
            raise Killed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, part in (("left", np.s_[:, :8]), ("right", np.s_[:, 8:])):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.random.default_rng((number, len(name))).integers(0, 70, (16, 16, 3), dtype=np.uint8)
            pixels[part] += 180
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number:03d}.png")
    return tmp_path


def request(folder: Path, manifest: str = "manifest.db") -> TrainRequest:
    return TrainRequest(folder / "images", folder / manifest, OPTIONS)


def test_a_killed_run_goes_on_and_leaves_what_an_unbroken_one_leaves(folder: Path) -> None:
    with pytest.raises(Killed):
        train_network(request(folder), Killing("epoch 2:"))
    left = [path.name for path in (folder / "runs").iterdir()]
    whole = train_network(request(folder), Silent())

    resumed = train_network(TrainRequest(None, folder / "manifest.db", resume="1"), Silent())

    assert left == ["0001-simple.part"]
    assert whole.bundle.name == "0002-simple"
    assert resumed.bundle == folder / "runs" / "0001-simple"
    assert (resumed.epochs, resumed.kept_epoch, resumed.seed) == (3, whole.kept_epoch, 2)
    assert resumed.metrics == pytest.approx(whole.metrics, abs=1e-5)
    assert sorted(path.name for path in resumed.bundle.iterdir()) == sorted(
        path.name for path in whole.bundle.iterdir()
    )
    assert load_bundle(resumed.bundle).model == "simple"


def test_a_run_is_named_by_number_folder_name_or_last(folder: Path) -> None:
    with pytest.raises(Killed):
        train_network(request(folder), Killing("epoch 1:"))
    part = folder / "runs" / "0001-simple.part"

    found = {
        unfinished(name, folder / "manifest.db").path
        for name in ("1", "0001", "0001-simple", "0001-simple.part", "last", str(part))
    }

    assert found == {part}
    with pytest.raises(UsageError) as caught:
        unfinished("7", folder / "manifest.db")
    assert str(caught.value) == (
        f"--resume: there is no unfinished run '7' in {folder / 'runs'} — name one of: 0001-simple"
    )


def test_a_run_that_another_process_works_at_is_left_alone(folder: Path) -> None:
    with pytest.raises(Killed):
        train_network(request(folder), Killing("epoch 1:"))
    file = folder / "runs" / "0001-simple.part" / FILE
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts["process"] = {"pid": 1, "began": psutil.Process(1).create_time()}
    file.write_text(json.dumps(facts), encoding="utf-8")

    with pytest.raises(TrainingError, match="this run is going on in another process"):
        train_network(TrainRequest(None, folder / "manifest.db", resume="last"), Silent())


def test_labels_that_changed_since_are_told(folder: Path) -> None:
    with pytest.raises(Killed):
        train_network(request(folder), Killing("epoch 2:"))
    for number in range(10):
        (folder / "images" / "right" / f"{number:03d}.png").rename(
            folder / "images" / "left" / f"z{number}.png"
        )
    scan_folder(folder / "images", manifest=folder / "manifest.db")

    with pytest.raises(TrainingError, match="other settings, labels, splits or classes"):
        train_network(TrainRequest(None, folder / "manifest.db", resume="last"), Silent())

    assert (folder / "runs" / "0001-simple.part" / "checkpoint.npz").exists()


def test_a_run_goes_on_with_nothing_else_asked_of_it(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train_network(TrainRequest(None, folder / "manifest.db", OPTIONS, resume="last"), Silent())

    assert str(caught.value) == (
        "--resume: a run goes on with what was asked of it in the beginning — "
        "leave out everything else: labelprep train --resume last"
    )
