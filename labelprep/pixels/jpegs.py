"""JPEG: what the header says, and the strict decode that notices damage.

Source: ITU-T T.81 annex B (markers), CIPA DC-008 (EXIF), CIPA DC-007 (several pictures in one file).
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import simplejpeg

from labelprep.pixels.exif import NOTHING, Exif, read_exif

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BITS: Final = 8
GREY_COMPONENTS: Final = 1
COLOUR_COMPONENTS: Final = 3
SCALES: Final = (8, 4, 2)

_MEMORY: Final = threading.local()
_SOS: Final = 0xDA
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_FOUR_COMPONENTS: Final = frozenset({"CMYK", "YCCK"})
_FALSE_ALARMS: Final = ("subsampling", "colorspace", "unsupported")
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """The facts before the first scan; sizes in stored (not upright) pixels."""

    width_px: int
    height_px: int
    components: int
    bits: int
    baseline: bool
    exif: Exif
    several: bool

    @property
    def orientation(self) -> int:
        """The EXIF orientation 1-8."""
        return self.exif.orientation

    @property
    def is_ordinary(self) -> bool:
        """Say whether the strict decoder takes it: 8-bit grey or three components."""
        return (
            self.bits == BITS
            and self.components in {GREY_COMPONENTS, COLOUR_COMPONENTS}
            and self.width_px > 0
            and self.height_px > 0
        )


def read_jpeg_header(data: bytes) -> JpegHeader | None:
    """Walk the markers up to the first scan; None where they do not follow the rules."""
    at, exif, several = 2, NOTHING, False
    frame: tuple[int, int, int, int, int] | None = None
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker begins so
        code = data[at + 1]
        if code == 0xFF or code in _STANDALONE:  # noqa: PLR2004 - a fill byte before a marker
            at += 1 if code == 0xFF else 2  # noqa: PLR2004 - the same
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if code == _SOS:
            break
        body = at + 4
        if code in _FRAMES:
            frame = (code, *struct.unpack(">BHHB", data[body : body + 6].ljust(6, b"\0")))
        elif code == 0xE1 and data[body : body + 6] == b"Exif\x00\x00":  # noqa: PLR2004 - APP1
            exif = read_exif(data[body + 6 : at + 2 + length])
        elif code == 0xE2 and data[body : body + 4] == b"MPF\x00":  # noqa: PLR2004 - APP2
            several = True
        at += 2 + max(length, 2)
    if frame is None or at + 2 > len(data) or data[at : at + 2] != b"\xff\xda":
        return None
    code, bits, height, width, components = frame
    return JpegHeader(width, height, components, bits, code in {0xC0, 0xC1}, exif, several)


def scale_for(width_px: int, height_px: int, at_least: int | None) -> int:
    """Return by how much (1, 2, 4 or 8) a decode may reduce and leave the short side ``at_least`` pixels.

    Only powers of two: libjpeg's 3/8 and the like cost 10 dB.
    """
    if at_least is None:
        return 1
    return next((scale for scale in SCALES if min(width_px, height_px) >= scale * at_least), 1)


def strict_complaint(data: bytes) -> str | None:
    """Say what the strict decoder holds against a JPEG that Pillow decodes, None where nothing."""
    try:
        _, _, space, _ = simplejpeg.decode_jpeg_header(data, strict=True)
        simplejpeg.decode_jpeg(data, "CMYK" if space in _FOUR_COMPONENTS else "GRAY", strict=True)
    except ValueError as error:
        return complaint_of(error)
    return None


def complaint_of(error: ValueError) -> str | None:
    """Return the message of the strict decoder, None for its false alarms about unusual sampling."""
    text = str(error)
    is_false_alarm = any(word in text.lower() for word in _FALSE_ALARMS)
    return None if is_false_alarm else text.removeprefix("Corrupt JPEG data: ")


def decode_strictly(data: bytes, header: JpegHeader, scale: int, *, grey: bool) -> npt.NDArray[np.uint8]:
    """Decode an ordinary JPEG to (height, width, 3 or 1) uint8, reduced by ``scale``, edges rounded up.

    The pixels equal Pillow's to the bit (both are libjpeg-turbo).

    Raises:
        ValueError: the stream breaks a rule, though a lenient decoder may still show the picture.

    """
    least_wh = (-(-header.width_px // scale), -(-header.height_px // scale)) if scale > 1 else (0, 0)
    return _decoded(data, header, least_wh, grey=grey)


def decode_to_seven_eighths(data: bytes, header: JpegHeader, *, grey: bool) -> npt.NDArray[np.uint8]:
    """Decode an ordinary JPEG to (height, width, 3 or 1) uint8, each side 7/8 of its own, rounded up.

    The decoder leaves out the finest of eight waves a block: 1 dB below a resize, and a third faster. The
    memory belongs to the calling thread and is written over by its next call: fresh pages cost much.

    Raises:
        ValueError: the stream breaks a rule.

    """
    least_wh = (-(-header.width_px * 7 // 8), -(-header.height_px * 7 // 8))
    memory: bytearray = getattr(_MEMORY, "block", bytearray())
    if len(memory) < least_wh[0] * least_wh[1] * COLOUR_COMPONENTS:
        memory = bytearray(least_wh[0] * least_wh[1] * COLOUR_COMPONENTS)
        _MEMORY.block = memory
    return _decoded(data, header, least_wh, grey=grey, memory=memory)


def _decoded(
    data: bytes, header: JpegHeader, least_wh: tuple[int, int], *, grey: bool, memory: bytearray | None = None
) -> npt.NDArray[np.uint8]:
    is_grey = grey or header.components == GREY_COMPONENTS
    pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        "GRAY" if is_grey else "RGB",
        min_width=least_wh[0],
        min_height=least_wh[1],
        buffer=memory,
        strict=True,
    )
    return pixels
