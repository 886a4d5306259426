"""Thumbnails for the second look at near pictures, taken by workers from proxies."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE, Status
from labelprep.pixels.decoding import decode
from labelprep.pixels.likeness import THUMB_BYTES, THUMB_PX
from labelprep.pixels.sources import Changed, Source, read_source

if TYPE_CHECKING:
    from labelprep.pixels.likeness import Thumbs

DECODED_PX: Final = 4 * THUMB_PX
"""Short side that is decoded at least, so that sizes and qualities of copies leave no trace."""


class Thumb:
    """Take thumbnails; a proxy that is gone is no loss as long as the original is there."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder."""
        self._cache = Path(options["cache"])

    def do(self, item: list[Any]) -> tuple[dict[str, Any], bytes]:
        """Return the thumbnail of one source, 768 bytes in base64."""
        try:
            thumb = thumb_of(self._read(Source.from_json(item)))
        except Changed as changed:
            return {"status": Status.MISSING, "problem": changed.problem}, b""
        except PixelsError as error:
            return {"status": Status.CORRUPT, "problem": error.problem}, b""
        return {"status": Status.OK, "problem": "", "thumb": base64.b64encode(thumb).decode("ascii")}, b""

    def _read(self, source: Source) -> bytes:
        """Return the bytes of the proxy, or of the original."""
        try:
            return read_source(self._cache, source)
        except Changed:
            raise
        except PixelsError:
            return read_source(self._cache, replace(source, proxy=None))

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


def thumb_of(data: bytes) -> bytes:
    """Return 16 × 16 pixels of an image file, row by row, red, green and blue.

    Raises:
        PixelsError: the bytes cannot be decoded.

    """
    decoded = decode(data, at_least=DECODED_PX)
    if decoded.picture is None or decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem)
    picture = decoded.picture if decoded.picture.mode == "RGB" else decoded.picture.convert("RGB")
    # A triangle that reaches far: what is left is smooth, however large the picture was.
    size = (THUMB_PX, THUMB_PX)
    return picture.resize(size, Image.Resampling.BILINEAR, box=decoded.box, reducing_gap=3.0).tobytes()


def thumbs_of(texts: list[str]) -> Thumbs:
    """Return the thumbnails that workers sent, (n, 16, 16, 3) uint8."""
    whole = b"".join(base64.b64decode(text) for text in texts)
    return np.frombuffer(whole, np.uint8).reshape(len(whole) // THUMB_BYTES, THUMB_PX, THUMB_PX, 3)
