"""Tables of labels made by tests, and what is read from them."""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl  # noqa: TID253 - tests write workbooks

from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.tables import Tables
from labelprep.model.annotation import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from labelprep.formats.base import Item, Reading
    from labelprep.model.issues import Issue

IMAGES = ("a.jpg", "b.jpg", "c.jpg", "007.jpg", "猫.jpg")
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"


def context(images: Collection[str] = IMAGES, **options: Any) -> ReadContext:  # noqa: ANN401 - as the command line
    """Return what a reader knows of a manifest with these images."""
    from pathlib import Path  # noqa: PLC0415 - the type alone is needed above

    return ReadContext(Path(), set(images).__contains__, (), options)


def opened(source: Path, images: Collection[str] = IMAGES, **options: Any) -> Reading:  # noqa: ANN401 - the same
    """Open a table."""
    return Tables().read(source, context(images, **options))


def read(
    source: Path,
    images: Collection[str] = IMAGES,
    **options: Any,  # noqa: ANN401 - as the command line
) -> tuple[list[Item], list[Issue]]:
    """Read a table to its end."""
    reading = opened(source, images, **options)
    return list(reading.items), reading.issues


def stated(items: Sequence[Item]) -> list[tuple[str, list[str | None]]]:
    """Return the image and the classes of each record."""
    return [
        (item.image, [annotation.label for annotation in item.annotations])
        for item in items
        if isinstance(item, Record)
    ]


def places(items: Sequence[Item]) -> list[str]:
    """Return the locators of the records."""
    return [item.locator for item in items if isinstance(item, Record)]


def rejected(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Return the reason and the place of each rejection."""
    return [(item.reason, item.issue.where) for item in items if isinstance(item, Rejected)]


def codes(issues: Sequence[Issue]) -> Counter[str]:
    """Return how often each code was told."""
    return Counter(str(issue.code) for issue in issues)


def text_file(folder: Path, text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    """Write a text file byte by byte."""
    source = folder / name
    source.write_bytes(text.encode(encoding))
    return source


def workbook(folder: Path, rows: Sequence[Sequence[Any]], name: str = "labels.xlsx") -> Path:
    """Write a workbook of one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet1"
    for row in rows:
        sheet.append(list(row))
    source = folder / name
    book.save(source)
    return source


def opendocument(folder: Path, table_xml: str, name: str = "labels.ods", styles: str = "") -> Path:
    """Write a spreadsheet whose tables are given as XML."""
    source = folder / name
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{OFFICE}" '
        f'xmlns:table="{TABLE}" xmlns:text="{TEXT}" xmlns:style="{STYLE}">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{table_xml}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return source


def ods_table(rows: Sequence[Sequence[str]], name: str = "Sheet1") -> str:
    """Return rows of texts as a table's XML, white space written as the format wants it."""
    lines = "".join(
        f"<table:table-row>{''.join(ods_cell(cell) for cell in row)}</table:table-row>" for row in rows
    )
    return f"<table:table table:name={quoteattr(name)}>{lines}</table:table>"


def ods_cell(text: str) -> str:
    """Return a cell of text."""
    if not text:
        return "<table:table-cell/>"
    inner = "".join(f"<text:p>{_ods_text(line)}</text:p>" for line in text.split("\n"))
    return f'<table:table-cell office:value-type="string">{inner}</table:table-cell>'


def ods_value(attributes: str, shown: str) -> str:
    """Return a cell of another kind: its attributes, and the text it is shown as."""
    return f"<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>"


def _ods_text(line: str) -> str:
    return escape(line).replace("\t", "<text:tab/>").replace(" ", '<text:s text:c="1"/>')


def biff2(folder: Path, rows: Sequence[Sequence[str | float]], name: str = "labels.xls") -> Path:
    """Write a workbook as Excel 2 did: a plain run of records."""
    data = struct.pack("<HHHH", 0x0009, 4, 2, 0x10)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HH3s", number, column, b"\0\0\0")
            if isinstance(value, str):
                text = value.encode("ascii")
                data += struct.pack("<HH", 0x0004, len(place) + 1 + len(text)) + place
                data += bytes([len(text)]) + text
            else:
                data += struct.pack("<HH", 0x0003, len(place) + 8) + place + struct.pack("<d", value)
    source = folder / name
    source.write_bytes(data + struct.pack("<HH", 0x000A, 0))
    return source
