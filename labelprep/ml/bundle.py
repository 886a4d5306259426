"""What a training leaves on disk: the folder ``runs/NNNN-model``, complete or not there at all.

::

    0007-compact/
      model.keras  cnn_model.h5     the network; outputs are probabilities
      bundle.json                   classes, preprocessing, recipe, figures, sha256 of the other files
      history.csv                   an epoch a row
      predictions.csv               path, split, label, predicted, confidence
      curves.png  confusion_matrix.png
      parity.npz                    up to 64 validation pictures and what Keras said of them
      model_card.md                 what the network is for a person; free to be edited
      report.html                   all of it on one page, with the worst mistakes
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import re
import shutil
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import TrainingError, shown
from labelprep.ml.listening import EpochReport
from labelprep.ml.model_card import model_card
from labelprep.ml.plots import confusion_png, curves_png
from labelprep.model.classes import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

    from labelprep.ml.backend import KerasModel
    from labelprep.ml.calibration import Calibration
    from labelprep.ml.parity import Parity
    from labelprep.ml.recipes import Recipe

FORMAT = "labelprep-bundle"
FORMAT_VERSION = 1
INFO = "bundle.json"
MODEL = "model.keras"
MODEL_H5 = "cnn_model.h5"
HISTORY = "history.csv"
PREDICTIONS = "predictions.csv"
CURVES = "curves.png"
CONFUSION = "confusion_matrix.png"
PARITY = "parity.npz"
MODEL_CARD = "model_card.md"
REPORT = "report.html"

# A run that is going on, or was killed and can be taken up again.
UNFINISHED = ".part"

_NUMBERED = re.compile(r"(\d{4,})-")
# They belong to a run that goes on, not to the bundle.
_NO_PARTS = frozenset({"checkpoint.npz", "run.json"})
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the network's input; a new picture goes the same way."""

    size_px: int
    channels: int
    fit: str
    decoder_version: int
    proxy_size_px: int


@dataclass(frozen=True)
class Prediction:
    """What the network says of one picture whose label is known; ``confidence`` 0–1."""

    path: str
    split: str
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Run:
    """One training as its bundle tells it.

    ``classes``: (id in the manifest, name) in the order of the network's outputs. ``splits``: images a
    split. ``val_rule``: where the validation images came from, in words. ``manifest``: the name of the
    manifest file, which lies beside the folder of bundles.
    """

    model: str
    classes: list[tuple[int, str]]
    preprocessing: Preprocessing
    recipe: Recipe
    metrics: dict[str, float]
    splits: dict[str, int]
    val_rule: str
    kept_epoch: int
    interrupted: bool
    seconds: float
    manifest: str
    notes: list[str] = field(default_factory=list)
    calibration: Calibration | None = None


