"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 512
TARGA_BYTES: Final = 18
TARGA_RESERVED: Final = 0x40

IMAGE_EXTENSIONS: Final[frozenset[str]] = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".jif",
        ".mpo",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".jp2",
        ".j2k",
        ".j2c",
        ".jpc",
        ".jpx",
        ".jpf",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".pfm",
        ".pam",
        ".ico",
        ".cur",
        ".tga",
        ".pcx",
        ".psd",
        ".qoi",
        ".jxl",
    }
)
"""Lower-case name endings of files that are meant to be images."""

EXTENSIONS_OF: Final[dict[str, frozenset[str]]] = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"}),
    "png": frozenset({".png", ".apng"}),
    "gif": frozenset({".gif"}),
    "webp": frozenset({".webp"}),
    "bmp": frozenset({".bmp", ".dib"}),
    "tiff": frozenset({".tif", ".tiff"}),
    "avif": frozenset({".avif", ".avifs", ".heif"}),
    "heic": frozenset({".heic", ".heif", ".hif"}),
    "jpeg2000": frozenset({".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"}),
    "ppm": frozenset({".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".pam"}),
    "ico": frozenset({".ico"}),
    "cur": frozenset({".cur"}),
    "tga": frozenset({".tga"}),
}
"""The name endings that fit a format; any other is told as an oddity."""

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\x89PNG", "mangled-png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\xff\x0a", "jpeg-xl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jpeg-xl"),
    (b"8BPS", "psd"),
    (b"qoif", "qoi"),
    (b"version https://git-lfs", "lfs-pointer"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x00\x05\x16\x07", "appledouble"),
    (b"\x1aE\xdf\xa3", "video"),
)

_BRANDS: Final[dict[bytes, str]] = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heic",
    b"heix": "heic",
    b"hevc": "heic",
    b"hevx": "heic",
    b"heim": "heic",
    b"heis": "heic",
    b"mif1": "heic",
    b"msf1": "heic",
}


def sniff(head: bytes) -> str | None:
    """Name the format of a file in lower case from its first ``HEAD_BYTES`` bytes, None where unknown.

    Names of images: jpeg png gif webp bmp tiff avif heic jpeg2000 ppm ico cur tga jpeg-xl psd qoi; of what is
    no picture that can be read: mangled-png html xml svg json text lfs-pointer pdf postscript zip gzip 7z rar
    appledouble video.
    """
    if head.startswith(b"\x00\x00\x02\x00") and any(head[4:6]):
        return "cur"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _sniff_boxes(head)
    if head[:1] == b"P" and head[1:2] in b"123456fFy7" and head[2:3] in b" \t\r\n#04":
        return "ppm"
    return "tga" if _is_targa(head) else _sniff_text(head)


def _is_targa(head: bytes) -> bool:
    """Say whether the 18 bytes of a Targa header hold together: the format has no magic number."""
    if len(head) < TARGA_BYTES or head[1] > 1 or head[2] not in {1, 2, 3, 9, 10, 11}:
        return False
    has_map = head[1] == 1
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return (
        has_map == (head[2] in {1, 9})
        and (has_map or not any(head[3:8]))
        and width > 0
        and height > 0
        and head[16] in {8, 15, 16, 24, 32}
        and head[17] < TARGA_RESERVED
    )


def _sniff_boxes(head: bytes) -> str:
    """Tell AVIF, HEIC and video apart by the brands of an ISO base media file."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    # "mif1" stands for any still picture: a more exact brand beside it wins.
    return "avif" if "avif" in known else known[0] if known else "video"


def _sniff_text(head: bytes) -> str | None:
    """Tell text that was saved under an image's name: a web page, an error in JSON, plain text."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = text[:256].lower()
    if not text or b"\x00" in head:
        return None
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "html"
    if b"<svg" in text:
        return "svg"
    if lower.startswith((b"<?xml", b"<")):
        return "html" if b"<html" in lower else "xml"
    if lower.startswith((b"{", b"[")):
        return "json"
    return "text" if _is_text(text) else None


def _is_text(text: bytes) -> bool:
    """Say whether bytes hold no control characters and decode as UTF-8, save for a cut last character."""
    if any(byte < ord(" ") and byte not in b"\t\r\n\f" for byte in text):
        return False
    try:
        text[: max(len(text) - 3, 0)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True
