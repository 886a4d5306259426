"""Runs are listed in whatever state they are, the best is named, and two are held against each other."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from labelprep.workflows.run_listing import sign_test

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command


def bundle(runs: Path, name: str, *, right: str, loss: float = 0.5, **changes: Any) -> Path:  # noqa: ANN401 - any value of JSON
    """Write what a training of four validation images leaves; ``right`` has a 1 for each right one."""
    path = runs / name
    path.mkdir(parents=True)
    info = {
        "format": "labelprep-bundle",
        "format_version": 1,
        "created": "2026-01-31T10:00:00+00:00",
        "model": name.partition("-")[2],
        "classes": [{"id": 1, "name": "猫"}, {"id": 2, "name": "dog"}],
        "preprocessing": {},
        "files": {},
        "recipe": {"epochs": 5, "learning_rate": 0.001, "why": "small"},
        "metrics": {"val_accuracy": right.count("1") / len(right), "val_loss": loss},
        "splits": {"train": 36, "val": len(right)},
        "val_rule": "the val split",
        "kept_epoch": 3,
        "interrupted": False,
        "seconds": 12.3,
    } | changes
    (path / "bundle.json").write_text(json.dumps(info), encoding="utf-8")
    with (path / "predictions.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "split", "label", "predicted", "confidence"])
        rows.writerows(
            [f"{at}.png", "val", "猫", "猫" if mark == "1" else "dog", 0.9] for at, mark in enumerate(right)
        )
    return path


def unfinished(runs: Path, name: str, process: dict[str, Any]) -> None:
    path = runs / name
    path.mkdir(parents=True)
    facts = {"format": "labelprep-run", "manifest": "manifest.db", "process": process}
    (path / "run.json").write_text(json.dumps(facts), encoding="utf-8")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def test_every_run_is_listed_with_its_state_and_how_to_go_on(runs: Path, command: Command) -> None:
    bundle(runs, "0001-simple", right="1110")
    unfinished(runs, "0002-compact.part", {"pid": os.getppid(), "began": 0.0})
    parent = psutil.Process(os.getppid())
    unfinished(runs, "0003-simple.part", {"pid": parent.pid, "began": parent.create_time()})
    (runs / "0004-resnet").mkdir()

    found = command("runs", "list")

    lines = found.out.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["0001-simple", "finished"],
        ["0002-compact", "unfinished"],
        ["0003-simple", "running"],
        ["0004-resnet", "unreadable"],
    ]
    assert lines[1].split()[2:] == ["75.0%", "0.5000", "36", "3", "12", "2026-01-31", "10:00"]
    assert lines[5] == "Go on with 0002-compact: labelprep train --resume 0002"
    assert lines[6] == "0004-resnet: not a bundle: it holds no bundle.json"
    assert found.last_line == "Next: labelprep runs best"


def test_a_folder_without_runs_is_told(runs: Path, command: Command) -> None:
    found = command("runs", "list")

    assert not runs.exists()
    assert found.out.splitlines() == ["Nothing was trained yet.", "", "Next: labelprep train"]


def test_the_best_run_is_the_highest_accuracy_or_the_lowest_loss(runs: Path, command: Command) -> None:
    bundle(runs, "0001-simple", right="1100", loss=0.2)
    bundle(runs, "0002-compact", right="1110", loss=0.4)
    bundle(runs, "0003-compact", right="1110", loss=0.6)

    by_accuracy = command("runs", "best", "--json").json
    by_loss = command("runs", "best", "--metric", "val_loss", "--json").json

    assert (by_accuracy["best"]["run"], by_accuracy["of"]) == ("0002-compact", 3)
    assert by_loss["best"]["run"] == "0001-simple"


def test_a_figure_that_no_run_has_is_an_error_that_names_those_there_are(
    runs: Path, command: Command
) -> None:
    bundle(runs, "0001-simple", right="1100")

    found = command("runs", "best", "--metric", "mAP")

    assert found.code == 2
    assert "fix: name one of: val_accuracy, val_loss" in found.err


def test_two_runs_are_compared_by_settings_figures_and_images(runs: Path, command: Command) -> None:
    bundle(runs, "0001-simple", right="1100")
    bundle(runs, "0002-compact", right="0111", recipe={"epochs": 9, "learning_rate": 0.001, "why": "large"})

    found = command("runs", "compare", "1", "runs/0002-compact")
    document = command("runs", "compare", "1", "last", "--json").json

    assert document["metrics"]["val_accuracy"] == [0.5, 0.75]
    assert document["settings"] == {"epochs": [5, 9]}
    assert (document["only_first_right"], document["only_second_right"]) == (1, 2)
    assert "+0.2500" in found.out
    assert "That can be chance (sign test: p = 1): more images would tell." in found.out
    assert found.last_line == "Next: labelprep evaluate runs/0002-compact"


def test_runs_that_are_right_as_often_are_told_to_be_alike(runs: Path, command: Command) -> None:
    bundle(runs, "0001-simple", right="1100")
    bundle(runs, "0002-simple", right="1010")

    found = command("runs", "compare", "1", "2")

    assert (
        "0001-simple alone has 1 right, 0002-simple alone 1.\nBy these images neither is better." in found.out
    )


def test_a_run_without_a_bundle_cannot_be_compared(runs: Path, command: Command) -> None:
    bundle(runs, "0001-simple", right="1100")

    found = command("runs", "compare", "1", "2")

    assert found.code == 2
    assert "there is no bundle '2'" in found.err
    assert "fix: name two of: 0001-simple" in found.err


@pytest.mark.parametrize(
    ("fewer", "more", "chance"), [(0, 0, 1.0), (3, 3, 1.0), (0, 5, 0.0625), (5, 0, 0.0625), (1, 9, 22 / 1024)]
)
def test_the_sign_test_is_exact(fewer: int, more: int, chance: float) -> None:
    assert sign_test(fewer, more) == pytest.approx(chance, abs=1e-12)
