"""The picture that a person sees when Pillow shows a file: the reference for what a network is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from labelprep.pixels.fitting import Pixels

DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def as_seen(image: Image.Image) -> Image.Image:
    """Return the first frame of an opened file, upright, 8 bits RGB, alpha over white.

    What Pillow leaves open is as documented: 16 bits keep their high byte, shares of 0…1 are black…white.
    """
    image.seek(0)
    standing = ImageOps.exif_transpose(image)
    if standing.mode in DEEP or standing.mode == "F":
        return Image.fromarray(_eight_bits(standing)).convert("RGB")
    if not standing.has_transparency_data:
        return standing.convert("RGB")
    layered = standing.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")


def apart(one: Pixels, other: Pixels) -> float:
    """Return the mean difference of two pictures in grey levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def _eight_bits(image: Image.Image) -> Pixels:
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        scale = 255 if values.min() >= 0 and values.max() <= 1 else 1
        return np.clip(values * scale, 0, 255).round().astype(np.uint8)
    transparent = image.info.get("transparency")
    eight = (np.clip(values, 0, 65535) // 256).astype(np.uint8)
    return eight if transparent is None else np.where(values == transparent, np.uint8(255), eight)
