"""PNG: the checks of a file's structure that Pillow leaves out.

Source: Portable Network Graphics (PNG) Specification, Third Edition, sections 5 and 11.
"""

from __future__ import annotations

import zlib
from typing import Final

SIGNATURE_BYTES: Final = 8
CHUNK_BYTES: Final = 12
DEPTH_AT: Final = 24
COLOUR_TYPE_AT: Final = 25
DEEP_BITS: Final = 16


def png_damage(data: bytes) -> str | None:
    """Say what is wrong with the chunks that hold the picture; None where they are whole.

    Pillow decodes a file whose end is missing or zeroed as long as enough rows came out.
    """
    at, total = SIGNATURE_BYTES, len(data)
    while at + CHUNK_BYTES <= total:
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if end + 4 > total:
            return "truncated: the PNG ends inside a chunk"
        if kind == b"IEND":
            return None
        if kind == b"IDAT" and zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(
            data[end : end + 4], "big"
        ):
            return "damaged picture data: a checksum of the PNG is wrong"
        if not kind.isalpha():
            return "damaged PNG: bytes where a chunk should begin"
        at = end + 4
    return "truncated: the PNG has no end"


def is_plain_png(data: bytes) -> bool:
    """Say whether the header promises 8-bit grey or RGB without alpha or palette."""
    return data[DEPTH_AT] == 8 and data[COLOUR_TYPE_AT] in {0, 2}  # noqa: PLR2004 - 8 bits


def is_deep_png(data: bytes) -> bool:
    """Say whether a channel has 16 bits."""
    return data[DEPTH_AT] == DEEP_BITS
