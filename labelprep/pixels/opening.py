"""The formats that are decoded, and the header checks before a picture is allocated.

Each file goes to the one Pillow plug-in its first bytes name: no plug-in that starts a program
(EPS, WMF) and none that guesses is ever asked.
"""

from __future__ import annotations

import importlib.util
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.CurImagePlugin import CurImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.IcoImagePlugin import IcoImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TgaImagePlugin import TgaImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from labelprep.model.images import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageFile import ImageFile

PIXEL_LIMIT: Final = 178_956_970
"""Pixels above which a picture is not decoded: the number at which Pillow itself refuses."""

_OPENERS: Final[dict[str, Callable[[BytesIO, str], ImageFile]]] = {
    "jpeg": jpeg_factory,
    "png": PngImageFile,
    "gif": GifImageFile,
    "webp": WebPImageFile,
    "bmp": BmpImageFile,
    "tiff": TiffImageFile,
    "avif": AvifImageFile,
    "jpeg2000": Jpeg2KImageFile,
    "ppm": PpmImageFile,
    "ico": IcoImageFile,
    "cur": CurImageFile,
    "tga": TgaImageFile,
}

_STRANGERS: Final[dict[str | None, tuple[Status, str]]] = {
    None: (Status.CORRUPT, "no image format known: its first bytes fit none"),
    "mangled-png": (Status.CORRUPT, "a PNG changed by a transfer in text mode: copy it again in binary mode"),
    "html": (Status.CORRUPT, "an HTML page, not an image: download the image again"),
    "xml": (Status.CORRUPT, "an XML text, not an image"),
    "json": (Status.CORRUPT, "a JSON text, not an image: download the image again"),
    "text": (Status.CORRUPT, "a text, not an image"),
    "lfs-pointer": (Status.CORRUPT, "a Git LFS pointer, not the image: run git lfs pull"),
    "zip": (Status.CORRUPT, "a ZIP archive, not an image: unpack it"),
    "gzip": (Status.CORRUPT, "a gzip archive, not an image: unpack it"),
    "7z": (Status.CORRUPT, "a 7-Zip archive, not an image: unpack it"),
    "rar": (Status.CORRUPT, "a RAR archive, not an image: unpack it"),
    "appledouble": (Status.CORRUPT, "the side file of a Mac copy, not an image"),
    "svg": (Status.UNSUPPORTED, "an SVG drawing: convert it to PNG"),
    "pdf": (Status.UNSUPPORTED, "a PDF document: convert its pages to PNG"),
    "postscript": (Status.UNSUPPORTED, "a PostScript file: convert it to PNG"),
    "psd": (Status.UNSUPPORTED, "a Photoshop file: export it as PNG"),
    "qoi": (Status.UNSUPPORTED, "a QOI image: convert it to PNG"),
    "jpeg-xl": (Status.UNSUPPORTED, "a JPEG XL image: convert it to JPEG or PNG"),
    "video": (Status.UNSUPPORTED, "a video: extract its frames as images"),
}


_PLAIN_WORDS: Final = {
    "not identified by this driver": "its header makes no sense",
    "broken data stream when reading image file": "its picture data is broken",
    "unrecognized data stream contents when reading image file": "its picture data is broken",
    "cannot load this image": "it holds no picture data",
}
_NOT_DECODED: Final = ("unsupported", "unknown", "cannot handle")


class Refused(Exception):  # noqa: N818 - the outcome of one file, turned into a value by decode
    """A picture that is not decoded, with the status and the reason in one sentence."""

    def __init__(self, status: Status, problem: str) -> None:
        """Keep both for the value that is made of it."""
        super().__init__(problem)
        self.status = status
        self.problem = problem


def open_picture(name: str | None, data: bytes, pixel_limit: int) -> ImageFile:
    """Read the header of a file whose format was sniffed as ``name``; no pixel is decoded yet.

    Raises:
        Refused: no image, a format that is not decoded, a broken header, or too many pixels.

    """
    if name == "heic":
        return check_size(_open_heic(data, pixel_limit), pixel_limit)
    opener = _OPENERS.get(name or "")
    if opener is None:
        raise stranger(name, data)
    if name == "webp":
        # The plug-in allocates the canvas while it opens.
        check_pixels(*_webp_size(data), pixel_limit)
    try:
        image = opener(BytesIO(data), "")
    except Exception as error:  # plug-ins raise whatever their parsing trips over
        raise refusal(error, name or "") from error
    return check_size(image, pixel_limit)


def stranger(name: str | None, data: bytes) -> Refused:
    """Say what a file is that is not decoded."""
    if name is None and not data.strip(b"\x00"):
        return Refused(Status.CORRUPT, "nothing but zeros: the copy broke off")
    return Refused(*_STRANGERS[name])


def check_size(image: ImageFile, pixel_limit: int) -> ImageFile:
    """Return the image unless its header claims more pixels than allowed."""
    check_pixels(*image.size, pixel_limit)
    return image


def check_pixels(width_px: int, height_px: int, pixel_limit: int) -> None:
    """Refuse a claimed size before anything of that size is allocated."""
    if width_px * height_px > pixel_limit:
        raise Refused(
            Status.TOO_LARGE,
            f"{width_px} × {height_px} pixels are more than the limit of {pixel_limit:,} pixels",
        )


def refusal(error: Exception, name: str) -> Refused:
    """Translate what a plug-in raised into a status and a sentence."""
    if isinstance(error, Refused):
        return error
    kind = name.upper()
    text = _PLAIN_WORDS.get(str(error).strip(), str(error).strip()) or type(error).__name__
    lower = text.lower()
    status, problem = Status.CORRUPT, f"broken {kind}: {text}"
    if isinstance(error, MemoryError):
        status, problem = Status.TOO_LARGE, "decoding needs more memory than a worker may use"
    elif isinstance(error, Image.DecompressionBombError) or "decompressed data too large" in lower:
        status, problem = Status.TOO_LARGE, f"too much data for one image: {text}"
    elif "truncated" in lower:
        problem = f"truncated: the {kind} data ends early"
    elif lower.startswith("unpack"):
        problem = f"truncated: the {kind} header ends early"
    elif isinstance(error, NotImplementedError) or any(word in lower for word in _NOT_DECODED):
        status, problem = Status.UNSUPPORTED, f"a kind of {kind} that is not decoded: {text}"
    return Refused(status, problem)


def _open_heic(data: bytes, pixel_limit: int) -> ImageFile:
    """Open HEIC through pillow-heif where that extra is installed."""
    if importlib.util.find_spec("pillow_heif") is None:
        raise Refused(Status.UNSUPPORTED, "a HEIC image: pip install labelprep[heic]")
    from pillow_heif import HeifImageFile  # noqa: PLC0415 - an extra

    check_pixels(*_heic_size(data), pixel_limit)
    try:
        image: ImageFile = HeifImageFile(BytesIO(data), "")
    except Exception as error:  # as above
        raise refusal(error, "heic") from error
    return image


def _heic_size(data: bytes) -> tuple[int, int]:
    """Return the largest width and height that the file claims for any item, (0, 0) where it does not."""
    width, height, at = 0, 0, data.find(b"ispe")
    while at >= 0:
        width = max(width, int.from_bytes(data[at + 8 : at + 12], "big"))
        height = max(height, int.from_bytes(data[at + 12 : at + 16], "big"))
        at = data.find(b"ispe", at + 4, 1 << 20)
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return the canvas that a WebP header claims, (0, 0) where there is none.

    Source: WebP Container Specification; RFC 6386 section 9.1; WebP Lossless Bitstream section 3.
    """
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
