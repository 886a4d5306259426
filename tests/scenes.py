"""Drawn pictures with something on them, each number another one, and what happens to copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def scene(number: int, size_wh: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return a picture of soft colours with shapes on it; equal numbers give equal pictures."""
    random = np.random.default_rng(number)
    soft = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    picture = soft.resize(size_wh, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    width, height = size_wh
    for _ in range(8):
        left, top = int(random.integers(0, width)), int(random.integers(0, height))
        right, bottom = (
            left + int(random.integers(10, width // 2)),
            top + int(random.integers(10, height // 2)),
        )
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        draw.ellipse((left, top, right, bottom), fill=colour)
    return picture


def saved(picture: Image.Image, path: Path, quality: int = 90) -> Path:
    """Write a picture; the ending of the name chooses the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=quality) if path.suffix == ".jpg" else picture.save(path)
    return path


def with_logo(picture: Image.Image) -> Image.Image:
    """Return a copy with a white box with strokes in a corner."""
    changed = picture.copy()
    width, height = picture.width // 5, picture.height // 10
    draw = ImageDraw.Draw(changed)
    left, top = picture.width - width - 8, picture.height - height - 8
    draw.rectangle((left, top, left + width, top + height), fill=(245, 245, 245))
    for at in range(left + 4, left + width - 4, 8):
        draw.line((at, top + 4, at, top + height - 4), fill=(40, 40, 40), width=3)
    return changed


COPIES: dict[str, Callable[[Image.Image], tuple[Image.Image, int]]] = {
    "half": lambda picture: (picture.resize((picture.width // 2, picture.height // 2)), 90),
    "larger": lambda picture: (picture.resize((picture.width * 3 // 2, picture.height * 3 // 2)), 90),
    "jpeg30": lambda picture: (picture, 30),
    "darker": lambda picture: (picture.point(lambda value: value * 0.85), 90),
    "brighter": lambda picture: (picture.point(lambda value: min(value * 1.15, 255)), 90),
    "logo": lambda picture: (with_logo(picture), 90),
}
