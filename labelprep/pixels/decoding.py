"""One decoder for everything: what scan passes, training can read, and what a person sees the network sees.

An ordinary JPEG (8 bits, grey or three components) is decoded by libjpeg-turbo in strict mode; where
that complains, Pillow decides: it shows the picture and the file is ``damaged``, or it does not and the
file is ``corrupt``. Every other format is decoded by its Pillow plug-in, first frame on the full canvas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PIL import Image

from labelprep.model.images import Status
from labelprep.pixels.exif import NOTHING, PREFIX, Exif, read_exif
from labelprep.pixels.flattening import DEEP_MODES, WHITE, flattened, upright
from labelprep.pixels.jpegs import (
    JpegHeader,
    complaint_of,
    decode_strictly,
    read_jpeg_header,
    scale_for,
    strict_complaint,
)
from labelprep.pixels.opening import PIXEL_LIMIT, Refused, check_pixels, open_picture, refusal
from labelprep.pixels.pngs import is_deep_png, is_plain_png, png_damage
from labelprep.pixels.sniffing import HEAD_BYTES, sniff

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.ImageFile import ImageFile

DECODER_VERSION: Final = 1
"""Rises when the same bytes would give other pixels: arrays and proxies of another version are rebuilt."""

Box = tuple[float, float, float, float]

DARK: Final = 16
_TURNED: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Decoded:
    """The outcome for one file: a picture, or the status and reason why there is none.

    ``picture`` is mode L or RGB, upright, perhaps reduced; ``box`` (left, top, right, bottom) is the part of
    it that the original covers, in its own pixels (a reduced edge is rounded up). ``width_px`` and
    ``height_px`` are the original's, upright. ``mode`` is the stored one in Pillow's words. ``is_plain``:
    an upright, 8-bit, single picture without alpha, in baseline JPEG or PNG: it may be its own proxy.
    """

    status: Status
    problem: str = ""
    notes: tuple[str, ...] = ()
    format: str | None = None
    mode: str | None = None
    frames: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    exif_orientation: int = 1
    exif: Exif = NOTHING
    picture: Image.Image | None = None
    box: Box | None = None
    is_plain: bool = False


def decode(
    data: bytes,
    *,
    at_least: int | None = None,
    grey: bool = False,
    pixel_limit: int = PIXEL_LIMIT,
    header: JpegHeader | None = None,
) -> Decoded:
    """Decode the bytes of one file; what is wrong with it is part of the value, never an exception.

    ``at_least``: a JPEG may come out reduced by 2, 4 or 8 as long as its short side keeps so many pixels.
    ``grey``: the picture comes in mode L. ``header``: of a JPEG, where it has been read before.
    """
    if not data:
        return Decoded(Status.CORRUPT, "zero bytes: the file is empty")
    name = sniff(data[:HEAD_BYTES])
    try:
        if name == "jpeg":
            known = header or read_jpeg_header(data)
            return _decode_jpeg(data, known, at_least, pixel_limit, grey=grey)
        return _decode_other(name, data, pixel_limit, grey=grey)
    except Refused as refused:
        return Decoded(refused.status, refused.problem, format=name)
    except MemoryError as error:
        return Decoded(Status.TOO_LARGE, refusal(error, name or "").problem, format=name)


def _decode_jpeg(
    data: bytes, header: JpegHeader | None, at_least: int | None, pixel_limit: int, *, grey: bool
) -> Decoded:
    """Decode strictly where the header is ordinary; else, and after a complaint, Pillow shows what it can."""
    complaint = None
    if header is not None and header.is_ordinary:
        check_pixels(header.width_px, header.height_px, pixel_limit)
        scale = scale_for(header.width_px, header.height_px, at_least)
        try:
            pixels = decode_strictly(data, header, scale, grey=grey)
        except ValueError as error:
            complaint = complaint_of(error)
        else:
            stored = picture_of(pixels)
            frames = count_frames(open_picture("jpeg", data, pixel_limit)) if header.several else 1
            return _jpeg_result(header, stored, frames, scale)
    found = _decode_jpeg_leniently(data, at_least, pixel_limit, grey=grey)
    if found.status is Status.OK and (header is None or not header.is_ordinary):
        complaint = strict_complaint(data)
    if found.status is not Status.OK or complaint is None:
        return found
    return replace(
        found,
        status=Status.DAMAGED,
        problem=f"decodes, but its JPEG data is damaged: {complaint}",
        is_plain=False,
    )


def picture_of(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """Wrap (height, width, 1 or 3) uint8 as a picture; ``Image.fromarray`` would blacken it first."""
    height, width, channels = pixels.shape
    picture = Image.new("L" if channels == 1 else "RGB", (width, height), None)
    picture.frombytes(pixels)
    return picture


def _jpeg_result(header: JpegHeader, stored: Image.Image, frames: int, scale: int) -> Decoded:
    """Say of a strictly decoded JPEG what is to be known of it."""
    size = (header.width_px, header.height_px)
    width, height = upright_size(size, header.orientation)
    box = (0.0, 0.0, header.width_px / scale, header.height_px / scale)
    return Decoded(
        Status.OK,
        notes=_notes(frames, header.orientation),
        format="jpeg",
        mode="L" if header.components == 1 else "RGB",
        frames=frames,
        width_px=width,
        height_px=height,
        exif_orientation=header.orientation,
        exif=header.exif,
        picture=upright(stored, header.orientation),
        box=_upright_box(box, stored.size, header.orientation),
        is_plain=header.baseline and frames == 1 and header.orientation == 1,
    )


def _decode_jpeg_leniently(data: bytes, at_least: int | None, pixel_limit: int, *, grey: bool) -> Decoded:
    """Decode a JPEG through Pillow: CMYK, unusual sampling, or one that the strict decoder complains of."""
    image = open_picture("jpeg", data, pixel_limit)
    scale = scale_for(*image.size, at_least)
    size = image.size
    box: Box = (0.0, 0.0, *size)
    if scale > 1:
        drafted = image.draft(image.mode, (size[0] // scale, size[1] // scale))
        box = drafted[1] if drafted else box
    return _loaded("jpeg", data, image, (size, box), grey=grey)


def _decode_other(name: str | None, data: bytes, pixel_limit: int, *, grey: bool) -> Decoded:
    """Decode any other format through its Pillow plug-in."""
    image = open_picture(name, data, pixel_limit)
    if name == "png":
        damage = png_damage(data)
        if damage is not None:
            raise Refused(Status.CORRUPT, damage)
        if is_deep_png(data) and isinstance(image.info.get("transparency"), tuple):
            # Pillow keeps the high byte of each pixel, but all of the transparent colour.
            image.info["transparency"] = tuple(value >> 8 for value in image.info["transparency"])
    return _loaded(name or "", data, image, (image.size, (0.0, 0.0, *image.size)), grey=grey)


def _loaded(
    name: str, data: bytes, image: ImageFile, extent: tuple[tuple[int, int], Box], *, grey: bool
) -> Decoded:
    """Decode an opened picture and bring it upright, flat and to 8 bits; ``extent``: full size, box."""
    size, box = extent
    mode = image.mode
    orientation = _stated_orientation(name, image)
    try:
        frames = count_frames(image)
        image.seek(0)
        image.load()
        has_alpha = image.has_transparency_data
        picture = flattened(image)
    except Exception as error:  # plug-ins raise whatever their decoding trips over
        raise refusal(error, name) from error
    # TIFF comes out of load() upright; the others state EXIF only once all chunks are read.
    turn = 1 if name == "tiff" else _stated_orientation(name, image)
    orientation = orientation if name == "tiff" else turn
    if grey and picture.mode != "L":
        picture = picture.convert("L")
    standing = upright(picture, turn)
    oddities = (*_darkness(picture, mode), *_polarity(image))
    # A profile or a transparent colour would be written into the proxy and change what is read from it.
    standing.info = {}
    width, height = size if name == "tiff" else upright_size(size, turn)
    return Decoded(
        Status.OK,
        notes=(*_notes(frames, orientation, mode=mode, has_alpha=has_alpha), *oddities),
        format=name,
        mode=mode,
        frames=frames,
        width_px=width,
        height_px=height,
        exif_orientation=orientation,
        exif=_stated_exif(name, data, image),
        picture=standing,
        box=_upright_box(box, picture.size, turn),
        is_plain=name == "png" and is_plain_png(data) and not has_alpha and frames == 1 and orientation == 1,
    )


def count_frames(image: ImageFile) -> int:
    """Return how many frames or pages an opened picture has."""
    return int(getattr(image, "n_frames", 1))


def _stated_orientation(name: str, image: ImageFile) -> int:
    """Return the EXIF orientation 1-8 that an opened picture states."""
    if name == "tiff":
        stated = image.tag_v2.get(0x0112, 1)  # type: ignore[attr-defined]
        return stated if isinstance(stated, int) and 1 <= stated <= 8 else 1  # noqa: PLR2004 - EXIF's last
    return _stated_exif(name, b"", image).orientation


def _stated_exif(name: str, data: bytes, image: ImageFile) -> Exif:
    """Return what an opened picture states; a TIFF file is itself such a block."""
    stated = data if name == "tiff" else image.info.get("exif", b"")
    return read_exif(stated.removeprefix(PREFIX)) if isinstance(stated, bytes) else NOTHING


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return (width, height) as they are once the picture stands upright."""
    return (size[1], size[0]) if orientation in _TURNED else size