@dataclass(frozen=True, eq=False)
class Results:
    """What goes into the other files; ``confusion`` rows are the true classes, None without any.

    ``parity``: pictures with what the network says of them, by which its other formats are judged later.
    ``pages``: further files by name, as they are.
    """

    network: KerasModel
    history: list[EpochReport]
    predictions: list[Prediction]
    confusion: np.ndarray | None
    parity: Parity | None = None
    pages: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle that was opened; ``info`` is the whole of bundle.json."""

    path: Path
    info: dict[str, Any]
    model: str
    classes: list[tuple[int, str]]
    preprocessing: Preprocessing

    @property
    def names(self) -> list[str]:
        """Class names in the order of the network's outputs."""
        return [name for _, name in self.classes]

    @property
    def temperature(self) -> float:
        """What the network's logits are divided by where confidences are to be as high as accuracy is."""
        return float((self.info.get("calibration") or {}).get("temperature") or 1.0)

    @property
    def told_temperature(self) -> str:
        """Where the temperature is from, in words."""
        why = (self.info.get("calibration") or {}).get("why") or "no images validated this training"
        if self.temperature == 1:
            return f"Confidences are the network's own: {why}."
        return f"Confidences with the temperature {self.temperature:.2f}, {why}."

    def outputs_of(self, names: Iterable[str]) -> dict[str, int]:
        """Return the network's output number of each of these class names.

        Raises:
            TrainingError: the network does not know one of them; prints both lists.
        """
        known = {name: at for at, name in enumerate(self.names)}
        wanted = list(names)
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise TrainingError(
                f"the network does not know {shown(unknown)}: "
                f"it knows {', '.join(self.names)}; the images have {', '.join(wanted)}",
                where=str(self.path),
                fix="train again, or rename the classes as the network knows them",
            )
        return {name: known[name] for name in wanted}

    def load_network(self) -> KerasModel:
        """Return the network; no code from the file runs.

        Raises:
            TrainingError: the file cannot be loaded safely, or does not fit bundle.json.
        """
        from labelprep.ml.backend import keras  # noqa: PLC0415 - a bundle can be read without TensorFlow

        try:
            network = keras.saving.load_model(self.path / MODEL, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            problem = f"the network cannot be loaded: {str(error).strip().splitlines()[0]}"
            fix = "use a bundle made by labelprep train" if "ambda" in str(error) else "train again"
            raise TrainingError(problem, where=str(self.path / MODEL), fix=fix) from error
        side_px, channels = self.preprocessing.size_px, self.preprocessing.channels
        expected = (None, side_px, side_px, channels), (None, len(self.classes))
        if (network.input_shape, network.output_shape) != expected:
            raise TrainingError(
                f"the network takes {network.input_shape} and gives {network.output_shape}, "
                f"{INFO} says {expected[0]} and {expected[1]}",
                where=str(self.path / MODEL),
                fix="train again",
            )
        return network


def write_bundle(runs: Path, run: Run, results: Results) -> Path:
    """Write a bundle under the next free number of ``runs`` and return its folder.

    It is written beside and then renamed: nobody ever sees half a bundle.

    Raises:
        TrainingError: it cannot be written (a full disk, no permission); nothing is left behind.
    """
    part = claimed(runs, run.model)
    try:
        return finish_bundle(part, run, results)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def finish_bundle(part: Path, run: Run, results: Results) -> Path:
    """Write a bundle into the folder of its run, and give that its final name.

    Raises:
        TrainingError: it cannot be written (a full disk, no permission).
    """
    try:
        _fill(part, run, results)
        path = part.with_name(part.name.removesuffix(UNFINISHED))
        part.rename(path)
    except OSError as error:
        raise _unwritable(part.parent, error) from error
    return path


def _unwritable(runs: Path, error: OSError) -> TrainingError:
    return TrainingError(
        f"the bundle cannot be written: {error.strerror or error}",
        where=str(runs),
        fix="make room or choose a folder that can be written to, then train again",
    )


def claimed(runs: Path, model: str) -> Path:
    """Return a new folder ``NNNN-model.part`` of ``runs`` for a run, under the next free number.

    Raises:
        TrainingError: it cannot be made.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
        while True:
            taken = [int(match[1]) for entry in os.scandir(runs) if (match := _NUMBERED.match(entry.name))]
            number = max(taken, default=0) + 1
            part = runs / f"{number:04d}-{model}{UNFINISHED}"
            try:
                part.mkdir()
            except FileExistsError:
                continue
            # The number is what is claimed, and a training of another model may have come between.
            if any(path != part for path in runs.glob(f"{number:04d}-*")):
                part.rmdir()
                continue
            return part
    except OSError as error:
        raise _unwritable(runs, error) from error


def _fill(part: Path, run: Run, results: Results) -> None:
    """Write all files of a bundle, bundle.json last, since it holds the others' sha256."""
    names = [name for _, name in run.classes]
    _save_network(part, results.network)
    _write(part / HISTORY, _csv([field.name for field in fields(EpochReport)], map(asdict, results.history)))
    _write(part / PREDICTIONS, predictions_csv(results.predictions))
    _write(part / CURVES, curves_png(results.history, run.kept_epoch))
    if results.confusion is not None:
        _write(part / CONFUSION, confusion_png(results.confusion, names))
    if results.parity is not None:
        _write(part / PARITY, results.parity.as_bytes())
    for name, content in results.pages.items():
        _write(part / name, content)
    sums = {path.name: sha256_of(path) for path in sorted(part.iterdir()) if path.name not in _NO_PARTS}
    facts = _info(run, names, sums)
    # Without a sum: a person may go on writing in it.
    _write(part / MODEL_CARD, model_card(facts).encode("utf-8", "backslashreplace"))
    info = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
    _write(part / INFO, (info + "\n").encode("utf-8", "backslashreplace"))


def _info(run: Run, names: list[str], sums: Mapping[str, str]) -> dict[str, Any]:
    """Return what bundle.json says."""
    recipe = asdict(run.recipe)
    defaults = recipe.pop("defaults")
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "labelprep": package_version("labelprep"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": run.model,
        "classes": [{"id": number, "name": name} for number, name in run.classes],
        "classes_sha256": fingerprint(names),
        "preprocessing": asdict(run.preprocessing),
        "recipe": recipe,
        "defaults": defaults,
        "seed": run.recipe.seed,
        "metrics": run.metrics,
        "calibration": None if run.calibration is None else run.calibration.as_json(),
        "splits": run.splits,
        "val_rule": run.val_rule,
        "kept_epoch": run.kept_epoch,
        "interrupted": run.interrupted,
        "seconds": round(run.seconds, 3),
        "manifest": run.manifest,
        "notes": run.notes,
        "machine": machine_facts(),
        "files": dict(sums),
    }


def machine_facts() -> dict[str, str | int]:
    """Return what a training's speed and last digits depend on."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "tensorflow": package_version("tensorflow"),
        "keras": package_version("keras"),
    }


def package_version(name: str) -> str:
    """Return the version of an installed package, or an empty text."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def predictions_csv(predictions: Iterable[Prediction]) -> bytes:
    """Return predictions as CSV, a row a picture in their order."""
    return _csv([field.name for field in fields(Prediction)], map(asdict, predictions))


def _csv(columns: list[str], rows: Iterable[dict[str, Any]]) -> bytes:
    """Return a table as CSV in UTF-8, with the mark by which Excel knows it; None is an empty cell."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode("utf-8-sig", "backslashreplace")


def _write(path: Path, content: bytes) -> None:
    """Write bytes and have them on the disk before going on."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _save_network(part: Path, network: KerasModel) -> None:
    """Save a network in both forms through memory: libraries in C are not sure of a non-ASCII path."""
    from labelprep.ml.saving import h5_bytes, keras_bytes  # noqa: PLC0415 - loads TensorFlow

    _write(part / MODEL, keras_bytes(network))
    _write(part / MODEL_H5, h5_bytes(network))


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def load_bundle(path: Path) -> Bundle:
    """Open a bundle and check that its files are those that training wrote.

    Raises:
        TrainingError: not a bundle, made by a newer labelprep, or a file is missing or changed.
    """
    info = read_info(path)
    for name, expected in info["files"].items():
        file = path / Path(name).name
        try:
            found = sha256_of(file)
        except FileNotFoundError:
            raise TrainingError(
                "this file of the bundle is missing", where=str(file), fix="copy the whole folder again"
            ) from None
        except OSError as error:
            raise TrainingError(
                f"cannot be read: {error.strerror}", where=str(file), fix="check the disk and its permissions"
            ) from error
        if found != expected:
            raise TrainingError(
                "this file is not the one that training wrote",
                where=str(file),
                fix="copy the whole folder again, or train again",
            )
    classes = [(int(entry["id"]), str(entry["name"])) for entry in info["classes"]]
    return Bundle(path, info, str(info["model"]), classes, Preprocessing(**info["preprocessing"]))


def read_info(path: Path) -> dict[str, Any]:
    """Return bundle.json after checking that it is one this version can read.

    Raises:
        TrainingError: it is missing, damaged, of another kind, or made by a newer labelprep.
    """
    file = path / INFO
    fix = "name the folder that labelprep train made, such as runs/0001-simple"
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise TrainingError(f"not a bundle: it holds no {INFO}", where=str(path), fix=fix) from None
    except OSError as error:
        raise TrainingError(
            f"cannot be read: {error.strerror}", where=str(file), fix="check the disk and its permissions"
        ) from error
    except ValueError as error:
        raise TrainingError(f"not a bundle: {INFO} is damaged ({error})", where=str(file), fix=fix) from error
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise TrainingError(f"not a bundle: its {INFO} is of another kind", where=str(file), fix=fix)
    found = info.get("format_version")
    if not isinstance(found, int) or found > FORMAT_VERSION:
        raise TrainingError(
            f"made by a newer labelprep ({shown(info.get('labelprep'))}, format {shown(found)})",
            where=str(file),
            fix="update labelprep",
        )
    lacking = [key for key in ("files", "model", "classes", "preprocessing") if key not in info]
    if lacking:
        raise TrainingError(f"not a bundle: {INFO} lacks {lacking[0]!r}", where=str(file), fix=fix)
    return info
