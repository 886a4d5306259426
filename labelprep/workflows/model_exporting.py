"""`export-model`: a bundle's network in the formats of other programs, each held against Keras."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import TrainingError, UsageError, shown
from labelprep.manifest.store import open_store
from labelprep.ml.bundle import MODEL, MODEL_H5, PARITY, Bundle, load_bundle, package_version, sha256_of
from labelprep.ml.parity import Agreement, Parity, compared, evenly, load_parity
from labelprep.workflows.evaluating import manifest_of, shape_of
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.selecting import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labelprep.ml.backend import KerasModel
    from labelprep.progress import Progress

FORMAT = "labelprep-export"
FORMAT_VERSION = 1
EXPORTS = "export.json"
FILES = {
    "savedmodel": "saved_model",
    "tflite": "model.tflite",
    "tflite-int8": "model_int8.tflite",
    "onnx": "model.onnx",
    "keras": MODEL,
    "h5": MODEL_H5,
}
INT8 = "tflite-int8"
CALIBRATION_PICTURES = 128
_BATCH = 16


@dataclass(frozen=True, slots=True)
class ModelExportRequest:
    """Which bundle, in which of ``FILES``, into which folder (None: the bundle's own)."""

    bundle: Path
    to: tuple[str, ...]
    out: Path | None = None
    manifest: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """One format that was written: its file or folder, and how it compares with Keras."""

    to: str
    path: Path
    bytes: int
    sha256: str
    seconds: float
    agreement: Agreement

    def as_json(self) -> dict[str, Any]:
        """Return it under its contract names."""
        return {
            "file": self.path.name,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "seconds": round(self.seconds, 3),
            **asdict(self.agreement),
        }


@dataclass(frozen=True, slots=True)
class ModelExportReport:
    """What was written, in the order asked for; ``keras``: the bundle's own network against its training."""

    bundle: Path
    out: Path
    pictures_from: str
    keras: Agreement
    exports: list[Exported]

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "bundle": str(self.bundle),
            "out": str(self.out),
            "pictures_from": self.pictures_from,
            "keras": asdict(self.keras),
            "exports": {item.to: {**item.as_json(), "path": str(item.path)} for item in self.exports},
        }


def export_model(request: ModelExportRequest, progress: Progress) -> ModelExportReport:
    """Write a network in other formats and compare each with Keras on real pictures.

    What differs is not written: a float format by more than 0.0001 in any probability, one in whole numbers
    by more than two points of accuracy.

    Raises: UsageError for a format that is none, or files that are there; TrainingError where a format cannot
    be written, or does not agree; ManifestError where pictures are needed and the manifest is gone.
    """
    formats = _asked(request.to)
    bundle = load_bundle(request.bundle)
    out = request.out or request.bundle
    _refuse_what_is_there(out, formats, request)
    with progress.track("loading TensorFlow", None):
        network = bundle.load_network()
    parity, source = _parity(bundle, network, request, progress)
    own = _own(bundle, network, parity)
    calibration = None
    if INT8 in formats:
        calibration, _ = _pictures(bundle, "train", CALIBRATION_PICTURES, request, progress)
    parity = Parity(parity.pictures, parity.labels, _outputs_of(network, parity.pictures))
    exports = []
    with progress.track("exporting", len(formats)) as bar:
        for to in formats:
            bar.note(to)
            exports.append(_Export(bundle, network, parity, calibration).into(out, to))
            bar.advance()
    _record(bundle, out, exports)
    return ModelExportReport(request.bundle, out, source, own, exports)


def _asked(words: Sequence[str]) -> list[str]:
    """Return the formats in the order asked for, each once; commas separate too.

    Raises: UsageError.
    """
    formats = list(dict.fromkeys(part.strip() for word in words for part in word.split(",") if part.strip()))
    if "all" in formats:
        return list(FILES)
    unknown = next((word for word in formats if word not in FILES), None)
    if unknown is not None or not formats:
        problem = "no format is named" if unknown is None else f"{shown(unknown)} is no format of a network"
        raise UsageError(problem, where="--to", fix=f"name one of {', '.join(FILES)}, or all")
    return formats


def _is_own(bundle: Path, out: Path, to: str) -> bool:
    """Tell whether this is a file that training wrote: it is looked at, never written again."""
    return to in {"keras", "h5"} and out.absolute() == bundle.absolute()


def _refuse_what_is_there(out: Path, formats: Sequence[str], request: ModelExportRequest) -> None:
    for to in formats:
        target = out / FILES[to]
        if target.exists() and not request.overwrite and not _is_own(request.bundle, out, to):
            raise UsageError(
                "it is there already", where=str(target), fix="add --overwrite, or name another folder"
            )


def _parity(
    bundle: Bundle, network: KerasModel, request: ModelExportRequest, progress: Progress
) -> tuple[Parity, str]:
    """Return the pictures by which formats are judged and where they are from: the bundle, else val."""
    shape = shape_of(bundle)
    stored = bundle.path / PARITY
    if PARITY in bundle.info["files"]:
        sides = (shape.height, shape.width, shape.channels)
        return load_parity(stored, sides, len(bundle.classes)), PARITY
    pictures, labels = _pictures(bundle, "val", 64, request, progress)
    return Parity(pictures, labels, _outputs_of(network, pictures)), "the val split"


