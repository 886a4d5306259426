"""File names as the manifest keeps them: POSIX, relative, exact; bytes that are no UTF-8 kept as bytes."""

from __future__ import annotations

import os

StoredPath = tuple[str, bytes | None]


def stored(relative: str) -> StoredPath:
    r"""Return ``(path, path_bytes)`` of a relative path as the operating system gave it.

    ``path_bytes`` is None unless the name is not UTF-8; ``path`` then shows each bad byte as ``\xNN``.
    """
    posix = relative.replace(os.sep, "/") if os.sep != "/" else relative
    try:
        posix.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(posix)
        return raw.decode("utf-8", "backslashreplace"), raw
    return posix, None


def on_disk(path: str, path_bytes: bytes | None) -> str:
    """Return the relative path as the operating system wants it; the inverse of `stored`."""
    return os.fsdecode(path_bytes) if path_bytes is not None else path


def escaped(name: str) -> str:
    r"""Return a name from the operating system with each undecodable byte shown as ``\xNN``."""
    return stored(name)[0]
