"""EXIF, as far as it tells how a picture stands, and with what and when it was taken.

Source: CIPA DC-008 (EXIF 2.32), which builds on TIFF 6.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = b"Exif\x00\x00"
LAST_ORIENTATION: Final = 8
ENTRY_BYTES: Final = 12
MOST_ENTRIES: Final = 256
LONGEST_TEXT: Final = 128

_TEXT, _SHORT = 2, 3
_LONGS: Final = frozenset({4, 13})
_MAKE, _MODEL, _ORIENTATION, _MORE = 0x010F, 0x0110, 0x0112, 0x8769
_TAKEN, _FRACTION, _SERIAL = 0x9003, 0x9291, 0xA431
_IN_PLACE: Final = 4


@dataclass(frozen=True, slots=True)
class Exif:
    """What a block of EXIF states; ``taken_at`` is local time in ISO form, as the camera's clock stood."""

    orientation: int = 1
    camera: str | None = None
    taken_at: str | None = None


NOTHING: Final = Exif()


def read_exif(block: bytes) -> Exif:
    """Return what a block states, from its TIFF header on (a TIFF file is one), as far as it is whole."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None:
        return NOTHING
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
    except struct.error:
        return NOTHING
    first = dict(_entries(block, order, start))
    more = first.get(_MORE)
    second = dict(_entries(block, order, more)) if isinstance(more, int) else {}
    turn = first.get(_ORIENTATION)
    return Exif(
        orientation=turn if isinstance(turn, int) and 1 <= turn <= LAST_ORIENTATION else 1,
        camera=_camera(first.get(_MAKE), first.get(_MODEL), second.get(_SERIAL)),
        taken_at=_moment(second.get(_TAKEN), second.get(_FRACTION)),
    )


def exif_orientation(block: bytes) -> int:
    """Return the orientation 1-8 that a block of EXIF (from its TIFF header on) states, else 1."""
    return read_exif(block).orientation


def _entries(block: bytes, order: str, start: int) -> Iterator[tuple[int, int | str]]:
    """Yield the numbers and texts of one directory by tag, up to where it breaks off."""
    try:
        (count,) = struct.unpack_from(order + "H", block, start)
        for number in range(min(count, MOST_ENTRIES)):
            at = start + 2 + number * ENTRY_BYTES
            tag, kind, length, value = struct.unpack_from(order + "HHII", block, at)
            if kind == _SHORT:
                yield tag, struct.unpack_from(order + "H", block, at + 8)[0]
            elif kind in _LONGS:
                yield tag, value
            elif kind == _TEXT:
                place = at + 8 if length <= _IN_PLACE else value
                yield tag, _text(block[place : place + min(length, LONGEST_TEXT)])
    except struct.error:
        return


def _text(raw: bytes) -> str:
    """Return a text up to its end mark, without what cannot be printed."""
    decoded = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in decoded).split())


def _camera(make: int | str | None, model: int | str | None, serial: int | str | None) -> str | None:
    """Return maker, model and serial number as one name; a maker that the model repeats is said once."""
    parts = [part if isinstance(part, str) else "" for part in (make, model, serial)]
    if parts[1].casefold().startswith(parts[0].casefold()):
        parts[0] = ""
    return " ".join(part for part in parts if part) or None


def _moment(taken: int | str | None, fraction: int | str | None) -> str | None:
    """Return a date and time that exist in ISO form; a clock that was never set says nothing."""
    if not isinstance(taken, str):
        return None
    try:
        moment = datetime.strptime(taken, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - EXIF's clock has no zone
    except ValueError:
        return None
    digits = fraction if isinstance(fraction, str) and fraction.isdecimal() else ""
    return moment.isoformat(timespec="seconds") + (f".{digits}" if digits else "")
