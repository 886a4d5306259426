"""Small random changes of training pictures, drawn anew for every batch, made with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SMALL_SIDE_PX = 64
SMALL_SHIFT_PX = 2
SHIFT_PARTS = 16


@dataclass(frozen=True)
class Augment:
    """How pictures may move: up to ``shift_px`` in each direction, the edge mirrored or black.

    Flips are off unless asked for: a mirrored 2 or b is another sign.
    """

    shift_px: int
    edge: Literal["reflect", "black"] = "reflect"
    flip: bool = False


def usual_shift_px(side_px: int) -> int:
    """Return the shift that suits pictures of this size: 2 px up to 64 px, a sixteenth above."""
    return SMALL_SHIFT_PX if side_px <= SMALL_SIDE_PX else side_px // SHIFT_PARTS


def augmented(pictures: np.ndarray, augment: Augment, random: np.random.Generator) -> np.ndarray:
    """Return ``(n, height, width, channels) uint8`` pictures, each shifted (and flipped) on its own."""
    count, height, width, _ = pictures.shape
    shift = augment.shift_px
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
    return result