def _upright_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Turn and mirror a box with its picture; ``size`` is (width, height) before."""
    left, top, right, bottom = box
    if orientation in {2, 3, 7, 8}:
        left, right = size[0] - right, size[0] - left
    if orientation in {3, 4, 6, 7}:
        top, bottom = size[1] - bottom, size[1] - top
    return (top, left, bottom, right) if orientation in _TURNED else (left, top, right, bottom)


def _darkness(picture: Image.Image, mode: str) -> tuple[str, ...]:
    """Say where 16-bit values use so little of their range that nothing is left at 8 bits."""
    brightest = picture.getextrema()[1] if mode in DEEP_MODES and picture.mode == "L" else WHITE
    is_dark = isinstance(brightest, int | float) and brightest < DARK
    return (f"16-bit values under {DARK * 256}: almost black",) if is_dark else ()


def _polarity(image: ImageFile) -> tuple[str, ...]:
    """Say where programs disagree on which end of the inks is white: here it is Adobe's."""
    is_doubtful = image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
    return ("CMYK without Adobe's marker: colours may be inverted",) if is_doubtful else ()


def _notes(frames: int, orientation: int, *, mode: str = "RGB", has_alpha: bool = False) -> tuple[str, ...]:
    """Name what was done to a picture that a reader may not expect."""
    found = []
    if frames > 1:
        found.append(f"{frames} frames: only the first is used")
    if orientation != 1:
        found.append(f"EXIF orientation {orientation}: turned upright")
    if has_alpha:
        found.append("transparent: laid over white")
    if mode == "CMYK":
        found.append("CMYK: converted to RGB")
    if mode in DEEP_MODES or mode in {"I", "F"}:
        found.append(f"mode {mode}: scaled to 8 bits")
    return tuple(found)
