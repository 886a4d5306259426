"""Where the pixels of one image are read: its proxy, or the original as the scan saw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from labelprep.errors import PixelsError
from labelprep.pixels.proxies import ProxyPlace, read_proxy
from labelprep.pixels.reading import MAX_BYTES, Unreadable, read_bytes

if TYPE_CHECKING:
    from pathlib import Path


class Changed(PixelsError):  # noqa: N818 - it is what happened
    """An original is not what the scan saw: gone, or of another size or time."""

    code = "changed"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one image's pixels come from: its proxy, or without one the original as the scan saw it."""

    path: str
    size_bytes: int
    mtime_ns: int
    proxy: ProxyPlace | None = None

    def as_json(self) -> list[Any]:
        """Return the fields as a list."""
        place = self.proxy
        packed = None if place is None else [place.pack, place.offset, place.length]
        return [self.path, self.size_bytes, self.mtime_ns, packed]

    @classmethod
    def from_json(cls, values: list[Any]) -> Self:
        """Read what ``as_json`` wrote."""
        path, size_bytes, mtime_ns, packed = values
        return cls(path, size_bytes, mtime_ns, None if packed is None else ProxyPlace(*packed))


def read_source(cache: Path, source: Source) -> bytes:
    """Return the bytes to decode.

    Raises:
        Changed: the original is gone or is not the file that was scanned.
        PixelsError: the proxy cannot be read.

    """
    if source.proxy is not None:
        return read_proxy(cache, source.proxy)
    try:
        # A file that the scan read is not too large, whatever the limit was.
        content = read_bytes(source.path, max(source.size_bytes, MAX_BYTES))
    except Unreadable as unreadable:
        raise _changed(source, unreadable.facts.problem) from unreadable
    if (content.size_bytes, content.mtime_ns) != (source.size_bytes, source.mtime_ns):
        raise _changed(source, "is not the file that was scanned: its size or time changed")
    return content.data


def _changed(source: Source, problem: str) -> Changed:
    """Name the file and what to do."""
    return Changed(problem, where=source.path, fix="run labelprep scan again")
