"""Parts and turned copies of a picture: their fingerprints, taken by workers, and their thumbnails.

::

    crops   9 windows of nine tenths of the sides
    turns   mirrored, upside down, turned by quarters, and both
    each view's fingerprint is looked for among those of whole pictures; what is near is compared closely
"""

from __future__ import annotations

import base64
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE, Status
from labelprep.pixels.decoding import decode
from labelprep.pixels.fingerprints import (
    GREY_SHORT_PX,
    TURNS,
    prints_of_turns,
    prints_of_windows,
    small_grey,
)
from labelprep.pixels.likeness import THUMB_PX, Verdicts, judged
from labelprep.pixels.neighbours import FINGERPRINT_BITS_BYTES
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.sources import Changed, Source
from labelprep.pixels.thumbs import read_either

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    from labelprep.pixels.likeness import Thumbs

SPANS: Final = ((0.0, 0.9), (0.05, 0.95), (0.1, 1.0))
"""Where windows reach along an axis, in shares of the side."""
MAP_PX: Final = 48
"""Side of the thumbnails that windows are cut from."""
SHARES: Final = (0.88, 0.9, 0.92)
SHIFTS: Final = (-0.02, 0.0, 0.02)
"""What is tried around a window, in shares of the side: 27 windows a pair."""
LEAST_CROP: Final = 0.995
"""Likeness of the best window; more than of a whole copy, since the best of many is chosen. Measured: 95 % of
crops are above, and what is above shows the same picture."""
PROMISING: Final = 0.9
WHOLE: Final = (0.0, 1.0)
CROPS: Final = "crops"
TURNED: Final = "turns"
VIEWS: Final = {CROPS: len(SPANS) ** 2, TURNED: len(TURNS)}
"""How many views of each sort a picture has."""

_CHUNK: Final = 1_024


class Views:
    """Take the fingerprints of the views of pictures."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder, the sort of views and the limit of pixels."""
        self._cache = Path(options["cache"])
        self._sort = str(options["views"])
        self._pixel_limit = int(options.get("pixel_limit") or PIXEL_LIMIT)

    def do(self, item: list[Any]) -> tuple[dict[str, Any], bytes]:
        """Return the fingerprints of the views of one source, 24 bytes each, in base64."""
        try:
            small = _small(read_either(self._cache, Source.from_json(item)), self._pixel_limit)
        except Changed as changed:
            return {"status": Status.MISSING, "problem": changed.problem}, b""
        except PixelsError as error:
            return {"status": Status.CORRUPT, "problem": error.problem}, b""
        prints = prints_of_windows(small, SPANS) if self._sort == CROPS else prints_of_turns(small)
        return {"status": Status.OK, "problem": "", "prints": base64.b64encode(prints).decode("ascii")}, b""

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


def _small(data: bytes, pixel_limit: int) -> Image.Image:
    """Return the small grey picture of an image file, of which fingerprints are taken."""
    decoded = decode(data, at_least=GREY_SHORT_PX, pixel_limit=pixel_limit)
    if decoded.picture is None or decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem)
    return small_grey(decoded.picture, decoded.box)


def prints_sent(text: str) -> npt.NDArray[np.uint8]:
    """Return the fingerprints that a worker sent, (views, 24) uint8."""
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, FINGERPRINT_BITS_BYTES)


def judged_crops(maps: Thumbs, others: Thumbs, windows: npt.NDArray[np.int64]) -> Verdicts:
    """Compare parts of pictures with whole other ones: the best of the windows around the one named.

    ``maps``, ``others``: (n, 48, 48, 3) uint8, of the larger picture and of what may be a part of it;
    ``windows``: numbers as `prints_of_windows` has them.
    """
    likeness = np.zeros(len(maps), np.float32)
    is_same = np.zeros(len(maps), np.bool_)
    for window in range(VIEWS[CROPS]):
        chosen = np.flatnonzero(windows == window)
        for at in range(0, len(chosen), _CHUNK):
            part = chosen[at : at + _CHUNK]
            likeness[part], is_same[part] = _best(maps[part], others[part], window)
    return Verdicts(likeness, is_same)


def judged_turns(thumbs: Thumbs, others: Thumbs, turns: npt.NDArray[np.int64]) -> Verdicts:
    """Compare turned pictures with others, both (n, 16, 16, 3) uint8; ``turns`` numbers `TURNS`."""
    turned = thumbs.copy()
    for at, number in enumerate(turns.tolist()):
        turned[at] = TURNS[number](thumbs[at])
    return judged(turned, others)


def _best(maps: Thumbs, others: Thumbs, window: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    whole = _cut(others, WHOLE, WHOLE)
    row, column = divmod(window, len(SPANS))
    likeness = judged(_cut(maps, SPANS[row], SPANS[column]), whole).likeness
    is_same = np.zeros(len(maps), np.bool_)
    # What is far from alike is not tried in 27 ways.
    near = np.flatnonzero(likeness >= PROMISING)
    for share, down, across in product(SHARES, SHIFTS, SHIFTS):
        tall, wide = _span(SPANS[row], share, down), _span(SPANS[column], share, across)
        verdicts = judged(_cut(maps[near], tall, wide), whole[near])
        passed = verdicts.is_same & (verdicts.likeness >= LEAST_CROP)
        likeness[near] = np.maximum(likeness[near], verdicts.likeness)
        is_same[near] |= passed
    return likeness, is_same


def _span(span: tuple[float, float], share: float, shift: float) -> tuple[float, float]:
    """Return a window of another size, moved, kept within the picture."""
    start = min(max((span[0] + span[1] - share) / 2 + shift, 0.0), 1.0 - share)
    return start, start + share


def _cut(maps: Thumbs, tall: tuple[float, float], wide: tuple[float, float]) -> Thumbs:
    """Return windows of thumbnails as thumbnails of 16 × 16 pixels, each a triangle that reaches far."""
    down, across = _triangles(*tall, maps.shape[1]), _triangles(*wide, maps.shape[2])
    rows = np.tensordot(maps.astype(np.float32), across, (2, 1))  # (n, height, 3, 16)
    cut = np.tensordot(rows, down, (1, 1))  # (n, 3, 16 across, 16 down)
    return np.asarray(np.rint(cut.transpose(0, 3, 2, 1)), np.uint8)


def _triangles(low: float, high: float, length: int) -> npt.NDArray[np.float32]:
    """Return the weights (16, length) of the pixels along an axis."""
    step = (high - low) * length / THUMB_PX
    centres = low * length + (np.arange(THUMB_PX) + 0.5) * step
    weights = np.clip(1 - np.abs(np.arange(length) + 0.5 - centres[:, None]) / max(step, 1.0), 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
