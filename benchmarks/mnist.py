"""What the networks learn of MNIST, and in what time.

``python benchmarks/mnist.py --from mnist.npz [--seeds 3] [--images 60000] [simple compact]``: each network
with its own defaults and each seed, a stratified tenth of the training images for validation, the accuracy on
the 10,000 test images after the last epoch. Times are of the whole training, by the wall clock and in
CPU-seconds; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scan import machine

from labelprep.ml.evaluation import evaluate
from labelprep.ml.options import TrainingOptions
from labelprep.ml.prediction import probabilities
from labelprep.ml.recipes import PictureFacts, resolve
from labelprep.ml.samples import Samples
from labelprep.ml.training import train

NAMES = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Digits:
    """Pictures in memory, ``(n, 28, 28, 1) uint8``, read by row, with their labels."""

    pictures: np.ndarray
    labels: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return 28, 28, 1

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
    """One training: accuracy on test, seconds by the wall clock and of the processor."""

    accuracy: float
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
    arguments = parser.parse_args()
    print(machine())
    with np.load(arguments.file) as arrays:
        given = Digits(arrays["x_train"][..., None], arrays["y_train"])
        test = Digits(arrays["x_test"][..., None], arrays["y_test"])
    found: dict[str, list[Measured]] = {model: [] for model in arguments.models}
    # Seed by seed and network by network, so that a change of the machine's load meets both alike.
    for seed in range(arguments.seeds):
        for model in arguments.models:
            found[model].append(one_training(model, seed, given, test, arguments.images))
            print(f"  {model:8} seed {seed}: {found[model][-1]}", flush=True)
    for model, results in found.items():
        accuracy, seconds, cpu = medians(results)
        print(f"{model}: test accuracy {accuracy:.4f}, {seconds:.0f} s, {cpu:.0f} CPU-s (medians)")
    if len(found) == 2:
        simple, compact = medians(found["simple"]), medians(found["compact"])
        print(f"compact / simple: {compact[1] / simple[1]:.2f} (wall), {compact[2] / simple[2]:.2f} (CPU)")


def one_training(model: str, seed: int, given: Digits, test: Digits, images: int) -> Measured:
    """Train one network with its defaults and judge it on the test images."""
    order = np.random.default_rng(0).permutation(len(given.labels))[:images]
    val = np.sort(np.concatenate([order[given.labels[order] == digit][::10] for digit in range(10)]))
    rows = np.setdiff1d(order, val)
    recipe = resolve(
        TrainingOptions(model=model, seed=seed), PictureFacts(28, grey=True, images=len(rows), classes=10)
    )
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train(recipe, NAMES, given.samples(rows), given.samples(val))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    likely = probabilities(trained.model, test, np.arange(len(test.labels)), batch_size=256)
    return Measured(evaluate(likely, test.labels, NAMES).metrics["accuracy"], wall, cpu)


def medians(results: list[Measured]) -> tuple[float, float, float]:
    """Return the median accuracy, seconds and CPU-seconds."""
    columns = (
        [result.accuracy for result in results],
        [result.seconds for result in results],
        [result.cpu_seconds for result in results],
    )
    accuracy, seconds, cpu_seconds = (statistics.median(column) for column in columns)
    return accuracy, seconds, cpu_seconds


if __name__ == "__main__":
    main()
