"""A hash of the pixels of the upright picture: equal for one picture in two formats, or with other EXIF."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from labelprep.model.images import TRAINABLE
from labelprep.pixels.decoding import decode
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.reading import MAX_BYTES, Unreadable, read_bytes

if TYPE_CHECKING:
    from PIL import Image


class Digest:
    """Decode originals in full and hash their pixels."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the limits of bytes and pixels."""
        self._max_bytes = int(options.get("max_bytes") or MAX_BYTES)
        self._pixel_limit = int(options.get("pixel_limit") or PIXEL_LIMIT)

    def do(self, item: str) -> tuple[dict[str, Any], bytes]:
        """Return the hashes of the file and of its pixels of one path."""
        try:
            data = read_bytes(item, self._max_bytes).data
        except Unreadable as unreadable:
            return {"status": unreadable.facts.status, "problem": unreadable.facts.problem}, b""
        decoded = decode(data, pixel_limit=self._pixel_limit)
        value = {
            "status": decoded.status,
            "problem": decoded.problem,
            "sha256": hashlib.sha256(data).hexdigest(),
            "pixel_sha256": None,
        }
        if decoded.picture is not None and decoded.status in TRAINABLE:
            value["pixel_sha256"] = pixel_digest(decoded.picture)
        return value, b""

    def finish(self, values: list[dict[str, Any]]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


def pixel_digest(picture: Image.Image) -> str:
    """Return the SHA-256 of width, height and the pixels in colour, so that grey kept as colour is equal."""
    digest = hashlib.sha256(f"{picture.width}x{picture.height} RGB".encode("ascii"))
    digest.update((picture if picture.mode == "RGB" else picture.convert("RGB")).tobytes())
    return digest.hexdigest()
