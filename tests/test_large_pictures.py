"""A picture of many pixels in a small file is refused by its header, and read where a limit allows it."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command

WIDTH_PX, HEIGHT_PX = 20_000, 12_000


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def large_png(path: Path) -> None:
    """Write 240 million white pixels of one bit each into 54 KB."""
    rows = (b"\x00" + b"\xff" * (WIDTH_PX // 8)) * HEIGHT_PX
    header = struct.pack(">IIBBBBB", WIDTH_PX, HEIGHT_PX, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def test_more_pixels_than_the_default_are_refused_and_the_fix_reads_them(
    work: Path, command: Command
) -> None:
    large_png(work / "imgs/cat/large.png")

    refused = command("scan", "imgs", "--json").json["status"]
    issues = command("check", "--select", "LP104", "--json").json["issues"]
    accepted = command("scan", "imgs", "--max-pixels", "250000000", "--json").json["status"]

    assert refused == {"too_large": 1}
    assert "--max-pixels" in issues[0]["fix"]
    assert accepted == {"ok": 1}
