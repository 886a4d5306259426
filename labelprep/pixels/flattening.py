"""From any mode of Pillow to what a network is fed: 8-bit grey or RGB, alpha over white.

Scaling, the same for all files: 16-bit values keep their high byte (v // 256); 32-bit whole numbers are
cut to 0…65535 first; real numbers within 0…1 are multiplied by 255, others are cut to 0…255. Colour
profiles are not applied.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

WHITE: Final = 255
DEEP_MODES: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
DEEP_MAXIMUM: Final = 65535
_GREY_MODES: Final = frozenset({"1", "L", "LA", "La", *DEEP_MODES, "I", "F"})


def flattened(image: Image.Image) -> Image.Image:
    """Return the loaded picture in mode L where it is grey, else RGB; the same object where it already is.

    Raises:
        ValueError: Pillow cannot convert this mode.

    """
    mode = image.mode
    if mode in DEEP_MODES or mode in {"I", "F"}:
        return _eight_bit(image)
    if image.has_transparency_data:
        return _over_white(image)
    if mode in {"L", "RGB"}:
        return image
    if mode == "LAB":
        return _from_lab(image)
    if mode in _GREY_MODES or (mode == "P" and _has_grey_palette(image)):
        return image.convert("L")
    return image.convert("RGB")


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn and mirror a stored picture so that it stands as EXIF orientation 1-8 says."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale deep grey pixels by the fixed rule of this module; PNG's transparent value becomes white."""
    values = np.asarray(image)
    if image.mode == "F":
        eight = _from_real(values)
    else:
        eight = (np.clip(values, 0, DEEP_MAXIMUM) >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        eight = np.where(values == transparent, np.uint8(WHITE), eight)
    return Image.fromarray(eight)


def _from_real(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Take 0…1 as black…white, else 0…255; what is no number is black."""
    numbers = np.nan_to_num(values, nan=0.0)
    is_share = float(numbers.min()) >= 0 and float(numbers.max()) <= 1
    return np.clip(numbers * WHITE if is_share else numbers, 0, WHITE).round().astype(np.uint8)


def _over_white(image: Image.Image) -> Image.Image:
    """Lay a picture with alpha over white."""
    grey = image.mode in _GREY_MODES or (image.mode in {"P", "PA"} and _has_grey_palette(image))
    layered = image.convert("LA" if image.mode in {"1", "L", "LA", "La"} else "RGBA")
    alpha = layered.getchannel("A")
    target = "L" if grey else "RGB"
    opaque = layered.convert(target)
    if alpha.getextrema() == (WHITE, WHITE):
        return opaque
    ground = Image.new(target, image.size, WHITE if grey else (WHITE, WHITE, WHITE))
    ground.paste(opaque, mask=alpha)
    return ground


def _has_grey_palette(image: Image.Image) -> bool:
    """Say whether every colour of the palette is a grey."""
    colours = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _from_lab(image: Image.Image) -> Image.Image:
    """Convert CIELab to sRGB."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return converted if converted is not None else image
