"""Tiny pictures, each number another content, and trees of them."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def draw(path: Path, number: int = 0, *, size_wh: tuple[int, int] = (8, 8)) -> Path:
    """Write one picture of a single colour; its folder is made. The ending of the name chooses the format."""
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - names may be no UTF-8
    colour = (number % 256, number // 256 % 256, 90)
    Image.new("RGB", size_wh, colour).save(path)
    return path


def png(number: int = 0) -> bytes:
    """Return the bytes of one tiny picture, the same at every call."""
    from io import BytesIO  # noqa: PLC0415 - only here

    file = BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 90)).save(file, "PNG")
    return file.getvalue()


def noise(path: Path, number: int, *, size_wh: tuple[int, int]) -> Path:
    """Write a JPEG of grey noise, which costs its reader some time; equal numbers give equal pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    length = size_wh[0] * size_wh[1]
    stretched = hashlib.shake_128(str(number).encode()).digest(length)
    Image.frombytes("L", size_wh, stretched).save(path, quality=80)
    return path


def tree(root: Path, names: Iterable[str]) -> Path:
    """Write a picture for each name below ``root``, all of different content; return the root."""
    for number, name in enumerate(names):
        draw(root / name, number)
    return root


def fingerprint(root: Path) -> dict[str, tuple[str, int, int, int]]:
    """Return sha256, size, time and mode of every file below a folder, to show that nothing touched it."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - names may be no UTF-8
            facts = os.lstat(path)
            with open(path, "rb") as file:  # noqa: PTH123 - the same
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[os.path.relpath(path, root)] = (digest, facts.st_size, facts.st_mtime_ns, facts.st_mode)
    return found
