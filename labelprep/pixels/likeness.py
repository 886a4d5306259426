"""Whether two pictures with near fingerprints show the same: a second look, at 16 × 16 pixels of colour.

A copy may be rescaled, compressed, brighter or darker, or carry a small logo. So greys are compared by their
correlation, which brightness does not change, once as a whole and once without the window of 3 × 5 that
differs most, where a logo may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

GRID_PX: Final = 16
GRID_SHAPE: Final = (GRID_PX, GRID_PX, 3)
GRID_BYTES: Final = GRID_PX * GRID_PX * 3

_WINDOW_HW: Final = (3, 5)
_ROUNDS: Final = 2
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_NOISE: Final = np.float32(0.5)
_TINY: Final = np.float32(1e-9)

Grids = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike pairs are, each array (n,) float32.

    ``whole``: correlation of all greys. ``masked``: the same without the window that differs most.
    ``colour``: mean difference of what is not grey, in levels of 0-255.
    """

    whole: Floats
    masked: Floats
    colour: Floats


def likeness(left: Grids, right: Grids) -> Likeness:
    """Compare pairs of grids, each (n, 16, 16, 3) uint8 of upright pictures, stretched."""
    one, other = left.astype(np.float32), right.astype(np.float32)
    greys = one @ _LUMA, other @ _LUMA
    tints = [picture - picture.mean(axis=-1, keepdims=True) for picture in (one, other)]
    colour = np.abs(tints[0] - tints[1]).mean(axis=(1, 2, 3))
    whole, masked = _correlations(*greys)
    return Likeness(whole, masked, colour.astype(np.float32))


def _correlations(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Correlate whole, then mask where the standardised pictures differ most, and correlate what is left."""
    weights = np.ones_like(left)
    fit = _Fit(left, right, weights)
    whole = fit.correlation
    for _ in range(_ROUNDS):
        weights = _without_window(fit.residuals())
        fit = _Fit(left, right, weights)
    return whole, fit.correlation


class _Fit:
    """The best gain and offset from left to right where the weights are 1."""

    def __init__(self, left: Floats, right: Floats, weights: Floats) -> None:
        count = weights.sum(axis=(1, 2))
        self.left = left - (((left * weights).sum(axis=(1, 2)) / count)[:, None, None])
        self.right = right - (((right * weights).sum(axis=(1, 2)) / count)[:, None, None])
        variances = [(side * side * weights).sum(axis=(1, 2)) / count for side in (self.left, self.right)]
        shared = (self.left * self.right * weights).sum(axis=(1, 2)) / count
        self.correlation = (shared / np.sqrt(variances[0] * variances[1] + _TINY)).astype(np.float32)
        self.gain = np.sqrt((variances[1] + _NOISE) / (variances[0] + _NOISE))

    def residuals(self) -> Floats:
        """Return squared differences after the gain, (n, 16, 16)."""
        found: Floats = (self.right - self.left * self.gain[:, None, None]) ** 2
        return found


def _without_window(residuals: Floats) -> Floats:
    """Return weights that are 0 in the window with the largest residuals of each pair, else 1."""
    height, width = _WINDOW_HW
    count, side, _ = residuals.shape
    sums = np.zeros((count, side + 1, side + 1))
    sums[:, 1:, 1:] = residuals.cumsum(axis=1).cumsum(axis=2)
    windows = (
        sums[:, height:, width:]
        - sums[:, :-height, width:]
        - sums[:, height:, :-width]
        + sums[:, :-height, :-width]
    )
    top, left = np.divmod(windows.reshape(count, -1).argmax(axis=1), windows.shape[2])
    places = np.arange(side)[None, :]
    down = (places >= top[:, None]) & (places < top[:, None] + height)
    across = (places >= left[:, None]) & (places < left[:, None] + width)
    weights: Floats = (~(down[:, :, None] & across[:, None, :])).astype(np.float32)
    return weights
