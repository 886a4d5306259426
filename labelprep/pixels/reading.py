"""Everything that is known of one file, from one read of its bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from labelprep.model.images import TRAINABLE, Status, storable_ns
from labelprep.pixels.decoding import DECODER_VERSION, Decoded, decode
from labelprep.pixels.fingerprints import GREY_SHORT_PX, look_of
from labelprep.pixels.jpegs import read_jpeg_header
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.proxies import (
    PLAIN_BYTES,
    PLAIN_PIXELS,
    PROXY_SIZE,
    ProxyPlace,
    is_own_proxy,
    make_proxy,
    proxy_decode_px,
)
from labelprep.pixels.sniffing import EXTENSIONS_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelprep.pixels.jpegs import JpegHeader

MAX_BYTES: Final = 1 << 30
FACTS_PX: Final = GREY_SHORT_PX
"""No margin for resizing: 1.5 of 192 bits of a fingerprint differ from a full decode, with a margin 1.2."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reading depends on besides the file."""

    proxy_size: int = PROXY_SIZE
    max_bytes: int = MAX_BYTES
    pixel_limit: int = PIXEL_LIMIT


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scan stores of one file; None where the file did not get so far.

    ``width_px`` and ``height_px`` are upright; ``channels`` is 1 where the picture is grey, else 3;
    ``fingerprint`` to ``focus`` as ``fingerprints.Look`` has them, ``camera`` and
    ``taken_at`` as ``exif.Exif``. ``own_proxy``: the
    original is its own proxy; else ``proxy`` says where the proxy lies.
    """

    status: Status
    problem: str = ""
    notes: tuple[str, ...] = ()
    format: str | None = None
    mode: str | None = None
    channels: int | None = None
    frames: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    exif_orientation: int = 1
    size_bytes: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    fingerprint: bytes | None = None
    brightness: float | None = None
    sharpness: float | None = None
    low: float | None = None
    high: float | None = None
    contrast: float | None = None
    flatness: float | None = None
    focus: float | None = None
    camera: str | None = None
    taken_at: str | None = None
    decoder_version: int = DECODER_VERSION
    own_proxy: bool = False
    proxy: ProxyPlace | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values: fingerprint in hexadecimal, proxy as a list of three."""
        values = {name: getattr(self, name) for name in _NAMES}
        values["notes"] = list(self.notes)
        values["fingerprint"] = self.fingerprint.hex() if self.fingerprint else None
        values["proxy"] = list(asdict(self.proxy).values()) if self.proxy else None
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Facts:
        """Read what ``as_json`` wrote; a result of the engine that names only status and problem will do."""
        given = dict(values)
        given["status"] = Status(given["status"])
        given["notes"] = tuple(given.get("notes", ()))
        if given.get("fingerprint"):
            given["fingerprint"] = bytes.fromhex(given["fingerprint"])
        if given.get("proxy"):
            given["proxy"] = ProxyPlace(*given["proxy"])
        return cls(**given)


