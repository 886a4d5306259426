"""Samples for tests of ``labelprep.ml``: noise, class 0 dark on the left, class 1 on the right."""

from __future__ import annotations

import numpy as np

from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, Recipe, resolve
from labelprep.ml.samples import Samples
from labelprep.pixels.feeding import PixelSource

CLASSES = ["猫", "dog"]


class Pictures(PixelSource):
    """Pictures in memory, read by row."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.pictures = pictures

    @property
    def shape(self) -> tuple[int, int, int]:
        _, height, width, channels = self.pictures.shape
        return height, width, channels

    def read(self, rows: np.ndarray) -> np.ndarray:
        chosen: np.ndarray = self.pictures[rows]
        return chosen

    def close(self) -> None:
        pass


def numbered(count: int, shape: tuple[int, int, int] = (2, 3, 1)) -> Samples:
    """Return pictures of which every pixel is the picture's row, and the label twice that."""
    rows = np.arange(count)
    pictures = np.broadcast_to(rows[:, None, None, None], (count, *shape)).astype(np.uint8)
    labels = (rows * 2).astype(np.int32)
    return Samples([f"{row}.png" for row in rows], labels, rows, Pictures(pictures))


def halves(count: int, side_px: int = 12, seed: int = 0) -> Samples:
    """Return pictures of two classes that any network can tell apart."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.int32)
    pictures = random.integers(0, 60, (count, side_px, side_px, 1), dtype=np.uint8)
    pictures[labels == 0, :, side_px // 2 :] += 190
    pictures[labels == 1, :, : side_px // 2] += 190
    return Samples([f"{row}.png" for row in range(count)], labels, np.arange(count), Pictures(pictures))


def recipe(side_px: int = 12, **options: object) -> Recipe:
    """Return a recipe for grey pictures of this side."""
    chosen = TrainingOptions(**{"model": "simple", "batch_size": 8, "epochs": 2} | options)  # type: ignore[arg-type]
    return resolve(chosen, PictureFacts(side_px, grey=True, images=100, classes=2))
