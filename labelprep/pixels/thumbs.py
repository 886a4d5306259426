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
from labelprep.pixels.likeness import THUMB_PX
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.sources import Changed, Source, read_source

if TYPE_CHECKING:
    from labelprep.pixels.likeness import Thumbs

DECODED_SHARE: Final = 4
"""How many times its side is decoded at least, so that sizes and qualities of copies leave no trace."""


class Thumb:
    """Take thumbnails; a proxy that is gone is no loss as long as the original is there."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder, the side and the limit of pixels."""
        self._cache = Path(options["cache"])
        self._side = int(options.get("side", THUMB_PX))
        self._pixel_limit = int(options.get("pixel_limit") or PIXEL_LIMIT)

    def do(self, item: list[Any]) -> tuple[dict[str, Any], bytes]:
        """Return the thumbnail of one source, 3 bytes a pixel in base64."""
        try:
            data = read_either(self._cache, Source.from_json(item))
            thumb = thumb_of(data, self._side, self._pixel_limit)
        except Changed as changed:
            return {"status": Status.MISSING, "problem": changed.problem}, b""
        except PixelsError as error:
            return {"status": Status.CORRUPT, "problem": error.problem}, b""
        return {"status": Status.OK, "problem": "", "thumb": base64.b64encode(thumb).decode("ascii")}, b""

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


def read_either(cache: Path, source: Source) -> bytes:
    """Return the bytes of the proxy, or of the original where the proxy is gone.

    Raises:
        PixelsError: neither can be read; `Changed` where the original is another one.

    """
    try:
        return read_source(cache, source)
    except Changed:
        raise
    except PixelsError:
        return read_source(cache, replace(source, proxy=None))


def thumb_of(data: bytes, side: int = THUMB_PX, pixel_limit: int = PIXEL_LIMIT) -> bytes:
    """Return side × side pixels of an image file, row by row, red, green and blue.

    Raises:
        PixelsError: the bytes cannot be decoded, or hold more pixels than the limit.

    """
    decoded = decode(data, at_least=DECODED_SHARE * side, pixel_limit=pixel_limit)
    if decoded.picture is None or decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem)
    picture = decoded.picture if decoded.picture.mode == "RGB" else decoded.picture.convert("RGB")
    # A triangle that reaches far: what is left is smooth, however large the picture was.
    return picture.resize(
        (side, side), Image.Resampling.BILINEAR, box=decoded.box, reducing_gap=3.0
    ).tobytes()


def thumbs_of(texts: list[str], side: int = THUMB_PX) -> Thumbs:
    """Return the thumbnails that workers sent, (n, side, side, 3) uint8."""
    whole = b"".join(base64.b64decode(text) for text in texts)
    return np.frombuffer(whole, np.uint8).reshape(len(texts), side, side, 3)
