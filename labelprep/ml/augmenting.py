"""Small random changes of training pictures, drawn anew for every batch, made with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SMALL_SIDE_PX = 64
SMALL_SHIFT_PX = 2
SHIFT_PARTS = 16
PHOTO_LIGHT = 0.2


@dataclass(frozen=True)
class Augment:
    """How pictures may change: up to ``shift_px`` in each direction, the edge mirrored or black.

    Flips are off unless asked for: a mirrored 2 or b is another sign. ``light`` is the share by which
    brightness and contrast may go up or down.
    """

    shift_px: int
    edge: Literal["reflect", "black"] = "reflect"
    flip: bool = False
    light: float = 0.0


def usual_shift_px(side_px: int) -> int:
    """Return the shift that suits pictures of this size: 2 px up to 64 px, a sixteenth above."""
    return SMALL_SHIFT_PX if side_px <= SMALL_SIDE_PX else side_px // SHIFT_PARTS


def preset(name: str, side_px: int) -> Augment | None:
    """Return what a preset means for pictures of this size.

    ``none``; ``shift``; ``flip``: shifted, and one in two mirrored; ``photo``: that, and lighter or darker,
    with more or less contrast, by up to a fifth.

    Raises:
        KeyError: there is no preset of this name; ``auto`` has to be decided first.
    """
    shift_px = usual_shift_px(side_px)
    return {
        "none": None,
        "shift": Augment(shift_px),
        "flip": Augment(shift_px, flip=True),
        "photo": Augment(shift_px, flip=True, light=PHOTO_LIGHT),
    }[name]


def augmented(pictures: np.ndarray, augment: Augment, random: np.random.Generator) -> np.ndarray:
    """Return ``(n, height, width, channels) uint8`` pictures, each changed on its own."""
    count, height, width, _ = pictures.shape
    # A shift has to leave something to mirror at the edge.
    shift = min(augment.shift_px, height - 1, width - 1)
    downs, rights = random.integers(0, 2 * shift + 1, size=(2, count)).tolist()
    around = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    wide = np.pad(pictures, around, mode="reflect" if augment.edge == "reflect" else "constant")
    result = np.empty_like(pictures)
    # A loop of plain slices: as fast as one fancy index over all, and it needs no second copy.
    for index, (down, right) in enumerate(zip(downs, rights, strict=True)):
        result[index] = wide[index, down : down + height, right : right + width]
    if augment.flip:
        chosen = random.random(count) < 0.5  # noqa: PLR2004 - one in two
        result[chosen] = result[chosen, :, ::-1]
    if augment.light:
        _relight(result, augment.light, random)
    return result


def _relight(pictures: np.ndarray, share: float, random: np.random.Generator) -> None:
    """Change brightness and contrast of each picture in place, by a table of 256 grey levels."""
    levels = np.arange(256, dtype=np.float32)
    bright, contrast = random.uniform(1 - share, 1 + share, size=(2, len(pictures), 1)).astype(np.float32)
    # Contrast turns about the middle of the scale: the mean of each picture would cost a pass over it.
    tables = np.clip(((levels - 127.5) * contrast + 127.5) * bright, 0, 255).astype(np.uint8)
    for index, table in enumerate(tables):
        pictures[index] = table[pictures[index]]
