"""A folder of distinct pictures with planted copies, and which copy is of which picture.

::

    <folder>/distinct/photo_0001.jpg …    photos and small pictures as they are
    <folder>/planted/jpeg30/photo_0001.jpg …    their copies, by what was done to them

Names carry the truth: a copy has the stem of its original. No label and no split is stated.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Change = "Callable[[Image.Image], tuple[Image.Image, int]]"
KEPT_QUALITY: Final = 90
PHOTO_ENDINGS: Final = frozenset({".jpg", ".jpeg", ".png"})


def _scaled(share: float) -> Callable[[Image.Image], tuple[Image.Image, int]]:
    def change(picture: Image.Image) -> tuple[Image.Image, int]:
        size = (max(round(picture.width * share), 1), max(round(picture.height * share), 1))
        return picture.resize(size, Image.Resampling.BICUBIC), KEPT_QUALITY

    return change


def _compressed(quality: int) -> Callable[[Image.Image], tuple[Image.Image, int]]:
    return lambda picture: (picture, quality)


def _brightened(gain: float) -> Callable[[Image.Image], tuple[Image.Image, int]]:
    return lambda picture: (picture.point(lambda value: min(value * gain, 255)), KEPT_QUALITY)


def _with_logo(picture: Image.Image) -> tuple[Image.Image, int]:
    """Put a white box with dark strokes, a fifth by a tenth of the sides, near the lower right corner."""
    changed = picture.copy()
    width, height = max(picture.width // 5, 2), max(picture.height // 10, 2)
    pixels = np.full((height, width, 3), 245, np.uint8)
    pixels[height // 4 : -(height // 4) or None, :: max(width // 8, 2)] = 40
    at = (picture.width - width - picture.width // 25, picture.height - height - picture.height // 25)
    changed.paste(Image.fromarray(pixels), at)
    return changed, KEPT_QUALITY


def _cropped(across: float, down: float) -> Callable[[Image.Image], tuple[Image.Image, int]]:
    def change(picture: Image.Image) -> tuple[Image.Image, int]:
        width, height = round(picture.width * 0.9), round(picture.height * 0.9)
        left, top = round((picture.width - width) * across), round((picture.height - height) * down)
        return picture.crop((left, top, left + width, top + height)), KEPT_QUALITY

    return change


def _turned(how: Image.Transpose) -> Callable[[Image.Image], tuple[Image.Image, int]]:
    return lambda picture: (picture.transpose(how), KEPT_QUALITY)


LEVEL_1: Final = {
    "half": _scaled(0.5),
    "three_quarters": _scaled(0.75),
    "half_more": _scaled(1.5),
    "jpeg30": _compressed(30),
    "jpeg50": _compressed(50),
    "jpeg75": _compressed(75),
    "jpeg95": _compressed(95),
    "darker": _brightened(0.85),
    "brighter": _brightened(1.15),
    "logo": _with_logo,
}
LEVEL_2: Final = {
    "crop_centre": _cropped(0.5, 0.5),
    "crop_top_left": _cropped(0, 0),
    "crop_top_right": _cropped(1, 0),
    "crop_bottom_left": _cropped(0, 1),
    "crop_bottom_right": _cropped(1, 1),
}
TURNS: Final = {
    "mirrored": _turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside_down": _turned(Image.Transpose.FLIP_TOP_BOTTOM),
    "left": _turned(Image.Transpose.ROTATE_90),
    "half_turn": _turned(Image.Transpose.ROTATE_180),
    "right": _turned(Image.Transpose.ROTATE_270),
}
CHANGES: Final = {**LEVEL_1, **LEVEL_2, **TURNS}


def distinct(photos: Sequence[Path], small: Path | None, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and files: all photos of the folders, then pictures of a zip until there are ``count``."""
    number = 0
    for folder in photos:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in PHOTO_ENDINGS and number < count:
                yield f"photo_{number:05}{path.suffix.lower()}", path.read_bytes()
                number += 1
    if small is None:
        return
    with zipfile.ZipFile(small) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        step = max(len(names) // max(count - number, 1), 1)
        for name in names[::step]:
            if number == count:
                return
            yield f"small_{number:05}.jpg", archive.read(name)
            number += 1


def plant(folder: Path, name: str, data: bytes) -> None:
    """Write the copies of one picture; small ones as PNG, so that only what is meant is done to them."""
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    for change, make in CHANGES.items():
        changed, quality = make(picture)
        is_small = min(picture.size) < 100 and not change.startswith("jpeg")
        target = folder / change / Path(name).with_suffix(".png" if is_small else ".jpg")
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_small:
            changed.save(target)
        else:
            changed.save(target, quality=quality)


def make_set(
    folder: Path, photos: Sequence[Path], small: Path | None, *, count: int = 20_000, copied: int = 200
) -> None:
    """Write the distinct pictures, and copies of up to ``copied`` photos and as many small ones."""
    (folder / "distinct").mkdir(parents=True, exist_ok=True)
    files = list(distinct(photos, small, count))
    chosen: set[str] = set()
    for kind in ("photo", "small"):
        names = [name for name, _ in files if name.startswith(kind)]
        chosen.update(names[:: max(len(names) // copied, 1)][:copied])
    for name, data in files:
        (folder / "distinct" / name).write_bytes(data)
        if name in chosen:
            plant(folder / "planted", name, data)
