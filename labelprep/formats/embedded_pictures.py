"""A picture that lies as base64 inside a label file: looked at where it stands, never copied as a whole."""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.pixels.sniffing import EXTENSIONS_OF, sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_CHARACTERS: Final = 4 << 14
CHUNK_CHARACTERS: Final = 4 << 18
FIRST_TURNED: Final = 5


def complaint(text: memoryview, size_wh: tuple[int, int] | None) -> str | None:
    """Say what is wrong with an embedded picture, from its beginning: no base64, no picture, another size."""
    try:
        head = binascii.a2b_base64(text[:HEAD_CHARACTERS], strict_mode=True)
    except binascii.Error:
        return f"imageData {shown(bytes(text[:40]).decode('ascii', 'replace'))} is not base64"
    size = _size_of(head)
    if size is None or size_wh is None or size == size_wh:
        return None
    return (
        f"the picture in imageData is {size[0]} × {size[1]} pixels, "
        f"the file states {size_wh[0]} × {size_wh[1]}"
    )


def _size_of(head: bytes) -> tuple[int, int] | None:
    """Return width and height of an upright JPEG or PNG, None where its beginning does not say."""
    kind = sniff(head)
    if kind == "png":
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if kind != "jpeg":
        return None
    from labelprep.pixels.jpegs import read_jpeg_header  # noqa: PLC0415 - it loads a decoder, rarely needed

    header = read_jpeg_header(head)
    if header is None:
        return None
    size = header.width_px, header.height_px
    return size if header.orientation < FIRST_TURNED else size[::-1]


def kind_of(text: memoryview) -> str | None:
    """Name the format of an embedded picture as `sniff` does, None where it is none that can be read."""
    try:
        kind = sniff(binascii.a2b_base64(text[:HEAD_CHARACTERS], strict_mode=True))
    except binascii.Error:
        return None
    return kind if kind in EXTENSIONS_OF else None


def parts_of(text: memoryview) -> Iterator[bytes]:
    """Yield the bytes of an embedded picture, a megabyte at a time.

    Raises: binascii.Error where the text is not base64.
    """
    for at in range(0, len(text), CHUNK_CHARACTERS):
        yield binascii.a2b_base64(text[at : at + CHUNK_CHARACTERS], strict_mode=True)


def sha256_of(text: memoryview) -> bytes | None:
    """Return the sha256 of an embedded picture, None where the text is not base64."""
    digest = hashlib.sha256()
    try:
        for part in parts_of(text):
            digest.update(part)
    except binascii.Error:
        return None
    return digest.digest()
