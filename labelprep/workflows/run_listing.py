"""`runs`: the trainings of a manifest side by side, from what their bundles say."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from labelprep.errors import TrainingError, UsageError, shown
from labelprep.ml.bundle import INFO, PREDICTIONS, UNFINISHED, read_info
from labelprep.workflows.runs import FILE, is_going_on, named_among, runs_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOWER_IS_BETTER: Final = ("loss", "ece")
"""Ends of the names of figures that are better when they are smaller."""


class State(StrEnum):
    """How far a run is."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    UNFINISHED = "unfinished"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One folder of runs; ``info`` is its bundle.json, empty without one; ``problem`` says why."""

    path: Path
    state: State
    info: dict[str, Any]
    problem: str | None = None

    @property
    def name(self) -> str:
        """The name that the folder has once the run is finished."""
        return self.path.name.removesuffix(UNFINISHED)

    @property
    def metrics(self) -> dict[str, float]:
        """The figures of the validation images, by name; empty where nothing validated."""
        return dict(self.info.get("metrics") or {})

    @property
    def resume(self) -> str | None:
        """The command that takes the run up again, where there is something to take up."""
        if self.state not in {State.INTERRUPTED, State.UNFINISHED} or not (self.path / FILE).is_file():
            return None
        return f"labelprep train --resume {self.name.split('-')[0]}"

    def as_json(self) -> dict[str, Any]:
        """Return the run under its contract names."""
        info = self.info
        return {
            "run": self.name,
            "path": str(self.path),
            "state": str(self.state),
            "model": info.get("model") or self.name.partition("-")[2],
            "created": info.get("created"),
            "metrics": self.metrics,
            "images": info.get("splits") or {},
            "epochs": (info.get("recipe") or {}).get("epochs"),
            "kept_epoch": info.get("kept_epoch"),
            "seconds": info.get("seconds"),
            "resume": self.resume,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    ``settings`` and ``metrics``: (name, of the first, of the second), settings only where they differ.
    ``images`` counts validation images that both judged; ``only_first`` those that the first alone has right.
    ``chance`` is the probability of so unequal a count, or a more unequal one, if neither were better (sign
    test, two-sided).
    """

    first: ListedRun
    second: ListedRun
    metrics: tuple[tuple[str, float | None, float | None], ...]
    settings: tuple[tuple[str, Any, Any], ...]
    images: int
    only_first: int
    only_second: int
    chance: float
    same_images: bool

    def as_json(self) -> dict[str, Any]:
        """Return the comparison under its contract names."""
        return {
            "runs": [self.first.as_json(), self.second.as_json()],
            "metrics": {name: [a, b] for name, a, b in self.metrics},
            "settings": {name: [a, b] for name, a, b in self.settings},
            "images_of_both": self.images,
            "same_images": self.same_images,
            "only_first_right": self.only_first,
            "only_second_right": self.only_second,
            "chance": self.chance,
        }


def list_runs(manifest: Path | None) -> list[ListedRun]:
    """Return the runs of a manifest by number, whatever state they are in."""
    folder = runs_folder(manifest)
    return [_listed(path) for path in sorted(folder.glob("[0-9]*-*")) if path.is_dir()]


def best_run(runs: Sequence[ListedRun], metric: str) -> ListedRun:
    """Return the run that is best by a figure; of equal ones the earliest.

    Raises: UsageError where no run has that figure.
    """
    having = [run for run in runs if metric in run.metrics]
    if not having:
        known = sorted({name for run in runs for name in run.metrics})
        fix = f"name one of: {', '.join(known)}" if known else "train first: labelprep train"
        raise UsageError(f"no run has a figure {shown(metric)}", where="--metric", fix=fix)
    sign = 1 if metric.endswith(LOWER_IS_BETTER) else -1
    return min(having, key=lambda run: sign * run.metrics[metric])


def compare_runs(first: str, second: str, manifest: Path | None) -> Comparison:
    """Hold two runs against each other, by their numbers, names or ``last``.

    Raises: UsageError where there is no such run; TrainingError where it has no bundle to compare.
    """
    runs = list_runs(manifest)
    one, other = (_one(name, runs, manifest) for name in (first, second))
    names = list(dict.fromkeys((*one.metrics, *other.metrics)))
    said, said_by_other = _right(one), _right(other)
    both = said.keys() & said_by_other.keys()
    only_first = sum(said[path] and not said_by_other[path] for path in both)
    only_second = sum(said_by_other[path] and not said[path] for path in both)
    return Comparison(
        first=one,
        second=other,
        metrics=tuple((name, one.metrics.get(name), other.metrics.get(name)) for name in names),
        settings=tuple(_differences(_settings(one), _settings(other))),
        images=len(both),
        only_first=only_first,
        only_second=only_second,
        chance=sign_test(only_first, only_second),
        same_images=said.keys() == said_by_other.keys(),
    )


def sign_test(fewer: int, more: int) -> float:
    """Return how likely counts at least so unequal are where both are as likely (two-sided, exact)."""
    total = fewer + more
    logs = [
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) - total * math.log(2)
        for k in range(min(fewer, more) + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(value) for value in logs))


def _listed(path: Path) -> ListedRun:
    """Return what a folder of runs holds; what cannot be read is listed with the reason."""
    try:
        if path.name.endswith(UNFINISHED):
            return ListedRun(path, State.RUNNING if is_going_on(path) else State.UNFINISHED, {})
        info = read_info(path)
    except TrainingError as error:
        return ListedRun(path, State.UNREADABLE, {}, error.problem)
    return ListedRun(path, State.INTERRUPTED if info.get("interrupted") else State.FINISHED, info)


def _one(name: str, runs: Sequence[ListedRun], manifest: Path | None) -> ListedRun:
    complete = {run.path: run for run in runs if run.info}
    last_part = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    path = named_among(last_part, list(complete))
    if path is None:
        there = ", ".join(run.name for run in complete.values()) or "none"
        raise UsageError(
            f"there is no bundle {shown(name)} in {runs_folder(manifest)}",
            where="runs",
            fix=f"name two of: {there}",
        )
    return complete[path]


def _settings(run: ListedRun) -> dict[str, Any]:
    """Return what may make two runs differ: recipe, classes, images and where they were judged."""
    info = run.info
    return {
        **(info.get("recipe") or {}),
        "classes": len(info["classes"]),
        **{f"{split} images": number for split, number in (info.get("splits") or {}).items()},
        "validation": info.get("val_rule"),
        "seconds": info.get("seconds"),
    }


def _differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = dict.fromkeys((*one, *other))
    return [
        (name, one.get(name), other.get(name))
        for name in names
        if name != "why" and one.get(name) != other.get(name)
    ]


def _right(run: ListedRun) -> dict[str, bool]:
    """Return whether each validation image was predicted rightly, by path.

    Raises: TrainingError where the file cannot be read.
    """
    place = run.path / PREDICTIONS
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            return {
                row["path"]: row["label"] == row["predicted"]
                for row in csv.DictReader(file)
                if row["split"] == "val"
            }
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(
            f"cannot be read: {error}", where=str(place), fix=f"copy the folder of {INFO} again"
        ) from error
