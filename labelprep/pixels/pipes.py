"""How the engine and its workers speak: frames over binary pipes.

::

    4 bytes  length of the header, big end first
    4 bytes  length of the payload
    header   JSON in ASCII: names that are no Unicode travel as escaped surrogates
    payload  bytes, for pixels
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing import BinaryIO

_LENGTHS: Final = struct.Struct(">II")


def write_frame(file: BinaryIO, header: dict[str, Any], payload: bytes = b"") -> None:
    """Write one frame and flush it."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    file.write(b"".join((_LENGTHS.pack(len(text), len(payload)), text, payload)))
    file.flush()


def read_frame(file: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame; None at the end of the pipe, also where it ends inside a frame."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header_bytes, payload_bytes = _LENGTHS.unpack(lengths)
    text = file.read(header_bytes)
    payload = file.read(payload_bytes) if payload_bytes else b""
    if len(text) < header_bytes or len(payload) < payload_bytes:
        return None
    return json.loads(text), payload
