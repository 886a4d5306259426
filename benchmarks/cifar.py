"""What the networks learn of small colour pictures, and in what time.

``python benchmarks/cifar.py --from cifar10_jpeg.zip [--minutes 10] [--seeds 1] [simple resnet]``: a zip of
``train|test/<class>/``, pictures of 32 px. Each network with its own defaults, as many epochs as fit into the
minutes where they are given; a stratified tenth of the training pictures validates each epoch, which is the
curve printed. The accuracy is that on the test pictures after the last epoch, and over several views.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from mnist import Labelled, judged
from PIL import Image
from scan import machine

from labelprep.ml.listening import EpochReport, Quiet
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, resolve
from labelprep.ml.training import train
from labelprep.ml.views import views_for


class Curve(Quiet):
    """Prints each epoch as it ends."""

    def __init__(self) -> None:
        """Begin to count the seconds of the processor."""
        self._began = time.process_time()

    def epoch_ended(self, report: EpochReport) -> None:
        """Print the accuracies so far."""
        print(
            f"    epoch {report.epoch}: train {report.accuracy:.4f}, val {report.val_accuracy:.4f}, "
            f"{time.process_time() - self._began:.0f} CPU-s",
            flush=True,
        )


def main() -> None:
    """Train every network with every seed and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=["simple", "resnet"])
    parser.add_argument("--from", dest="file", type=Path, required=True, help="cifar10_jpeg.zip")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="as many epochs as fit into this time")
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    print(machine())
    given, names = pictures(arguments.file, "train")
    test, _ = pictures(arguments.file, "test")
    for model in arguments.models:
        found = []
        for seed in range(arguments.seeds):
            print(f"  {model} seed {seed}", flush=True)
            options = TrainingOptions(
                model=model, seed=seed, minutes=arguments.minutes, epochs=arguments.epochs
            )
            found.append(one_training(options, given, test, names))
        plain, averaged = (statistics.mean(column) for column in zip(*found, strict=True))
        print(f"{model}: test accuracy {plain:.4f}, {averaged:.4f} over several views (means)")


def pictures(file: Path, split: str) -> tuple[Labelled, list[str]]:
    """Return the pictures of a split in the order of their names, and the names of the classes."""
    with zipfile.ZipFile(file) as archive:
        paths = sorted(
            PurePosixPath(name)
            for name in archive.namelist()
            if split in PurePosixPath(name).parts and name.endswith(".jpg")
        )
        pixels = [
            np.asarray(Image.open(io.BytesIO(archive.read(str(path)))).convert("RGB")) for path in paths
        ]
    names = sorted({path.parent.name for path in paths})
    return Labelled(np.stack(pixels), np.array([names.index(path.parent.name) for path in paths])), names


def one_training(
    options: TrainingOptions, given: Labelled, test: Labelled, names: list[str]
) -> tuple[float, float]:
    """Train one network and return its accuracies on the test pictures, plain and over several views."""
    everything = np.arange(len(given.labels))
    val = np.concatenate([everything[given.labels == label][::10] for label in range(len(names))])
    rows = np.setdiff1d(everything, val)
    recipe = resolve(options, PictureFacts(32, grey=False, images=len(rows), classes=len(names)))
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train(recipe, names, given.samples(rows), given.samples(val), Curve())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    plain, averaged = judged(trained.model, test, views_for(32, {"augment": trained.recipe.augment}))
    print(
        f"    test {plain:.4f}, {averaged:.4f} over several views, {wall:.0f} s, {cpu:.0f} CPU-s", flush=True
    )
    return plain, averaged


if __name__ == "__main__":
    main()
