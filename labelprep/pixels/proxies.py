"""Small stand-ins for originals, kept in packs: for the grid, the duplicate search and training.

::

    <cache>/proxies/0f3a….pack     image files end to end; the manifest holds (pack, offset, length) of each

An original that is small and clean is its own proxy. Bytes are synced before their place is reported;
bytes without a place are garbage that ``clean`` removes.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE
from labelprep.pixels.decoding import decode

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.pixels.decoding import Decoded

PROXY_SIZE: Final = 256
PROXY_FOLDER: Final = "proxies"
PACK_BYTES: Final = 256 * 1024 * 1024
PLAIN_PIXELS: Final = 400_000
PLAIN_BYTES: Final = 256 * 1024
QUALITY: Final = 95
LONGEST: Final = 4
KEPT_FOR_RESIZING: Final = 1.25
"""How far above the wanted short side a JPEG is decoded: 46 dB against a full decode, at half its cost."""


@dataclass(frozen=True, slots=True)
class ProxyPlace:
    """Where a proxy lies: the pack's file name, the first byte and the number of bytes."""

    pack: str
    offset: int
    length: int


def is_own_proxy(decoded: Decoded, size_bytes: int) -> bool:
    """Say whether the original is small and clean enough to stand as its own proxy."""
    pixels = (decoded.width_px or 0) * (decoded.height_px or 0)
    return decoded.is_plain and pixels <= PLAIN_PIXELS and size_bytes <= PLAIN_BYTES


def proxy_decode_px(proxy_size: int) -> int:
    """Return the short side that a decode for a proxy has to keep."""
    return -(-int(proxy_size * KEPT_FOR_RESIZING * 4) // 4)


def proxy_of(data: bytes, proxy_size: int = PROXY_SIZE) -> bytes:
    """Return the proxy of an image file: its own bytes where they are plain and small, else new ones.

    Raises:
        PixelsError: the bytes cannot be decoded.

    """
    decoded = decode(data, at_least=proxy_decode_px(proxy_size))
    if decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem, fix="leave the file out or replace it")
    return data if is_own_proxy(decoded, len(data)) else make_proxy(decoded, proxy_size)[0]


def make_proxy(decoded: Decoded, proxy_size: int = PROXY_SIZE) -> tuple[bytes, Image.Image]:
    """Return the file and the picture of the proxy of a decoded original.

    Short side above ``proxy_size``: reduced to it (the long side to at most four times that) and written as
    JPEG, quality 95, without colour subsampling. Else the picture as it is, as PNG.
    """
    picture = decoded.picture
    if picture is None or decoded.width_px is None or decoded.height_px is None:
        raise PixelsError(decoded.problem or "no picture to make a proxy of")
    file = BytesIO()
    if min(decoded.width_px, decoded.height_px) <= proxy_size:
        picture.save(file, "PNG", compress_level=1)
        return file.getvalue(), picture
    size = proxy_size_wh(decoded.width_px, decoded.height_px, proxy_size)
    reduced = picture.resize(size, Image.Resampling.HAMMING, box=decoded.box, reducing_gap=2.0)
    reduced.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue(), reduced


def proxy_size_wh(width_px: int, height_px: int, proxy_size: int) -> tuple[int, int]:
    """Return (width, height) of the reduced picture."""
    short, long = min(width_px, height_px), max(width_px, height_px)
    share = min(proxy_size / short, LONGEST * proxy_size / long)
    return max(round(width_px * share), 1), max(round(height_px * share), 1)


def read_proxy(cache: Path, place: ProxyPlace) -> bytes:
    """Read one proxy.

    Raises:
        PixelsError: the pack is gone or shorter than the place says.

    """
    path = cache / PROXY_FOLDER / place.pack
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(place.offset)
            data = file.read(place.length)
    except OSError as error:
        raise _lost(path, error.strerror or str(error)) from error
    if len(data) != place.length:
        raise _lost(path, f"holds {place.offset + len(data)} bytes of {place.offset + place.length}")
    return data


def _lost(path: Path, problem: str) -> PixelsError:
    """Say that a pack cannot give what the manifest says it holds."""
    return PixelsError(
        f"the proxy cannot be read: {problem}", where=str(path), fix="run labelprep scan to make it again"
    )


class PackWriter:
    """Appends proxies to packs of its own: no two processes write the same file."""

    def __init__(self, cache: Path) -> None:
        """Take the cache folder; the first pack is made with the first proxy."""
        self._folder = cache / PROXY_FOLDER
        self._path: Path | None = None
        self._file: int = -1
        self._offset = 0

    def append(self, data: bytes) -> ProxyPlace:
        """Write one proxy and return its place; ``sync`` makes it last.

        Raises:
            PixelsError: the disk is full or the folder cannot be written.

        """
        try:
            path = self._pack()
            offset = self._offset
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise PixelsError(
                f"the proxy cannot be written: {error.strerror or error}",
                where=str(self._folder),
                fix="free disk space, or put the manifest elsewhere with -m",
            ) from error
        self._offset += len(data)
        return ProxyPlace(path.name, offset, len(data))

    def sync(self, packs: frozenset[str] = frozenset()) -> None:
        """Flush this writer's pack and any others named to the disk."""
        own = self._path.name if self._path else ""
        if self._file >= 0:
            os.fsync(self._file)
        for name in sorted(packs - {own}):
            sync_file(self._folder / name)

    def close(self) -> None:
        """Sync and close the pack."""
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
        self._file, self._path = -1, None

    def _pack(self) -> Path:
        """Return the pack to append to, a new one where there is none or it is full."""
        if self._path is not None and self._offset >= PACK_BYTES:
            self.close()
        if self._path is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{secrets.token_hex(16)}.pack"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._file, self._path, self._offset = os.open(path, flags, 0o644), path, 0
        return self._path


def sync_file(path: Path) -> None:
    """Flush a file that this or another process wrote to the disk."""
    file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(file)
    finally:
        os.close(file)
