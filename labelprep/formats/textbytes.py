"""One look over all bytes of a text file, in pieces: what it is, and whether an encoding fits it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from labelprep.errors import SourceError
from labelprep.formats.grids import explained_opening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 4096
LONGEST_LINE_BYTES = 16 << 20
SAMPLE_LINES = 2000
SAMPLE_BYTES = 1 << 18
ENOUGH_ZEROS = 0.2
FEW_ZEROS = 0.02

BOMS = {
    # UTF-32 first: its mark begins with that of UTF-16.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MAGIC = {
    b"PK\x03\x04": ("a zip archive, as Excel workbooks are", "rename it to .xlsx, or save it as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Office file", "rename it to .xls, or save it as CSV"),
    b"PAR1": ("a Parquet file", "rename it to .parquet"),
    b"%PDF": ("a PDF document", "export the table as CSV or XLSX"),
    b"\x89PNG": ("a PNG picture", "give the sheet that holds the labels"),
    b"\xff\xd8\xff": ("a JPEG picture", "give the sheet that holds the labels"),
    b"GIF8": ("a GIF picture", "give the sheet that holds the labels"),
    b"\x1f\x8b": ("packed with gzip", "unpack it first"),
    b"BZh": ("packed with bzip2", "unpack it first"),
    b"7z\xbc\xaf": ("packed with 7-Zip", "unpack it first"),
    b"Rar!": ("packed with RAR", "unpack it first"),
    b"SQLite format 3": ("an SQLite database", "export the table as CSV"),
    b"{\\rtf": ("a Rich Text document", "save it as plain text"),
}
HTML_STARTS = (b"<html", b"<!doctype html", b"<table", b"<head", b"<body", b"<meta")
XML_START = b"<?xml"


@dataclass(frozen=True, slots=True)
class TextBytes:
    """What one look over a file found.

    ``samples`` are lines that hold bytes beyond ASCII, each with its number; ``not_utf8`` is the line of the
    first byte that is not UTF-8, None where all are.
    """

    size_bytes: int
    bom: str | None
    zero_pattern: str | None
    has_nul: bool
    is_ascii: bool
    not_utf8: int | None
    samples: tuple[tuple[int, bytes], ...]


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def looked_over(source: Path) -> TextBytes:
    """Read a text file once.

    Raises: SourceError where it is no text, or empty.
    """
    with explained_opening(source), source.open("rb") as file:
        head = file.read(HEAD_BYTES)
        refuse_other_kinds(source, head)
        file.seek(0)
        size_bytes, has_nul, is_ascii = 0, False, True
        since_newline = 0
        for chunk in chunks(file):
            size_bytes += len(chunk)
            has_nul = has_nul or b"\0" in chunk
            is_ascii = is_ascii and chunk.isascii()
            since_newline = _refuse_long_lines(source, chunk, since_newline)
        if not size_bytes:
            raise SourceError("the file is empty", where=source.name, fix="save the table again")
        bom = next((name for mark, name in BOMS.items() if head.startswith(mark)), None)
        pattern = None if bom else _zero_pattern(head)
        not_utf8 = None if is_ascii or bom in {"utf-16", "utf-32"} else first_misfit(source, "utf-8")
        samples = () if is_ascii else tuple(_sampled(file))
    return TextBytes(size_bytes, bom, pattern, has_nul, is_ascii, not_utf8, samples)


def refuse_other_kinds(source: Path, head: bytes) -> None:
    """Raise: SourceError where the first bytes are of something that is no text table."""
    for magic, (kind, fix) in MAGIC.items():
        if head.startswith(magic):
            raise SourceError(
                f"the name says text, the bytes say that this is {kind}", where=source.name, fix=fix
            )
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower()
    if start.startswith(HTML_STARTS):
        raise SourceError(
            "this is HTML (a web page), not a spreadsheet",
            where=source.name,
            fix="open it in Excel or a browser and save it as .xlsx or CSV",
        )
    if start.startswith(XML_START):
        raise SourceError(
            "this is XML, not a table of text",
            where=source.name,
            fix="open it in Excel and save it as .xlsx",
        )


def _refuse_long_lines(source: Path, chunk: bytes, since_newline: int) -> int:
    """Return how many bytes have passed since the last line end."""
    last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
    since_newline = since_newline + len(chunk) if last < 0 else len(chunk) - last - 1
    if since_newline > LONGEST_LINE_BYTES:
        raise SourceError(
            f"it has a line of more than {LONGEST_LINE_BYTES >> 20} MB, so it is no table of rows",
            where=source.name,
            fix="give the sheet that holds the labels",
        )
    return since_newline


def _zero_pattern(head: bytes) -> str | None:
    """Return the UTF-16 that zero bytes at every other place tell of, where there is no mark."""
    half = len(head) // 2
    if half == 0:
        return None
    even, odd = head[0 : 2 * half : 2].count(0) / half, head[1 : 2 * half : 2].count(0) / half
    if even >= ENOUGH_ZEROS and odd <= FEW_ZEROS:
        return "utf-16-be"
    return "utf-16-le" if odd >= ENOUGH_ZEROS and even <= FEW_ZEROS else None


def _sampled(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the first lines with bytes beyond ASCII, up to a number of lines and bytes."""
    file.seek(0)
    lines = taken = 0
    for number, line in enumerate(file, 1):
        if line.isascii():
            continue
        yield number, line
        lines += 1
        taken += len(line)
        if lines >= SAMPLE_LINES or taken >= SAMPLE_BYTES:
            return


def first_misfit(source: Path, encoding: str) -> int | None:
    """Return the number of the first line that an encoding does not fit; None where it fits all."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with explained_opening(source), source.open("rb") as file:
        for chunk in chunks(file):
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeError as error:
                return line + _newlines_before(error, encoding)
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            return line
    return None


def _newlines_before(error: UnicodeError, encoding: str) -> int:
    """Count the line ends in what was decoded before a misfit."""
    if not isinstance(error, UnicodeDecodeError):
        return 0
    return error.object[: error.start].decode(encoding, "ignore").count("\n")


def utf8_lines_among_others(source: Path) -> tuple[int, int] | None:
    """Return a line that is surely UTF-8 and one that is not; None where the file does not mix the two.

    A character of three bytes or more makes a line sure: in other encodings such bytes are rare.
    """
    sure = other = 0
    with explained_opening(source), source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                other = other or number
            else:
                sure = sure or (number if max(text) > "\u07ff" else 0)
            if sure and other:
                return sure, other
    return None
