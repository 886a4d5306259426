"""Label sources broken at random: sheets of every kind and LabelMe files with bytes changed, cut, doubled."""

from __future__ import annotations

import io
import json
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from labelme_documents import document, shape
from table_files import biff2, ods_table, opendocument, workbook

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

EVERY_SHAPE = Path(__file__).parent / "fixtures" / "labelme" / "every_shape.json"
ROWS = [["file", "label", "split"], ["a.jpg", "cat", "train"], ["b.jpg", "狗", "val"], ["c.jpg", "1", ""]]
ZIPPED = (".xlsx", ".ods")
SHEET_PIECES = (b'"', b"\0", b",", b"\n", b"\xff", b"</row>", b"&x;", b"\x1a", b"9" * 5000, b",,,,", b"'=")
JSON_PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"'", b"null", b"true", b"[" * 2000),
    *(b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xc3\xa8"),
    *(b"\\ud800", b'"imageData": "', b'"shapes"'),
)


def good_sheets(folder: Path) -> list[tuple[str, bytes]]:
    """Return small sheets of every kind, by name: a.jpg is a cat, b.jpg a 狗, c.jpg a 1."""
    text = "\n".join(",".join(row) for row in ROWS)
    lines = "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:])
    latin = [[cell.replace("狗", "dog") for cell in row] for row in ROWS]
    files = [workbook(folder, ROWS), opendocument(folder, ods_table(ROWS)), biff2(folder, latin)]
    if find_spec("pyarrow"):
        files.append(_parquet(folder, ROWS))
    return [
        ("labels.csv", text.encode()),
        ("labels.tsv", text.replace(",", "\t").encode("utf-16")),
        ("labels.txt", text.replace(",", "   ").replace("file   label", "文件名   标签").encode("gb18030")),
        ("labels.jsonl", lines.encode()),
        *((file.name, file.read_bytes()) for file in files),
    ]


def _parquet(folder: Path, rows: Sequence[Sequence[str]]) -> Path:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    place = folder / "labels.parquet"
    columns = zip(*rows[1:], strict=True)
    parquet.write_table(arrow.table(dict(zip(rows[0], map(list, columns), strict=True))), place)
    return place


def broken_sheet(name: str, data: bytes, chance: random.Random) -> bytes:
    """Return a sheet with some bytes changed; in a workbook mostly inside one of its parts, packed well."""
    if not name.endswith(ZIPPED) or chance.random() < 0.3:
        return changed(data, chance, SHEET_PIECES)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    target = chance.choice([part for part in parts if part.endswith((".xml", ".rels"))])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, changed(content, chance, SHEET_PIECES) if part == target else content)
    return packed.getvalue()


def broken_label_file(chance: random.Random) -> bytes:
    """Return a LabelMe file with some bytes changed: of all shape types, or with its picture inside."""
    embedded = json.dumps(document(shape(), imageData="aGk=" * 50)).encode()
    return changed(embedded if chance.random() < 0.3 else EVERY_SHAPE.read_bytes(), chance, JSON_PIECES)


def changed(data: bytes, chance: random.Random, pieces: Sequence[bytes]) -> bytes:
    """Return bytes with one to six places set to another value, cut, doubled or given a piece."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        start = chance.randrange(len(found) + 1)
        end = start + chance.choice((0, 1, 1, 5, 40, 100))
        match chance.randrange(4):
            case 0:
                found[start : start + 1] = bytes([chance.randrange(256)])
            case 1:
                del found[start:end]
            case 2:
                found[start:end] = found[start:end] * 2
            case _:
                found[start:end] = chance.choice(pieces)
    return bytes(found)
