from __future__ import annotations

import pytest

from labelprep.pixels.sniffing import IMAGE_EXTENSIONS, sniff


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\x89PNG\n\x1a\n\x00", "mangled-png"),
        (b"GIF89a", "gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"BM\x00\x00", "bmp"),
        (b"II*\x00", "tiff"),
        (b"MM\x00*", "tiff"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", "avif"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "avif"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heic", "heic"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", "heic"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00mp41", "video"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
        (b"P6\n2 2\n255\n", "ppm"),
        (b"P5 2 2 255 ", "ppm"),
        (b"\x00\x00\x01\x00\x01\x00", "ico"),
        (b"\x00\x00\x02\x00\x01\x00", "cur"),
        (b"\x00\x00\x02" + bytes(9) + b"\x04\x00\x04\x00\x18\x20", "tga"),
        (b"<!DOCTYPE html><html>", "html"),
        (b"\xef\xbb\xbf\r\n<HTML><body>", "html"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "svg"),
        (b"<?xml version='1.0'?><Error/>", "xml"),
        (b'{"error": 404}', "json"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "lfs-pointer"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"not an image, just words", "text"),
        ("只是文字".encode()[:-1], "text"),
        (b"", None),
        (bytes(512), None),
        (b"\x01\x02\x03\x04", None),
    ],
)
def test_format_is_told_from_the_first_bytes(head: bytes, name: str | None) -> None:
    assert sniff(head) == name


def test_extensions_are_lower_case_with_a_dot() -> None:
    assert {".jpg", ".jfif", ".apng", ".dib", ".avif", ".heic", ".pgm", ".mpo"} <= IMAGE_EXTENSIONS
    assert all(ending == ending.lower() and ending.startswith(".") for ending in IMAGE_EXTENSIONS)
