"""What a picture looks like in 25 bytes, and how bright and how sharp it is.

All three are taken from one small grey picture, so that they can be computed again from a proxy, where
they come out nearly the same (a few bits of the fingerprint may differ).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from labelprep.pixels.decoding import Box

FINGERPRINT_VERSION: Final = 1
FINGERPRINT_BYTES: Final = 25
GREY_SHORT_PX: Final = 128
"""Short side of the grey picture that all figures are taken from; smaller pictures stay as they are."""

_GRID: Final = 72
_CELLS: Final = 8
_WHITE: Final = 255.0


def _cosines() -> npt.NDArray[np.float32]:
    """Return the first eight rows of the type II cosine transform over 72 samples, shape (8, 72)."""
    samples = np.arange(_GRID, dtype=np.float64)
    rows = np.arange(_CELLS, dtype=np.float64)[:, None]
    return np.cos(np.pi * rows * (2 * samples + 1) / (2 * _GRID)).astype(np.float32)


_COSINES: Final = _cosines()


@dataclass(frozen=True, slots=True)
class Look:
    """Figures of one picture.

    ``fingerprint``: a version byte, then 64 bits each of row differences, column differences and low
    frequencies. ``brightness``: mean grey, 0-1. ``sharpness``: variance of the Laplacian (four neighbours) of
    the grey picture in 0-255; 0 for pictures under 3 pixels.
    """

    fingerprint: bytes
    brightness: float
    sharpness: float


def look_of(picture: Image.Image, box: Box | None = None) -> Look:
    """Measure an upright picture in mode L or RGB; ``box`` as ``Decoded`` has it."""
    small = small_grey(picture, box)
    values = np.asarray(small)
    return Look(_fingerprint(small), float(values.mean()) / _WHITE, _sharpness(values))


def small_grey(picture: Image.Image, box: Box | None = None) -> Image.Image:
    """Return the picture in mode L, reduced to a short side of 128 pixels where it is larger."""
    left, top, right, bottom = box or (0.0, 0.0, *map(float, picture.size))
    width, height = right - left, bottom - top
    short = min(width, height)
    if short <= GREY_SHORT_PX:
        return picture.convert("L") if picture.mode != "L" else picture
    share = GREY_SHORT_PX / short
    size = (max(round(width * share), 1), max(round(height * share), 1))
    grey = picture.convert("L") if picture.mode != "L" else picture
    return grey.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom), reducing_gap=1.0)


def _fingerprint(small: Image.Image) -> bytes:
    """Hash a grey picture: 8 × 8 row differences, 8 × 8 column differences, 8 × 8 cosine coefficients.

    Bits go row by row, the highest bit of a byte first. A difference bit is 1 where the right (lower) cell is
    brighter; a coefficient bit is 1 above the median of the 63 without the mean, whose own bit is 0.
    """
    grid = np.asarray(
        small.resize((_GRID, _GRID), Image.Resampling.BILINEAR, reducing_gap=1.0), dtype=np.float32
    )
    wide = grid.reshape(_CELLS, _CELLS + 1, _CELLS + 1, _CELLS).sum(axis=(1, 3))
    tall = grid.reshape(_CELLS + 1, _CELLS, _CELLS, _CELLS + 1).sum(axis=(1, 3))
    low = (_COSINES @ grid @ _COSINES.T).ravel()
    middle = np.sort(low[1:])[(_CELLS * _CELLS - 1) // 2]
    above = low > middle
    above[0] = False
    bits = np.concatenate([(wide[:, 1:] > wide[:, :-1]).ravel(), (tall[1:] > tall[:-1]).ravel(), above])
    return bytes([FINGERPRINT_VERSION]) + np.packbits(bits).tobytes()


def _sharpness(values: npt.NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of a grey picture (height, width) uint8."""
    if min(values.shape) < 3:  # noqa: PLR2004 - a pixel and its neighbours
        return 0.0
    wide = values.astype(np.int16)
    centre = wide[1:-1, 1:-1]
    edges = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * centre
    return float(edges.var(dtype=np.float64))
