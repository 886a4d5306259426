"""What the networks learn of MNIST, and in what time.

``python benchmarks/mnist.py --from mnist.npz [--seeds 3] [--images 60000] [simple compact]``: each network
with its own defaults and each seed, a stratified tenth of the training images for validation, the accuracy on
the 10,000 test images after the last epoch. Times are of the whole training, by the wall clock and in
CPU-seconds; the ratios are those of the medians. Beside the accuracy stands that of the mean over several
views of each test picture (``evaluate --tta``).
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scan import machine

from labelprep.ml.options import TrainingOptions
from labelprep.ml.prediction import forward, outputs
from labelprep.ml.recipes import PictureFacts, resolve
from labelprep.ml.samples import Samples
from labelprep.ml.training import train
from labelprep.ml.views import Views, averaged, views_for

if TYPE_CHECKING:
    from labelprep.ml.backend import KerasModel

NAMES = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Labelled:
    """Pictures in memory, ``(n, height, width, channels) uint8``, read by row, with their labels."""

    pictures: np.ndarray
    labels: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        _, height, width, channels = self.pictures.shape
        return height, width, channels

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return the pictures of these rows."""
        return np.take(self.pictures, rows, axis=0)

    def close(self) -> None:
        """Do nothing: memory needs no closing."""

    def samples(self, rows: np.ndarray) -> Samples:
        """Return these rows as samples."""
        return Samples([""] * len(rows), self.labels[rows].astype(np.int32), rows, self)


@dataclass(frozen=True)
class Measured:
    """One training: accuracy on test, plain and over several views; seconds by clock and of the processor."""

    accuracy: float
    averaged: float
    seconds: float
    cpu_seconds: float


def main() -> None:
    """Train every network with every seed and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=["simple", "compact"])
    parser.add_argument("--from", dest="file", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--images", type=int, default=60_000, help="training images used, validation included"
    )
    parser.add_argument("--epochs", type=int, help="epochs of compact, where not its usual ones")
    arguments = parser.parse_args()
    print(machine())
    with np.load(arguments.file) as arrays:
        given = Labelled(arrays["x_train"][..., None], arrays["y_train"])
        test = Labelled(arrays["x_test"][..., None], arrays["y_test"])
    found: dict[str, list[Measured]] = {model: [] for model in arguments.models}
    # Seed by seed and network by network, so that a change of the machine's load meets both alike.
    for seed in range(arguments.seeds):
        for model in arguments.models:
            found[model].append(
                one_training(
                    TrainingOptions(
                        model=model, seed=seed, epochs=arguments.epochs if model == "compact" else None
                    ),
                    given,
                    test,
                    arguments.images,
                )
            )
            print(f"  {model:8} seed {seed}: {found[model][-1]}", flush=True)
    for model, results in found.items():
        middle = medians(results)
        print(
            f"{model}: test accuracy {middle.accuracy:.4f}, {middle.averaged:.4f} over several views, "
            f"{middle.seconds:.0f} s, {middle.cpu_seconds:.0f} CPU-s (medians)"
        )
    if len(found) == 2:
        simple, compact = medians(found["simple"]), medians(found["compact"])
        print(
            f"compact / simple: {compact.seconds / simple.seconds:.2f} (wall), "
            f"{compact.cpu_seconds / simple.cpu_seconds:.2f} (CPU), "
            f"{(1 - compact.accuracy) / (1 - simple.accuracy):.2f} (error)"
        )


def one_training(options: TrainingOptions, given: Labelled, test: Labelled, images: int) -> Measured:
    """Train one network and judge it on the test images."""
    order = np.random.default_rng(0).permutation(len(given.labels))[:images]
    val = np.sort(np.concatenate([order[given.labels[order] == digit][::10] for digit in range(10)]))
    rows = np.setdiff1d(order, val)
    recipe = resolve(options, PictureFacts(28, grey=True, images=len(rows), classes=10))
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train(recipe, NAMES, given.samples(rows), given.samples(val))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    views = views_for(28, {"augment": trained.recipe.augment})
    plain, averaged_ones = judged(trained.model, test, views)
    return Measured(plain, averaged_ones, wall, cpu)


def judged(model: KerasModel, test: Labelled, views: Views) -> tuple[float, float]:
    """Return the accuracy on the test images, and that of the mean over several views."""
    graph, rows = forward(model, test.shape), np.arange(len(test.labels))
    shares = []
    for likely in (graph, averaged(graph, views)):
        said = outputs(model, test, rows, batch_size=256, likely=likely).argmax(axis=1)
        shares.append(float((said == test.labels).mean()))
    return shares[0], shares[1]


def medians(results: list[Measured]) -> Measured:
    """Return the median of each figure."""
    return Measured(*(statistics.median(column) for column in zip(*map(astuple, results), strict=True)))


if __name__ == "__main__":
    main()
