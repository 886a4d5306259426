"""Whether a picture keeps its label when it is mirrored: measured on the pictures, not guessed.

A linear classifier learns one half of a sample, very small, and is asked for the other half as it is and
mirrored. Where it knows mirrored pictures clearly less often, left and right matter: digits, letters, signs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from labelprep.ml.samples import Samples

MOST_PICTURES = 2_000
LEAST_PICTURES = 40
_SIDE_PX = 16
_RIDGE = 10.0
_CERTAIN = 3.0
_HARMLESS_SHARE = 0.1
_BLOCK = 256


@dataclass(frozen=True)
class MirrorTest:
    """What was found: shares (0–1) known as they are and mirrored, of ``images``; ``why`` is one sentence.

    ``keeps_label`` says that mirrored pictures may be trained on.
    """

    keeps_label: bool
    plain: float
    mirrored: float
    images: int
    why: str


def mirror_test(samples: Samples, seed: int) -> MirrorTest:
    """Return whether mirroring keeps the labels of these samples, each of one class.

    Reads at most 2,000 pictures.
    """
    rows = np.random.default_rng((seed, 0x6D69)).permutation(len(samples))[:MOST_PICTURES]
    if len(rows) < LEAST_PICTURES:
        return MirrorTest(
            keeps_label=False,
            plain=0.0,
            mirrored=0.0,
            images=len(rows),
            why=f"{len(rows)} pictures are too few to tell whether mirroring keeps a label",
        )
    small = np.concatenate(
        [
            _reduced(samples.source.read(samples.rows[rows[at : at + _BLOCK]]))
            for at in range(0, len(rows), _BLOCK)
        ]
    )
    labels = samples.labels[rows]
    plain, mirrored = _known(small, labels)
    return _judged(plain, mirrored, labels)


def _reduced(pictures: np.ndarray) -> np.ndarray:
    """Return ``(n, ≤16, ≤16, channels) float32`` means of blocks, in 0–1."""
    count, height, width, channels = pictures.shape
    down, right = (max(1, side // _SIDE_PX) for side in (height, width))
    rows, columns = height // down, width // right
    # The middle, so that what is cut off at the edge is the same on either side.
    top, left = (height - rows * down) // 2, (width - columns * right) // 2
    cut = pictures[:, top : top + rows * down, left : left + columns * right]
    blocks = cut.reshape(count, rows, down, columns, right, channels)
    means: np.ndarray = blocks.mean(axis=(2, 4), dtype=np.float32) / 255
    return means


def _known(small: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return the shares that are known as they are and mirrored; each half is asked of the other."""
    wanted = np.eye(int(labels.max()) + 1, dtype=np.float64)[labels]
    flat, turned = (view.reshape(len(small), -1).astype(np.float64) for view in (small, small[:, :, ::-1]))
    halves = np.arange(len(small)) % 2 == 0
    right = np.zeros(2)
    for learned in (halves, ~halves):
        mean = flat[learned].mean(axis=0)
        inputs = flat[learned] - mean
        offset = wanted[learned].mean(axis=0)
        weights = np.linalg.solve(
            inputs.T @ inputs + _RIDGE * np.eye(inputs.shape[1]), inputs.T @ (wanted[learned] - offset)
        )
        for which, view in enumerate((flat, turned)):
            said = ((view[~learned] - mean) @ weights + offset).argmax(axis=1)
            right[which] += (said == labels[~learned]).sum()
    plain, mirrored = (right / len(small)).tolist()
    return plain, mirrored


def _judged(plain: float, mirrored: float, labels: np.ndarray) -> MirrorTest:
    """Weigh the two shares against chance."""
    images = len(labels)
    chance = float(np.bincount(labels).max() / images)
    error = math.sqrt(max(plain * (1 - plain), 1 / images) / images)
    shares = f"a quick test knows {plain:.0%} of {images:,} pictures, {mirrored:.0%} of them mirrored"
    if plain - chance < _CERTAIN * error:
        keeps, why = True, f"{shares}, hardly more than the commonest class alone: nothing speaks against it"
    elif plain - mirrored > max(_CERTAIN * error, _HARMLESS_SHARE * (plain - chance)):
        keeps, why = False, f"{shares}: left and right matter"
    else:
        keeps, why = True, f"{shares}: mirroring keeps the label"
    return MirrorTest(keeps, plain, mirrored, images, why)
