"""What a training needs to go on after its process was killed: one file, always whole.

Everything random in a training follows from its seed and the numbers of epoch and step, so that those and
the variables are all there is to keep.
"""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import TrainingError
from labelprep.ml.listening import EpochReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "checkpoint.npz"
SECONDS_BETWEEN = 30.0
_FACTS = "facts"


@dataclass
class Position:
    """Where a training stands: ``step`` steps of epoch ``epoch`` (from 1) are done.

    ``loss_sum``, ``right`` and ``images`` are summed over those steps; ``epochs`` and ``learning_rate`` are
    what the training has settled on; ``best_epoch`` is the one whose weights are kept, 0 for none yet.
    ``plateau``: best loss, epochs waited and rate of a schedule that waits for validation.
    """

    fingerprint: str
    epochs: int
    learning_rate: float
    epoch: int = 1
    step: int = 0
    images: int = 0
    loss_sum: float = 0.0
    right: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    plateau: dict[str, float] = field(default_factory=dict)
    history: list[EpochReport] = field(default_factory=list)
    rate_test: list[tuple[float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A position and the variables there, in groups: ``network``, ``optimizer``, ``average``, ``best``."""

    position: Position
    variables: dict[str, list[np.ndarray]]


class Checkpoints:
    """The checkpoint of one training, in a folder of its own."""

    def __init__(self, folder: Path, *, seconds_between: float = SECONDS_BETWEEN) -> None:
        """Keep it in this folder, which has to be there."""
        self.path = folder / FILE
        self._seconds_between = seconds_between
        self._saved = time.monotonic()

    def is_due(self) -> bool:
        """Return whether it is time to save within an epoch."""
        return time.monotonic() - self._saved >= self._seconds_between

    def save(self, checkpoint: Checkpoint) -> None:
        """Write it beside and rename it: a kill at any time leaves the one before, or this one.

        Raises:
            TrainingError: it cannot be written.
        """
        content = _packed(checkpoint)
        beside = self.path.with_suffix(".part")
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            raise TrainingError(
                f"the checkpoint cannot be written: {error.strerror or error}",
                where=str(self.path),
                fix="make room, then go on with --resume",
            ) from error
        self._saved = time.monotonic()

    def load(self) -> Checkpoint | None:
        """Return what was saved last, None where nothing was.

        Raises:
            TrainingError: the file cannot be read, or is no checkpoint.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TrainingError(
                f"cannot be read: {error.strerror}",
                where=str(self.path),
                fix="check the disk and its permissions",
            ) from error
        try:
            return _unpacked(content)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise TrainingError(
                f"not a checkpoint that labelprep wrote: {error}", where=str(self.path), fix="train again"
            ) from error


def _packed(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as the bytes of an ``.npz`` file."""
    facts = json.dumps(asdict(checkpoint.position)).encode()
    arrays = {
        f"{group}/{number:05d}": value
        for group, values in checkpoint.variables.items()
        for number, value in enumerate(values)
    }
    memory = io.BytesIO()
    np.savez(memory, **{_FACTS: np.frombuffer(facts, np.uint8)}, **arrays)  # type: ignore[arg-type] # names are data
    return memory.getvalue()


def _unpacked(content: bytes) -> Checkpoint:
    """Return the checkpoint of these bytes; nothing in them is run."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        facts: dict[str, Any] = json.loads(file[_FACTS].tobytes())
        variables: dict[str, list[np.ndarray]] = {}
        for name in sorted(set(file.files) - {_FACTS}):
            variables.setdefault(name.split("/")[0], []).append(file[name])
    facts["history"] = [EpochReport(**report) for report in facts["history"]]
    facts["rate_test"] = [(rate, loss) for rate, loss in facts["rate_test"]]
    return Checkpoint(Position(**facts), variables)


def values_of(variables: Sequence[Any]) -> list[np.ndarray]:
    """Return the values of variables of Keras or TensorFlow."""
    return [np.asarray(variable.numpy()) for variable in variables]


def put_back(variables: Sequence[Any], values: Sequence[np.ndarray], where: str) -> None:
    """Give variables the values of a checkpoint.

    Raises:
        TrainingError: they are others than those that were saved.
    """
    shapes = [tuple(variable.shape) for variable in variables], [value.shape for value in values]
    if shapes[0] != shapes[1]:
        raise TrainingError(
            "the checkpoint is of another network", where=where, fix="train again, with a new run"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
