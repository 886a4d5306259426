"""`predict`: what a bundle's network sees on files and folders of photos, known to a manifest or not."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labelprep.errors import SourceError, UsageError
from labelprep.manifest.paths import escaped
from labelprep.ml.bundle import Bundle, load_bundle
from labelprep.ml.calibration import tempered
from labelprep.ml.evaluation import top_k as likeliest
from labelprep.ml.views import averaged
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS
from labelprep.workflows.evaluating import shape_of, views_of
from labelprep.workflows.running import network_of
from labelprep.workflows.walking import Walk, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labelprep.ml.runtimes import Likely
    from labelprep.progress import Progress

BATCH = 64


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the network says of one picture: the likeliest class, and the first few with probabilities."""

    path: str
    label: str
    confidence: float
    top: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the prediction under its contract names."""
        top = [{"label": name, "confidence": share} for name, share in self.top]
        return {"path": self.path, "label": self.label, "confidence": self.confidence, "top": top}


@dataclass(frozen=True, slots=True)
class PredictReport:
    """Predictions in the order of the paths given, folders sorted, and files that could not be read."""

    bundle: Path
    classes: tuple[str, ...]
    predictions: list[Predicted]
    issues: list[Issue] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures were given each class, the most frequent first."""
        return dict(Counter(row.label for row in self.predictions).most_common())

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "bundle": str(self.bundle),
            "classes": list(self.classes),
            "predictions": [row.as_json() for row in self.predictions],
            "counts": self.counts,
            "issues": [issue.as_json() for issue in self.issues],
        }


def predict_paths(  # noqa: PLR0913 - each is an option
    path: Path,
    targets: Sequence[Path],
    *,
    top_k: int,
    tta: bool = False,
    runtime: str = "keras",
    calibrated: bool = False,
    progress: Progress,
) -> PredictReport:
    """Predict the classes of files and of all images in folders.

    ``tta`` averages what the network says of several views of each picture. ``runtime`` is the program that
    computes the network: all but ``keras`` take what ``export-model`` left in the bundle, and no TensorFlow.
    ``calibrated`` gives confidences with the bundle's temperature, by which the network is as sure as it is
    right.

    A picture that labelprep has scanned gives the same numbers as in training: it goes the same way.

    Raises: UsageError where a path does not exist; SourceError where not one picture could be read.
    """
    if top_k < 1:
        raise UsageError(f"{top_k} is too small", where="--top-k", fix="give a whole number from 1 up")
    bundle = load_bundle(path)
    files = [file for target in targets for file in _files(target)]
    if not files:
        raise SourceError(
            "there are no images", where=", ".join(map(str, targets)), fix="name photos or folders of photos"
        )
    report = PredictReport(path, tuple(bundle.names), [])
    views = views_of(bundle) if tta else None
    if views is not None:
        progress.say(f"Averaged over {views}.")
    network = network_of(bundle, runtime)
    likely = network if views is None else averaged(network, views)
    predictor = _Predictor(bundle, likely, top_k, report)
    if calibrated:
        predictor.temperature = bundle.temperature
        progress.say(bundle.told_temperature)
    predictor.run(files, progress)
    if not report.predictions:
        first = report.issues[0]
        raise SourceError(f"no picture could be read: {first.problem}", where=first.where, fix=first.fix)
    return report


def _files(target: Path) -> Iterator[str]:
    """Yield a file, or the images of a folder in path order."""
    if target.is_dir():
        found = walk(str(target), "", IMAGE_EXTENSIONS, Walk())
        yield from (os.path.join(target, item.path) for item in found if item.is_image)  # noqa: PTH118 - names may be bytes
    elif target.exists():
        yield str(target)
    else:
        raise UsageError(
            "there is no such file or folder", where=str(target), fix="check the spelling of the path"
        )


class _Predictor:
    """Runs pictures through workers and network, a few hundred in memory at a time."""

    def __init__(self, bundle: Bundle, likely: Likely, top_k: int, report: PredictReport) -> None:
        self.shape = shape_of(bundle)
        self.top_k = top_k
        self.report = report
        self.names = bundle.names
        self.proxy_size = bundle.preprocessing.proxy_size_px
        self.likely = likely
        self.temperature = 1.0

    def run(self, files: Sequence[str], progress: Progress) -> None:
        """Add a prediction or an issue for each file, in order."""
        options = {
            "height": self.shape.height,
            "width": self.shape.width,
            "channels": self.shape.channels,
            "fit": self.shape.fit,
            "proxy_size": self.proxy_size,
        }
        batches = (Batch(at // BATCH, list(files[at : at + BATCH])) for at in range(0, len(files), BATCH))
        found: dict[int, tuple[list[Predicted], list[Issue]]] = {}
        with LocalEngine() as engine, progress.track("predicting", len(files)) as bar:
            for done in engine.run(batches, Work("pixels", options)):
                part = files[done.number * BATCH : (done.number + 1) * BATCH]
                answers = [(result.value, result.payload) for result in done.results]
                found[done.number] = self._part(part, answers)
                bar.advance(len(part))
        for number in sorted(found):
            self.report.predictions.extend(found[number][0])
            self.report.issues.extend(found[number][1])

    def _part(
        self, files: Sequence[str], answers: Sequence[tuple[dict[str, Any], bytes]]
    ) -> tuple[list[Predicted], list[Issue]]:
        good = [(file, payload) for file, (value, payload) in zip(files, answers, strict=True) if payload]
        issues = [
            Issue(
                "LP101",
                Severity.ERROR,
                escaped(file),
                str(value["problem"]),
                "replace the file; it was left out",
            )
            for file, (value, payload) in zip(files, answers, strict=True)
            if not payload
        ]
        if not good:
            return [], issues
        shape = (len(good), self.shape.height, self.shape.width, self.shape.channels)
        pixels = np.frombuffer(b"".join(payload for _, payload in good), np.uint8).reshape(shape)
        return self._predicted([file for file, _ in good], pixels), issues

    def _predicted(self, files: Sequence[str], pixels: np.ndarray) -> list[Predicted]:
        likely = self.likely(pixels)
        if self.temperature != 1:
            likely = tempered(likely, self.temperature)
        order, shares = likeliest(likely, self.top_k)
        result = []
        for file, numbers, values in zip(files, order, shares, strict=True):
            top = tuple(
                (self.names[number], float(value)) for number, value in zip(numbers, values, strict=True)
            )
            result.append(Predicted(escaped(file), top[0][0], top[0][1], top))
        return result


def write_csv(report: PredictReport, path: Path) -> None:
    """Write predictions as CSV: path, label, confidence, then the further classes with theirs.

    Raises: SourceError where the file cannot be written.
    """
    most = max(len(row.top) for row in report.predictions)
    header = ["path", "label", "confidence"]
    for place in range(2, most + 1):
        header += [f"label_{place}", f"confidence_{place}"]
    try:
        with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(header)
            for row in report.predictions:
                table.writerow([row.path, *(value for pair in row.top for value in pair)])
    except OSError as error:
        raise SourceError(
            f"it cannot be written: {error.strerror}", where=str(path), fix="close it, or name another file"
        ) from error
