"""From a picture of any size to the size a network takes: one way, the same in training and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE
from labelprep.pixels.decoding import Box, decode
from labelprep.pixels.jpegs import decode_to_seven_eighths, read_jpeg_header
from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.proxies import KEPT_FOR_RESIZING, PROXY_SIZE, proxy_of

Fit = Literal["crop", "pad", "stretch"]
Pixels = npt.NDArray[np.uint8]

REDUCING: Final = Image.Resampling.HAMMING
"""As sharp as bicubic where it reduces, at two thirds of its cost; Pillow widens it, so it does not alias."""
ENLARGING: Final = Image.Resampling.BICUBIC
"""Where either side grows."""
PAD_GREY: Final = 0
"""Padding is black."""


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """What one row of pixels looks like: (height, width, channels) uint8, and how pictures were fitted."""

    height: int
    width: int
    channels: int
    fit: Fit = "crop"

    @property
    def row_bytes(self) -> int:
        """Return the size of a row."""
        return self.height * self.width * self.channels


def needs_original(size: tuple[int, int] | int, proxy_size: int = PROXY_SIZE) -> bool:
    """Say whether a wanted size (height, width) is larger than proxies are: then the original is decoded."""
    return max(size_hw(size)) > proxy_size


def size_hw(size: tuple[int, int] | int) -> tuple[int, int]:
    """Return (height, width) of a size given as a pair or as one side of a square."""
    return (size, size) if isinstance(size, int) else size


def fitted(
    picture: Image.Image,
    size: tuple[int, int] | int,
    channels: int,
    fit: Fit = "crop",
    box: Box | None = None,
) -> Pixels:
    """Return the picture as (height, width, channels) uint8.

    ``crop``: short side to size, centre kept. ``pad``: long side to size, centred on black. ``stretch``: both
    sides to size. ``box``: the part of the picture to take, as ``Decoded`` has it. Antialiased.
    """
    height, width = size_hw(size)
    wanted = "L" if channels == 1 else "RGB"
    left, top, right, bottom = box or (0.0, 0.0, float(picture.width), float(picture.height))
    if fit == "crop":
        left, top, right, bottom = _centre((left, top, right, bottom), width / height)
    inner = (width, height)
    if fit == "pad":
        share = min(width / (right - left), height / (bottom - top))
        inner = (
            min(max(round((right - left) * share), 1), width),
            min(max(round((bottom - top) * share), 1), height),
        )
    if picture.mode != wanted and picture.mode == "RGB":
        picture = picture.convert(wanted)
    whole = (left, top, right, bottom) == (0.0, 0.0, *picture.size)
    if inner != picture.size or not whole:
        reduces = inner[0] <= right - left and inner[1] <= bottom - top
        way = REDUCING if reduces else ENLARGING
        picture = picture.resize(inner, way, box=(left, top, right, bottom))
    pixels = np.asarray(picture)
    if pixels.ndim == 2:  # noqa: PLR2004 - grey
        pixels = np.repeat(pixels[:, :, None], channels, axis=2)
    if inner == (width, height):
        return pixels
    ground = np.full((height, width, channels), PAD_GREY, dtype=np.uint8)
    above, before = (height - inner[1]) // 2, (width - inner[0]) // 2
    ground[above : above + inner[1], before : before + inner[0]] = pixels
    return ground


def _centre(box: Box, aspect: float) -> Box:
    """Return the largest part of a box, centred, whose width is ``aspect`` times its height."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if width > height * aspect:
        cut = (width - height * aspect) / 2
        return left + cut, top, right - cut, bottom
    cut = (height - width / aspect) / 2
    return left, top + cut, right, bottom - cut


def fitted_pixels(
    data: bytes,
    size: tuple[int, int] | int,
    channels: int,
    fit: Fit = "crop",
    pixel_limit: int = PIXEL_LIMIT,
) -> Pixels:
    """Decode a proxy, or an original where the size needs one, to (height, width, channels) uint8.

    Raises:
        PixelsError: the bytes cannot be decoded.

    """
    out = np.empty((*size_hw(size), channels), np.uint8)
    fit_into(out, data, fit, pixel_limit)
    return out


def fit_into(out: Pixels, data: bytes, fit: Fit = "crop", pixel_limit: int = PIXEL_LIMIT) -> None:
    """Decode a proxy, or an original where the size needs one, into ``(height, width, channels) uint8``.

    Raises:
        PixelsError: the bytes cannot be decoded.

    """
    if _is_seven_eighths(out, data, fit):
        return
    height, width, channels = out.shape
    at_least = int(max(height, width) * KEPT_FOR_RESIZING)
    decoded = decode(data, at_least=at_least, grey=channels == 1, pixel_limit=pixel_limit)
    if decoded.picture is None or decoded.status not in TRAINABLE:
        raise PixelsError(decoded.problem, fix="leave the file out or replace it")
    out[...] = fitted(decoded.picture, (height, width), channels, fit, decoded.box)


def _is_seven_eighths(out: Pixels, data: bytes, fit: Fit) -> bool:
    """Write the middle of a JPEG whose short side is 8/7 of a wanted square; tell whether it was one.

    A proxy of 256 pixels feeds a network of 224: the decoder itself reduces by 7/8, which saves the resize.
    """
    side, width, channels = out.shape
    if fit != "crop" or side != width or data[:2] != b"\xff\xd8":
        return False
    header = read_jpeg_header(data)
    if header is None or not header.is_ordinary or header.orientation != 1 or header.several:
        return False
    if min(header.width_px, header.height_px) * 7 != side * 8:
        return False
    try:
        pixels = decode_to_seven_eighths(data, header, grey=channels == 1)
    except ValueError:
        return False
    above, before = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    out[...] = pixels[above : above + side, before : before + side]
    return True


def original_pixels(
    data: bytes, size: tuple[int, int] | int, channels: int, fit: Fit = "crop", proxy_size: int = PROXY_SIZE
) -> Pixels:
    """Take a new file the very way of a scanned one: original, proxy, fitted pixels.

    Raises:
        PixelsError: the bytes cannot be decoded.

    """
    through = data if needs_original(size, proxy_size) else proxy_of(data, proxy_size)
    return fitted_pixels(through, size, channels, fit)
