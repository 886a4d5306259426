"""Safe reading of XML in zip archives: sizes are looked at first, and no document type is ever expanded."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.parsers import expat

from labelprep.errors import SourceError, shown
from labelprep.formats.grids import explained_opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[[str, dict[str, str]], None]
    End = Callable[[str], None]
    Text = Callable[[str], None]

CHUNK_BYTES = 1 << 16
HARMLESS_BYTES = 64 << 20
SUSPICIOUS_RATIO = 100  # sheets of millions of equal cells reach 40
LARGEST_PART_BYTES = 4 << 30
LARGEST_PARTS = 10_000
ENCRYPTED = 0x1
ENCODINGS = frozenset({"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ISO-8859-1"})
DAMAGED = "the workbook is damaged or cut off"
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    expat.ExpatError,
    EOFError,
    NotImplementedError,
)
AGAIN = "copy or download it again, or open it in Excel and save it"


class RefusedXmlError(Exception):
    """XML that declares a document type: it could name other files, or grow without end."""


@contextmanager
def opened_zip(source: Path) -> Iterator[zipfile.ZipFile]:
    """Open a workbook's archive after a look at its sizes.

    Raises: SourceError, also for what goes wrong while it is read.
    """
    try:
        with explained_opening(source), zipfile.ZipFile(source) as archive:
            _refuse_bombs(source, archive)
            yield archive
    except RefusedXmlError as error:
        raise SourceError(
            "the workbook's XML declares a document type, which no spreadsheet program writes and which can "
            "hide an attack",
            where=source.name,
            fix="do not open it; ask for the table as CSV",
        ) from error
    except DAMAGES as error:
        raise SourceError(f"{DAMAGED} ({error})", where=source.name, fix=AGAIN) from error


def _refuse_bombs(source: Path, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & ENCRYPTED for part in parts):
        raise SourceError(
            "the workbook is protected by a password", where=source.name, fix="save a copy without one"
        )
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > LARGEST_PART_BYTES or (
            part.file_size > HARMLESS_BYTES and ratio > SUSPICIOUS_RATIO
        ):
            raise SourceError(
                f"its part {part.filename} would unpack from {part.compress_size:,} to {part.file_size:,} "
                "bytes: that is no sheet of labels",
                where=source.name,
                fix="save the table as CSV, or delete what is not needed",
            )
    if len(parts) > LARGEST_PARTS:
        raise SourceError(
            f"it holds {len(parts):,} parts: this is no workbook of labels", where=source.name, fix=AGAIN
        )


def has_part(archive: zipfile.ZipFile, name: str) -> bool:
    """Say whether an archive holds a part."""
    try:
        archive.getinfo(name)
    except KeyError:
        return False
    return True


def local(name: str) -> str:
    """Return an element's name without its prefix."""
    return name.rpartition(":")[2]


def new_parser(start: Start | None, end: End | None, text: Text | None) -> expat.XMLParserType:
    """Return a parser that refuses document types, and encodings that no spreadsheet program writes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    if start is not None:
        parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    return parser


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    # With others expat asks Python, whose errors are no ExpatError.
    if encoding is not None and encoding.upper() not in ENCODINGS:
        raise expat.ExpatError(f"unknown encoding {shown(encoding)}")


def _refuse(*_declaration: object) -> None:
    raise RefusedXmlError


def fed(parser: expat.XMLParserType, archive: zipfile.ZipFile, name: str) -> Iterator[None]:
    """Feed a part to a parser piece by piece; yields after each."""
    with archive.open(name) as part:
        while chunk := part.read(CHUNK_BYTES):
            parser.Parse(chunk, False)  # noqa: FBT003 - expat takes it by place
            yield
        parser.Parse(b"", True)  # noqa: FBT003 - the same
        yield


def elements(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the elements of a part with their attributes, prefixes taken off both."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        found.append((local(tag), {local(key): value for key, value in attributes.items()}))

    for _piece in fed(new_parser(start, None, None), archive, name):
        yield from found
        found.clear()
