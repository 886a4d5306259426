"""Label Studio's brush masks: a stream of bits that holds a picture of four bytes a pixel.

::

    32 bits    how many bytes the picture has: width × height × 4
     5 bits    how many bits a byte has, less one: 7
    4 × 4 bits the lengths of the four kinds of counts, each less one: 2, 3, 7, 15
    then, up to the end of the picture, chunks of
     1 bit     1: one byte that comes several times, 0: bytes one by one
     2 bits    the kind of the count
     n bits    how many bytes, less one
     8 bits    the byte, once or as often

The bytes go row by row, red, green, blue and opacity of each pixel. A pixel belongs to the shape where it is
not wholly clear. In JSON the stream is a list of numbers from 0 to 255.

Source: the documented bit stream of ``@thi.ng/rle-pack``, in which Label Studio stores brushes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.errors import shown
from labelprep.model.geometry import RUN, mask_counts, mask_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGEST_MASK_PX: Final = 64_000_000
CHANNELS: Final = 4
BYTE_BITS: Final = 8
COUNT_BITS: Final = (3, 4, 8, 16)
SEEN: Final = 255
READ_BYTES: Final = 8

Size = tuple[int, int]


class BadBrushError(Exception):
    """A brush mask cannot be read; the message is what is wrong with it."""


class _Bits:
    """Bits taken from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bits = len(data) * 8
        self._at = 0

    def take_bytes(self, count: int) -> bytes:
        """Return bytes that need not begin where one of the stream's does.

        Raises: BadBrushError at the end.
        """
        at, end = self._at, self._at + count * 8
        if end > self._bits:
            raise BadBrushError("its mask ends too early")
        self._at = end
        window = int.from_bytes(self._data[at >> 3 : (end + 7) >> 3]) >> (-end & 7)
        return (window & (1 << count * 8) - 1).to_bytes(count)

    def take(self, count: int) -> int:
        """Return the number that the next bits are, 40 at most.

        Raises: BadBrushError at the end.
        """
        at, end = self._at, self._at + count
        if end > self._bits:
            raise BadBrushError("its mask ends too early")
        self._at = end
        start = at >> 3
        window = int.from_bytes(self._data[start : start + READ_BYTES].ljust(READ_BYTES, b"\x00"))
        return window >> (READ_BYTES * 8 - (end - start * 8)) & (1 << count) - 1


def counts_of(stream: object, size_wh: Size) -> list[int]:
    """Return the run lengths, column by column, of the mask in a picture of this size.

    Raises: BadBrushError.
    """
    width, height = size_wh
    if width * height > LARGEST_MASK_PX:
        raise BadBrushError(f"its mask is {width} × {height} pixels: read are 64 million")
    if not isinstance(stream, list):
        raise BadBrushError(f"its rle is {shown(stream)}, no list of bytes")
    try:
        data = bytes(stream)
    except (TypeError, ValueError) as error:
        raise BadBrushError(f"its rle is {shown(stream)}, no list of bytes") from error
    picture = _picture(data, width * height * CHANNELS, size_wh)
    counts = mask_counts(bytes(picture[CHANNELS - 1 :: CHANNELS]), size_wh)
    if not any(counts[1::2]):
        raise BadBrushError("its mask has no pixel")
    return counts


def _picture(data: bytes, wanted: int, size_wh: Size) -> bytearray:
    """Return the bytes of the picture that a stream holds."""
    bits = _Bits(data)
    number, word_bits = bits.take(32), bits.take(5) + 1
    if number != wanted:
        width, height = size_wh
        raise BadBrushError(f"its mask has {number:,} bytes, not those of {width} × {height} pixels")
    if word_bits > BYTE_BITS:
        raise BadBrushError(f"its mask has {word_bits} bits a byte")
    lengths = [bits.take(4) + 1 for _ in COUNT_BITS]
    take = bits.take
    picture = bytearray(number)
    at = 0
    while at < number:
        is_run = take(1)
        count = take(lengths[take(2)]) + 1
        if at + count > number:
            raise BadBrushError(f"its mask has more than the {number:,} bytes it names")
        if is_run:
            if word := take(word_bits):
                picture[at : at + count] = bytes((word,)) * count
        elif word_bits == BYTE_BITS:
            picture[at : at + count] = bits.take_bytes(count)
        else:
            picture[at : at + count] = bytes(take(word_bits) for _ in range(count))
        at += count
    return picture


def stream_of(counts: Sequence[int], size_wh: Size) -> list[int]:
    """Return the stream of a mask, given as run lengths column by column, in a picture of this size."""
    width, height = size_wh
    stream = bytearray()
    held = (width * height * CHANNELS << 5 | BYTE_BITS - 1) << 16
    for place, bits in enumerate(COUNT_BITS):
        held |= bits - 1 << 4 * (len(COUNT_BITS) - 1 - place)
    length = 32 + 5 + 16
    for run in RUN.finditer(mask_rows(counts, size_wh)):
        value = SEEN if run[0][0] else 0
        for count in _pieces(CHANNELS * (run.end() - run.start())):
            kind = next(kind for kind, bits in enumerate(COUNT_BITS) if count <= 1 << bits)
            bits = COUNT_BITS[kind]
            held = ((held << 3 | 1 << 2 | kind) << bits | count - 1) << BYTE_BITS | value
            length += 3 + bits + BYTE_BITS
        whole, length = divmod(length, 8)
        stream += (held >> length).to_bytes(whole)
        held &= (1 << length) - 1
    return [*stream, *((held << 8 - length,) if length else ())]


def _pieces(count: int) -> Iterator[int]:
    """Yield counts that one chunk can hold, and that add up to a count."""
    most = 1 << COUNT_BITS[-1]
    for _ in range(count // most):
        yield most
    if count % most:
        yield count % most
