"""Pictures small enough to stand in a report or a grid by the hundred."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE
from labelprep.pixels.decoding import decode
from labelprep.pixels.opening import PIXEL_LIMIT

QUALITY: Final = 80


def thumbnail_jpeg(data: bytes, side_px: int, pixel_limit: int = PIXEL_LIMIT) -> bytes:
    """Return a picture as JPEG that fits into a square of ``side_px``; a smaller one keeps its pixels.

    Raises:
        PixelsError: the bytes cannot be decoded, or hold more pixels than the limit.

    """
    decoded = decode(data, at_least=side_px, pixel_limit=pixel_limit)
    if decoded.picture is None or decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem, fix="leave the file out or replace it")
    left, top, right, bottom = decoded.box or (0.0, 0.0, *map(float, decoded.picture.size))
    share = min(side_px / max(right - left, bottom - top), 1.0)
    size = max(round((right - left) * share), 1), max(round((bottom - top) * share), 1)
    small = decoded.picture
    if size != small.size or decoded.box is not None:
        small = small.resize(size, Image.Resampling.HAMMING, box=(left, top, right, bottom))
    file = BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
