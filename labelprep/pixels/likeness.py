"""The second look: whether two pictures with near fingerprints show the same, from small thumbnails.

::

    16 × 16 pixels of each  ─▶  gain and offset of brightness fitted  ─▶  the 3 × 5 window that differs
    most left out (a logo)  ─▶  correlation of the rest, and the one pixel that is furthest off

A copy that was rescaled, compressed or brightened differs a little everywhere; another picture of the same
kind (two ones of MNIST) differs much somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

THUMB_PX: Final = 16
THUMB_BYTES: Final = THUMB_PX * THUMB_PX * 3
LEAST_LIKENESS: Final = 0.985
"""Measured: 99.5 % of copies are above 0.988, pictures that only look alike below 0.98."""
FURTHEST: Final = 0.6
"""How far one pixel may be off, in standard deviations of the picture; 99.5 % of copies stay below."""
GAINS: Final = (0.65, 1.55)
"""From the brightest copy to the darkest: 1.15 / 0.85, and what JPEG adds."""
COLOUR: Final = 14.0
"""How far the mean colour may be off, in grey levels; JPEG at quality 30 moves it by up to 11."""
FLAT: Final = 2.0
"""Standard deviation in grey levels below which there is nothing to compare."""

_WINDOW: Final = (3, 5)
_FITS: Final = 2
_CHUNK: Final = 4_096
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_DUST: Final = 0.25

Thumbs = npt.NDArray[np.uint8]
Reals = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of each pair: the correlation (0-1) and whether the two show the same."""

    likeness: Reals
    is_same: npt.NDArray[np.bool_]


def judged(left: Thumbs, right: Thumbs) -> Verdicts:
    """Compare pairs of thumbnails, each (n, 16, 16, 3) uint8; flat pictures are the same only if equal."""
    if not len(left):
        return Verdicts(np.empty(0, np.float32), np.empty(0, np.bool_))
    parts = [_judged(left[at : at + _CHUNK], right[at : at + _CHUNK]) for at in range(0, len(left), _CHUNK)]
    return Verdicts(
        np.concatenate([part.likeness for part in parts]), np.concatenate([part.is_same for part in parts])
    )


def is_flat(thumbs: Thumbs) -> npt.NDArray[np.bool_]:
    """Say of each thumbnail whether it is of one tone, so that nothing can be compared."""
    return np.asarray(_grey(thumbs).std(axis=(1, 2)) < FLAT)


def _judged(left: Thumbs, right: Thumbs) -> Verdicts:
    grey_left, grey_right = _grey(left), _grey(right)
    everything = np.ones_like(grey_left)
    fit = _Fit(grey_left, grey_right, everything)
    for _ in range(_FITS):
        kept = _without_window(fit.residuals())
        fit = _Fit(grey_left, grey_right, kept)
    likeness, gain = fit.correlation(), fit.gain
    furthest = (np.abs(fit.residuals()) * kept).max(axis=(1, 2)) / np.sqrt(fit.right_variance + _DUST)
    is_same = (likeness >= LEAST_LIKENESS) & (furthest <= FURTHEST)
    is_same &= (gain >= GAINS[0]) & (gain <= GAINS[1])
    is_same &= _colour_difference(left, right, gain, kept) <= COLOUR
    flat_left, flat_right = grey_left.std(axis=(1, 2)) < FLAT, grey_right.std(axis=(1, 2)) < FLAT
    is_equal = (left == right).all(axis=(1, 2, 3))
    is_same = np.where(flat_left | flat_right, is_equal, is_same)
    return Verdicts(np.where(is_equal, np.float32(1), likeness), is_same)


class _Fit:
    """A gain and an offset that bring one grey picture to the other, over the pixels that are kept."""

    def __init__(self, left: Reals, right: Reals, kept: Reals) -> None:
        count = kept.sum(axis=(1, 2))
        self.left = left - ((left * kept).sum(axis=(1, 2)) / count)[:, None, None]
        self.right = right - ((right * kept).sum(axis=(1, 2)) / count)[:, None, None]
        self.left_variance = (self.left**2 * kept).sum(axis=(1, 2)) / count
        self.right_variance = (self.right**2 * kept).sum(axis=(1, 2)) / count
        self.covariance = (self.left * self.right * kept).sum(axis=(1, 2)) / count
        self.gain: Reals = np.sqrt((self.right_variance + _DUST) / (self.left_variance + _DUST))

    def residuals(self) -> Reals:
        """Return what the fit does not explain, (n, 16, 16) in grey levels of the right picture."""
        return np.asarray(self.right - self.left * self.gain[:, None, None])

    def correlation(self) -> Reals:
        """Return the correlation of each pair."""
        spread = np.sqrt((self.left_variance + _DUST) * (self.right_variance + _DUST))
        return np.asarray(np.clip(self.covariance / spread, 0, 1), np.float32)


def _without_window(residuals: Reals) -> Reals:
    """Return weights (n, 16, 16): 0 in the window of 3 × 5 pixels that differs most, else 1."""
    height, width = _WINDOW
    sums = np.zeros((len(residuals), THUMB_PX + 1, THUMB_PX + 1))
    sums[:, 1:, 1:] = (residuals.astype(np.float64) ** 2).cumsum(axis=1).cumsum(axis=2)
    inside = sums[:, height:, width:] - sums[:, :-height, width:]
    inside -= sums[:, height:, :-width] - sums[:, :-height, :-width]
    worst = inside.reshape(len(residuals), -1).argmax(axis=1)
    top, left = np.divmod(worst, inside.shape[2])
    places = np.arange(THUMB_PX)
    down = (places >= top[:, None]) & (places < top[:, None] + height)
    across = (places >= left[:, None]) & (places < left[:, None] + width)
    inside_it = down[:, :, None] & across[:, None, :]
    return np.asarray(~inside_it, np.float32)


def _colour_difference(left: Thumbs, right: Thumbs, gain: Reals, kept: Reals) -> Reals:
    """Return how far the mean colours are off, brightness aside, in grey levels."""
    count = kept.sum(axis=(1, 2))
    total = np.zeros(len(left), np.float32)
    for channel in (0, 2):
        of_left = left[..., channel] - _grey(left)
        of_right = right[..., channel] - _grey(right)
        off = ((of_left * gain[:, None, None] - of_right) * kept).sum(axis=(1, 2)) / count
        total += off**2
    return np.sqrt(total)


def _grey(thumbs: Thumbs) -> Reals:
    """Return brightness (n, 16, 16) in grey levels."""
    return thumbs.astype(np.float32) @ _LUMA
