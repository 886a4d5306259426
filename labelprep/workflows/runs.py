"""Runs that are not finished: what was asked of them, so that they can be taken up where they stopped."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from labelprep.errors import ManifestError, TrainingError, UsageError, shown
from labelprep.manifest.places import find, runs_of
from labelprep.ml.bundle import UNFINISHED, claimed
from labelprep.ml.options import TrainingOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "run.json"
FORMAT = "labelprep-run"
CHECKPOINT = "checkpoint.npz"
LAST = "last"
_NUMBER = re.compile(r"\d+")
# Two clocks of one machine may differ by this much about when a process began.
_CLOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run that can be taken up: its folder, its manifest and what was asked of it."""

    path: Path
    manifest: Path
    options: TrainingOptions
    cache_limit_bytes: int | None


def begin(manifest: Path, model: str, options: TrainingOptions, cache_limit_bytes: int | None) -> Path:
    """Return the folder of a new run of this manifest, with what was asked of it written down.

    Raises: TrainingError where it cannot be written.
    """
    part = claimed(runs_of(manifest), model)
    facts = {
        "format": FORMAT,
        "manifest": manifest.name,
        "options": asdict(options),
        "cache_limit_bytes": cache_limit_bytes,
    }
    _write(part, facts)
    return part


def take_up(run: UnfinishedRun) -> Path:
    """Return the folder of a run, claimed for this process; one that left a bundle is a run again.

    Raises: TrainingError where it is going on in another process.
    """
    facts = _facts(run.path)
    if _is_running(facts.get("process")):
        raise TrainingError(
            "this run is going on in another process",
            where=str(run.path),
            fix="wait for it, or stop that process first",
        )
    part = run.path
    if not part.name.endswith(UNFINISHED):
        part = run.path.with_name(run.path.name + UNFINISHED)
        run.path.rename(part)
    _write(part, facts)
    return part


def end(part: Path) -> None:
    """Forget a run that failed before there was anything to take up."""
    if not (part / CHECKPOINT).exists():
        shutil.rmtree(part, ignore_errors=True)


def finished(part: Path) -> None:
    """Forget what a run would have been taken up with: it has come to its end."""
    for name in (CHECKPOINT, FILE):
        (part / name).unlink(missing_ok=True)


def unfinished(name: str, manifest: Path | None) -> UnfinishedRun:
    """Return the run that is meant: by its number, its folder, or ``last``.

    Raises: UsageError where there is none of that name; TrainingError where it cannot be taken up.
    """
    path = _found(name, manifest)
    facts = _facts(path)
    known = {field.name for field in fields(TrainingOptions)}
    options = {key: value for key, value in facts["options"].items() if key in known}
    return UnfinishedRun(
        path, path.parent.parent / facts["manifest"], TrainingOptions(**options), facts["cache_limit_bytes"]
    )


def _found(name: str, manifest: Path | None) -> Path:
    """Return the folder of a run."""
    as_path = Path(name)
    if (as_path / FILE).is_file():
        return as_path.absolute()
    runs = runs_folder(manifest)
    candidates = sorted(path for path in runs.glob("*-*") if (path / FILE).is_file())
    chosen = named_among(name, candidates)
    if chosen is None:
        there = ", ".join(path.name.removesuffix(UNFINISHED) for path in candidates) or "none"
        raise UsageError(
            f"there is no unfinished run {shown(name)} in {runs}",
            where="--resume",
            fix=f"name one of: {there}",
        )
    return chosen


def runs_folder(manifest: Path | None) -> Path:
    """Return the folder of runs of this manifest, or of the one of the working folder."""
    try:
        return runs_of(manifest or find(Path.cwd()))
    except ManifestError:
        return Path.cwd() / "runs"


def named_among(name: str, candidates: Sequence[Path]) -> Path | None:
    """Return the candidate of this number or name, or the last; None where there is none."""
    if name == LAST:
        return candidates[-1] if candidates else None
    for path in candidates:
        number = path.name.split("-")[0]
        is_number = _NUMBER.fullmatch(name) is not None and int(number) == int(name)
        if is_number or name in {path.name, path.name.removesuffix(UNFINISHED)}:
            return path
    return None


def _facts(path: Path) -> dict[str, Any]:
    """Return what was written down when a run began."""
    try:
        facts = json.loads((path / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"cannot be read: {error}", where=str(path / FILE), fix="train again, with a new run"
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise TrainingError("not what labelprep wrote", where=str(path / FILE), fix="train again")
    return facts


def _write(part: Path, facts: dict[str, Any]) -> None:
    """Write down what was asked of a run, and which process it is."""
    process = {"pid": os.getpid(), "began": psutil.Process().create_time()}
    content = json.dumps({**facts, "process": process}, indent=2, default=str) + "\n"
    try:
        (part / FILE).write_text(content, encoding="utf-8")
    except OSError as error:
        raise TrainingError(
            f"cannot be written: {error.strerror}", where=str(part / FILE), fix="make room, then train again"
        ) from error


def is_going_on(part: Path) -> bool:
    """Tell whether another process works at the run of this folder now."""
    return _is_running(_facts(part).get("process"))


def _is_running(process: dict[str, Any] | None) -> bool:
    """Tell whether another process than this one still works at a run."""
    if not process or process["pid"] == os.getpid():
        return False
    try:
        began = psutil.Process(process["pid"]).create_time()
    except psutil.Error:
        return False
    return abs(began - float(process["began"])) < _CLOCK_SECONDS
