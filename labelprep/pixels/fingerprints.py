"""What a picture looks like in 25 bytes, and how bright and how sharp it is.

All three are taken from one small grey picture, so that they can be computed again from a proxy, where
they come out nearly the same (a few bits of the fingerprint may differ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labelprep.pixels.decoding import Box

FINGERPRINT_VERSION: Final = 1
FINGERPRINT_BYTES: Final = 25
GREY_SHORT_PX: Final = 128
"""Short side of the grey picture that all figures are taken from; smaller pictures stay as they are."""

_GRID_PX: Final = 32
_CELLS: Final = 8
_FEW: Final = slice(0, _CELLS)
_MANY: Final = slice(_CELLS, 2 * _CELLS + 1)
_WAVES: Final = slice(2 * _CELLS + 1, 3 * _CELLS + 1)
_MEASURES: Final = 3 * _CELLS + 1
_DIGITS: Final = 6
_WHITE: Final = 255.0
_GREYS: Final = tuple(range(256))
_SQUARES: Final = tuple(grey * grey for grey in range(256))
_EDGE: Final = 0.05
_FREQUENT: Final = 4
_ROUNDING: Final = 20 / 12
"""Variance of the Laplacian that rounding to whole greys makes: of five pixels, one times -4, each 1/12."""

Reals = npt.NDArray[np.float64]

TURNS: Final[tuple[Callable[[npt.NDArray[Any]], npt.NDArray[Any]], ...]] = (
    lambda rows: rows[:, ::-1],
    lambda rows: rows[::-1],
    lambda rows: rows[::-1, ::-1],
    lambda rows: np.swapaxes(rows, 0, 1),
    lambda rows: np.swapaxes(rows, 0, 1)[::-1],
    lambda rows: np.swapaxes(rows, 0, 1)[:, ::-1],
    lambda rows: np.swapaxes(rows, 0, 1)[::-1, ::-1],
)
"""What else a picture can be, as (height, width, …): mirrored, upside down, turned by quarters, and both."""


@dataclass(frozen=True, slots=True)
class Look:
    """Figures of one picture.

    ``fingerprint``: a version byte, then 64 bits each of row differences, column differences and low
    frequencies. ``brightness``: mean grey, 0-1. ``sharpness``: variance of the Laplacian (four neighbours) of
    the grey picture in 0-255; 0 for pictures under 3 pixels. ``low``, ``high``: the grey, 0-1, that a
    twentieth of the pixels is at most, at least. ``contrast``: standard deviation of grey, 0-0.5.
    ``flatness``: share of the pixels in the four most frequent of 256 greys, near 1 for masks and drawings.
    ``focus``: the sharpness beyond that of rounding, as a share of the sharpness at half the size: 0.3-1 in
    photos whatever they show, under 0.2 in blurred ones; 0 where nothing is to be seen.
    """

    fingerprint: bytes
    brightness: float
    sharpness: float
    low: float
    high: float
    contrast: float
    flatness: float
    focus: float


def look_of(picture: Image.Image, box: Box | None = None) -> Look:
    """Measure an upright picture in mode L or RGB; ``box`` as ``Decoded`` has it."""
    small = small_grey(picture, box)
    values = np.asarray(small)
    brightness, low, high, contrast, flatness = _tones(small.histogram())
    sharpness = _sharpness(values)
    return Look(
        _fingerprint(small, values),
        brightness,
        sharpness,
        low,
        high,
        contrast,
        flatness,
        _focus(small, sharpness),
    )


def small_grey(picture: Image.Image, box: Box | None = None) -> Image.Image:
    """Return the picture in mode L, a larger one reduced by means of areas to a short side of 128 pixels."""
    grey = picture.convert("L") if picture.mode != "L" else picture
    whole = (0.0, 0.0, *map(float, picture.size))
    left, top, right, bottom = box or whole
    width, height = right - left, bottom - top
    short = min(width, height)
    if short <= GREY_SHORT_PX:
        return grey
    if short % GREY_SHORT_PX == 0 and (left, top, right, bottom) == whole:
        return grey.reduce(int(short) // GREY_SHORT_PX)
    share = GREY_SHORT_PX / short
    size = (max(round(width * share), 1), max(round(height * share), 1))
    return grey.resize(size, Image.Resampling.BOX, box=(left, top, right, bottom))


def _fingerprint(small: Image.Image, values: npt.NDArray[np.uint8]) -> bytes:
    """Hash a grey picture of any size, given also as (height, width) uint8.

    Three times 64 bits, row by row, the highest bit of a byte first: of 8 rows of 9 cells, whether the right
    neighbour is brighter; of 9 rows of 8 cells, whether the lower one is; of 8 × 8 cosine coefficients,
    whether they are above the median of the 63 without the mean, whose own bit is 0.
    """
    coarse = _coarse(small, values)
    bits = _bits(_measures(coarse.shape[0]) @ coarse @ _measures(coarse.shape[1]).T)
    return bytes([FINGERPRINT_VERSION]) + bits


def prints_of_windows(small: Image.Image, spans: Sequence[tuple[float, float]]) -> bytes:
    """Return the fingerprints of windows of a grey picture, without version bytes, end to end.

    ``spans``: from where to where a window reaches along an axis, in shares of the side (0-1); the windows
    are those of each span downwards with each across, row by row.
    """
    coarse = _coarse(small, np.asarray(small))
    height, width = coarse.shape
    down = np.concatenate([_measures(height, *span) for span in spans])
    across = np.concatenate([_measures(width, *span) for span in spans])
    found = (down @ coarse @ across.T).reshape(len(spans), _MEASURES, len(spans), _MEASURES)
    return b"".join(_bits(found[row, :, column]) for row in range(len(spans)) for column in range(len(spans)))


def prints_of_turns(small: Image.Image) -> bytes:
    """Return the fingerprints of a grey picture turned in each way of `TURNS`, without version bytes."""
    # Turned before it is reduced: reducing begins at the left and at the top, and the last column may be cut.
    turned = [Image.fromarray(np.ascontiguousarray(turn(np.asarray(small)))) for turn in TURNS]
    measured = [_coarse(one, np.asarray(one)) for one in turned]
    return b"".join(_bits(_measures(len(way)) @ way @ _measures(way.shape[1]).T) for way in measured)


def _coarse(small: Image.Image, values: npt.NDArray[np.uint8]) -> Reals:
    """Return a grey picture, given also as (height, width) uint8, reduced to 32 to 63 pixels a side."""
    factors = (max(small.width // _GRID_PX, 1), max(small.height // _GRID_PX, 1))
    return (np.asarray(small.reduce(factors)) if factors != (1, 1) else values).astype(np.float64)


def _bits(measured: Reals) -> bytes:
    """Return 24 bytes of what was measured, (25, 25)."""
    # Rounded, so that the dust of real numbers decides nothing where a picture is flat.
    found = measured.round(_DIGITS)
    wide, tall, low = found[_FEW, _MANY], found[_MANY, _FEW], found[_WAVES, _WAVES].ravel()
    above = low > np.sort(low[1:])[(_CELLS * _CELLS - 1) // 2]
    above[0] = False
    bits = np.concatenate([(wide[:, 1:] > wide[:, :-1]).ravel(), (tall[1:] > tall[:-1]).ravel(), above])
    return np.packbits(bits).tobytes()


@lru_cache(maxsize=1_024)
def _measures(length: int, low: float = 0.0, high: float = 1.0) -> Reals:
    """Return what is taken along an axis: means over 8 cells, over 9, and 8 cosines; shape (25, length).

    ``low``, ``high``: the part of the axis that counts, in shares of its length.
    """
    start, end = low * length, high * length
    inside = _cell_means(1, length, start, end)[0] * (end - start)
    samples = (np.arange(length) + 0.5 - start) / (end - start)
    waves = np.cos(np.pi * np.arange(_CELLS)[:, None] * samples) * inside / (end - start)
    # Too few pixels for a wave: without its mean it still says nothing of a flat picture.
    waves[1:] -= waves[1:].sum(axis=1, keepdims=True) / inside.sum() * inside
    few, many = _cell_means(_CELLS, length, start, end), _cell_means(_CELLS + 1, length, start, end)
    return np.concatenate([few, many, waves])


def _cell_means(cells: int, length: int, start: float, end: float) -> Reals:
    """Return the weights (cells, length) of means over equal cells; an edge may cut a pixel."""
    edges = np.linspace(start, end, cells + 1)
    pixels = np.arange(length)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: Reals = np.clip(covered, 0, None) * cells / (end - start)
    return shares


def _tones(counts: Sequence[int]) -> tuple[float, float, float, float, float]:
    """Return brightness, low, high, contrast and flatness of a histogram of 256 greys.

    Sums are whole numbers, so that every machine finds the same.
    """
    total = sum(counts)
    first = sum(map(mul, counts, _GREYS))
    second = sum(map(mul, counts, _SQUARES))
    brightness = first / total / _WHITE
    contrast = math.sqrt(total * second - first * first) / total / _WHITE
    edge = total * _EDGE
    low = next(grey for grey, below in enumerate(accumulate(counts)) if below >= edge)
    high = next(grey for grey, above in enumerate(accumulate(reversed(counts))) if above >= edge)
    flatness = sum(sorted(counts)[-_FREQUENT:]) / total
    return brightness, low / _WHITE, (_WHITE - high) / _WHITE, contrast, flatness


def _focus(small: Image.Image, sharpness: float) -> float:
    """Return how much of the detail at half the size there is at full size.

    Blur takes the finest detail first; noise, contrast and what is shown change both alike.
    """
    coarse = _sharpness(np.asarray(small.reduce(2)))
    return max(sharpness - _ROUNDING, 0.0) / max(coarse, _ROUNDING)


def _sharpness(values: npt.NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of a grey picture (height, width) uint8."""
    if min(values.shape) < 3:  # noqa: PLR2004 - a pixel and its neighbours
        return 0.0
    wide = values.astype(np.int16)
    edges = wide[:-2, 1:-1] + wide[2:, 1:-1]
    edges += wide[1:-1, :-2]
    edges += wide[1:-1, 2:]
    edges -= 4 * wide[1:-1, 1:-1]
    # In whole numbers, so that every machine finds the same.
    squares = int(np.einsum("ij,ij->", edges, edges, dtype=np.int64))
    return squares / edges.size - (int(edges.sum(dtype=np.int64)) / edges.size) ** 2