def _pictures(
    bundle: Bundle, split: str, most: int, request: ModelExportRequest, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Return up to ``most`` pictures of a split, (n, height, width, channels) uint8, and their labels.

    Raises: TrainingError where the split has none; ManifestError where there is no manifest.
    """
    numbers = {name: number for number, name in enumerate(bundle.names)}
    with open_store(request.manifest or manifest_of(bundle)) as store:
        known = [row for row in usable(store) if row.split == split and row.label in numbers]
        if not known:
            raise TrainingError(
                f"no image of the {split} split has a class of the network",
                where=str(store.path),
                fix="name the manifest it was trained on with -m FILE",
            )
        chosen = [known[place] for place in evenly(len(known), most)]
        labels = np.array([numbers[picture.label] for picture in chosen], np.int32)
        samples = Feeder(store, chosen, FeedPlan(shape_of(bundle)), progress).samples(chosen, labels)
        return samples.source.read(samples.rows), labels


def _own(bundle: Bundle, network: KerasModel, parity: Parity) -> Agreement:
    """Compare the bundle's network with what it said at the end of its training.

    Raises: TrainingError where it gives other numbers on this machine.
    """
    found = compared(_outputs_of(network, parity.pictures), parity.outputs, parity.labels)
    if not found.is_exact:
        raise TrainingError(
            f"the network differs here by {found.max_difference:.2g} from what it gave in training",
            where=str(bundle.path / MODEL),
            fix="use the versions of TensorFlow and Keras that bundle.json names, or train again",
        )
    return found


def _outputs_of(network: KerasModel, pictures: np.ndarray) -> np.ndarray:
    from labelprep.ml.prediction import forward  # noqa: PLC0415 - loads TensorFlow

    return _in_batches(forward(network, pictures.shape[1:]), pictures)


def _in_batches(likely: Callable[[np.ndarray], np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Return the outputs for pictures, a few at a time: also that a batch may be of any size is tried."""
    parts = [likely(pictures[at : at + _BATCH]) for at in range(0, len(pictures), _BATCH)]
    return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class _Export:
    """One network and the pictures it is judged by."""

    bundle: Bundle
    network: KerasModel
    parity: Parity
    calibration: np.ndarray | None

    def into(self, out: Path, to: str) -> Exported:
        """Write one format beside its place, load it again, compare, and only then rename it.

        Raises: TrainingError where it cannot be written or does not agree.
        """
        from labelprep.ml.exporting import write_network  # noqa: PLC0415 - loads TensorFlow

        began = time.perf_counter()
        target = out / FILES[to]
        if _is_own(self.bundle.path, out, to):
            return self._checked(to, target, target, began)
        # The ending stays: by it Keras knows what a file is.
        part = target.with_name(f".{secrets.token_hex(4)}.part.{target.name}")
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_network(self.network, to, part, self.calibration)
            done = self._checked(to, part, target, began)
            _put(part, target)
        except OSError as error:
            raise TrainingError(
                f"it cannot be written: {error.strerror or error}",
                where=str(target),
                fix="make room or name another folder",
            ) from error
        finally:
            _remove(part)
        return done

    def _checked(self, to: str, path: Path, target: Path, began: float) -> Exported:
        """Return what was written after comparing it.

        Raises: TrainingError where it does not agree with Keras.
        """
        from labelprep.ml.exporting import load_again  # noqa: PLC0415 - loads TensorFlow

        outputs = _in_batches(load_again(to, path), self.parity.pictures)
        found = compared(outputs, self.parity.outputs, self.parity.labels)
        if to == INT8 and not found.is_as_good:
            raise TrainingError(
                f"in whole numbers it is right on {found.accuracy:.1%} of {found.pictures} pictures, "
                f"in float on {found.keras_accuracy:.1%}; not written",
                where=str(target),
                fix="export to tflite, which keeps the numbers",
            )
        if to != INT8 and not found.is_exact:
            raise TrainingError(
                f"a probability differs by {found.max_difference:.2g} from Keras's; not written",
                where=str(target),
                fix="export to another format",
            )
        return Exported(to, target, _bytes_of(path), digest_of(path), time.perf_counter() - began, found)


def _put(part: Path, target: Path) -> None:
    """Rename what was written to its place; a folder that is there goes away first."""
    if target.is_dir():
        old = target.with_name(f"{part.name}.old")
        target.rename(old)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(part, target)  # noqa: PTH105 - replaces on Windows too


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _files_in(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _bytes_of(path: Path) -> int:
    return sum(file.stat().st_size for file in _files_in(path))


def digest_of(path: Path) -> str:
    """Return the sha256 of a file; of a folder, that of the list of its files with theirs."""
    if not path.is_dir():
        return sha256_of(path)
    lines = [f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in _files_in(path)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _record(bundle: Bundle, out: Path, exports: Sequence[Exported]) -> None:
    """Write export.json; what it says of other formats of the same network stays."""
    network = bundle.info["files"].get(MODEL)
    file = out / EXPORTS
    before = read_exports(file)
    held = before["exports"] if before.get("network_sha256") == network else {}
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "labelprep": package_version("labelprep"),
        "model": bundle.model,
        "network_sha256": network,
        "classes": bundle.names,
        "preprocessing": asdict(bundle.preprocessing),
        "input": "pictures: upright, 0-255, (n, height, width, channels), float32; uint8 for tflite-int8",
        "output": "probabilities: (n, classes) float32",
        "exports": {**held, **{item.to: item.as_json() for item in exports}},
    }
    content = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    part = file.with_name(f".{secrets.token_hex(4)}.part.{file.name}")
    try:
        part.write_text(content, encoding="utf-8", errors="backslashreplace")
        os.replace(part, file)  # noqa: PTH105 - replaces on Windows too
    finally:
        part.unlink(missing_ok=True)


def read_exports(file: Path) -> dict[str, Any]:
    """Return what export.json says; nothing where there is none, or it is not one."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    good = isinstance(document, dict) and document.get("format") == FORMAT
    return document if good and isinstance(document.get("exports"), dict) else {}