_NAMES: Final = tuple(Facts.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Bytes:
    """The content of one file, with the size and time it had while it was open."""

    data: bytes
    size_bytes: int
    mtime_ns: int


class Unreadable(Exception):  # noqa: N818 - the outcome of one file, turned into a value by read_facts
    """A file whose bytes are not had, with the facts that are known all the same."""

    def __init__(self, facts: Facts) -> None:
        """Keep the facts."""
        super().__init__(facts.problem)
        self.facts = facts


def read_facts(path: str, options: ReadOptions | None = None) -> tuple[Facts, bytes | None]:
    """Read one original once; return its facts and, where it needs one, the file of its proxy.

    What is wrong with the file is part of the facts, never an exception.
    """
    options = options or ReadOptions()
    try:
        content = read_bytes(path, options.max_bytes)
    except Unreadable as unreadable:
        return unreadable.facts, None
    return _facts_of(content, PurePath(path).suffix.lower(), options)


def read_bytes(path: str, max_bytes: int = MAX_BYTES) -> Bytes:
    """Read a regular file, with the size and time it has while open.

    Raises:
        Unreadable: no regular file, not readable, too large, or changing while it is read.

    """
    try:
        # Looked at before it is opened: opening a FIFO or a device can block or act.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - bytes that are no UTF-8 stay as they are
            raise Unreadable(Facts(Status.CORRUPT, "not a regular file"))
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
            | getattr(os, "O_NOCTTY", 0)
        )
        with open(os.open(path, flags), "rb", buffering=0) as file:  # noqa: PTH123 - flags
            now = os.fstat(file.fileno())
            known = Facts(Status.CORRUPT, size_bytes=now.st_size, mtime_ns=storable_ns(now.st_mtime_ns))
            if not stat.S_ISREG(now.st_mode):
                raise Unreadable(replace(known, problem="not a regular file"))
            if now.st_size > max_bytes:
                problem = f"{now.st_size:,} bytes are more than the limit of {max_bytes:,} bytes"
                raise Unreadable(replace(known, status=Status.TOO_LARGE, problem=problem))
            data = file.read(max_bytes + 1) if now.st_size == 0 else _read_whole(file, now.st_size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(Facts(Status.CORRUPT, f"cannot be read: {reason}")) from error
    if len(data) != now.st_size:
        raise Unreadable(replace(known, problem="changed while it was read: is a copy still running?"))
    return Bytes(data, now.st_size, storable_ns(now.st_mtime_ns))


def _read_whole(file: Any, size: int) -> bytes:  # noqa: ANN401 - a raw file
    """Read up to one byte more than the size, in as many calls as it takes."""
    pieces = []
    left = size + 1
    while left > 0 and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _facts_of(content: Bytes, suffix: str, options: ReadOptions) -> tuple[Facts, bytes | None]:
    """Decode and measure the bytes of a file; a small plain JPEG is decoded in grey only, and reduced."""
    data = content.data
    header = _small_plain_jpeg(data)
    grey = header is not None
    at_least = FACTS_PX if grey else proxy_decode_px(options.proxy_size)
    decoded = decode(data, at_least=at_least, grey=grey, pixel_limit=options.pixel_limit, header=header)
    if grey and decoded.status in TRAINABLE and not is_own_proxy(decoded, len(data)):
        at_least = proxy_decode_px(options.proxy_size)
        decoded = decode(data, at_least=at_least, pixel_limit=options.pixel_limit)
    own = is_own_proxy(decoded, len(data))
    proxy, look, channels = None, None, None
    if decoded.picture is not None:
        picture, box = decoded.picture, decoded.box
        channels = 1 if picture.mode == "L" and decoded.mode != "RGB" else 3
        if not own:
            proxy, picture = make_proxy(decoded, options.proxy_size)
            box = box if picture is decoded.picture else None
        look = look_of(picture, box)
    return Facts(
        status=decoded.status,
        problem=decoded.problem,
        notes=(*_name_notes(decoded, suffix), *decoded.notes),
        format=decoded.format,
        mode=decoded.mode,
        channels=channels,
        frames=decoded.frames,
        width_px=decoded.width_px,
        height_px=decoded.height_px,
        exif_orientation=decoded.exif_orientation,
        size_bytes=content.size_bytes,
        mtime_ns=content.mtime_ns,
        sha256=hashlib.sha256(data).hexdigest(),
        fingerprint=look.fingerprint if look else None,
        brightness=look.brightness if look else None,
        sharpness=look.sharpness if look else None,
        low=look.low if look else None,
        high=look.high if look else None,
        contrast=look.contrast if look else None,
        flatness=look.flatness if look else None,
        focus=look.focus if look else None,
        camera=decoded.exif.camera,
        taken_at=decoded.exif.taken_at,
        own_proxy=own,
    ), proxy


def _small_plain_jpeg(data: bytes) -> JpegHeader | None:
    """Return the header of a JPEG that, as far as it tells, will be its own proxy."""
    if len(data) > PLAIN_BYTES or data[:2] != b"\xff\xd8":
        return None
    header = read_jpeg_header(data)
    is_one = (
        header is not None
        and header.is_ordinary
        and header.baseline
        and not header.several
        and header.orientation == 1
        and header.width_px * header.height_px <= PLAIN_PIXELS
    )
    return header if is_one else None


def _name_notes(decoded: Decoded, suffix: str) -> tuple[str, ...]:
    """Name a file extension that belongs to another format."""
    endings = EXTENSIONS_OF.get(decoded.format or "")
    if endings is None or suffix in endings:
        return ()
    named = f"named {suffix}" if suffix else "without an extension"
    return (f"{(decoded.format or '').upper()} {named}",)
