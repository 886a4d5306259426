"""Label sources of every format, and how they are broken at random: bytes changed, cut, doubled."""

from __future__ import annotations

import io
import json
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from array_sources import every_form
from labelme_documents import document, shape
from labelprep.formats import WRITERS, writer
from labelprep.formats.base import Export, Outgoing
from labelprep.model.annotation import Annotation, Kind, Record
from pictures import draw
from table_files import biff2, ods_table, opendocument, workbook

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from labelprep.formats.base import Writer

EVERY_SHAPE = Path(__file__).parent / "fixtures" / "labelme" / "every_shape.json"
ROWS = [["file", "label", "split"], ["a.jpg", "cat", "train"], ["b.jpg", "狗", "val"], ["c.jpg", "1", ""]]
ZIPPED = (".xlsx", ".ods")
SHEET_PIECES = (b'"', b"\0", b",", b"\n", b"\xff", b"</row>", b"&x;", b"\x1a", b"9" * 5000, b",,,,", b"'=")
JSON_PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"'", b"null", b"true", b"[" * 2000),
    *(b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xc3\xa8"),
    *(b"\\ud800", b'"imageData": "', b'"shapes"'),
)
XML_PIECES = (
    *(b"<", b">", b"&", b"&lt;", b"&x;", b"<!--", b"<![CDATA[", b"</object>", b"<object>", b"<bndbox/>"),
    *(b"<a>" * 2000, b"NaN", b"-1e999", b"9" * 5000, b"\xff", b"\x00", b"\xc3\xa8", b'encoding="gbk"'),
    *(b'<!DOCTYPE a [<!ENTITY x "y">]>', b"<xmin>"),
)
TEXT_PIECES = (
    *(b"", b"\0", b"\xff", b"-", b": ", b"- ", b"\n", b"[", b"{", b"'", b"&a", b"*a", b"!!int ", b"\t", b","),
    *(b"9" * 5000, b"1e999", b"nan", b"../", b"0 .5 .5 .1 .1"),
)
BINARY_PIECES = (b"\0", b"\xff\xff\xff\xff", b"R", b"c", b"\x93", b"b", b"PAR1", b"\x1f\x8b", b"(4, 5)")
PIECES = {
    ".json": JSON_PIECES,
    ".jsonl": JSON_PIECES,
    ".xml": XML_PIECES,
    ".csv": SHEET_PIECES,
    ".txt": TEXT_PIECES,
    ".yaml": TEXT_PIECES,
}
PICTURES = {".png"}
SIDE_PX = 40
# One of each kind, all inside a picture of that side; a writer takes those that its format holds.
SHAPES = (
    Annotation(Kind.CLASS, "cat"),
    Annotation(Kind.BOX, "cat", [1.0, 2.0, 20.0, 30.0]),
    Annotation(Kind.BOX, "狗", [3.0, 4.0, 9.0, 9.0], {"difficult": True, "group_id": 2}),
    Annotation(Kind.BOX, None, [3.0, 4.0, 9.0, 9.0]),
    Annotation(Kind.ROTATED_BOX, "cat", [[10.0, 5.0], [20.0, 15.0], [15.0, 20.0], [5.0, 10.0]]),
    Annotation(Kind.POLYGON, "狗", [[1.0, 1.0], [30.0, 5.0], [12.0, 30.0], [3.0, 20.0]]),
    Annotation(Kind.POLYLINE, "cat", [[1.0, 1.0], [30.0, 5.0]]),
    Annotation(Kind.POINTS, "cat", [[7.0, 8.0]]),
    Annotation(Kind.CIRCLE, "cat", [20.0, 20.0, 5.0]),
    Annotation(Kind.MASK, "狗", {"size_wh": [3, 2], "offset": [4, 5], "counts": [1, 3, 2]}),
)


def good_files(name: str, folder: Path) -> dict[Path, bytes]:
    """Write a good source of a format into a folder of its own; return the files to break, with their bytes.

    It is what the format's own writer makes of shapes of every kind; arrays have no writer. Pictures stay
    whole.
    """
    if name == "arrays":
        every_form(folder)
        # They would name the same pictures as set.npz, which is a question.
        (folder / "images.npy").unlink()
        (folder / "labels.npy").unlink()
    else:
        assert name in WRITERS, f"tests/broken_files.py needs a good source of {name}, which nothing writes"
        _written(name, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in PICTURES)
    return {path: path.read_bytes() for path in files}


def _written(name: str, folder: Path) -> None:
    made = writer(name)
    # Beside a label file that stands alone the originals themselves are its images.
    originals = folder if made.suffix else folder.with_name(f"{folder.name} originals")
    target = folder / f"labels{made.suffix}" if made.suffix else folder
    items = []
    for number, image in enumerate(("a.png", "b/c.png", "d.png")):
        file = draw(originals / image, number, size_wh=(SIDE_PX, SIDE_PX))
        items.append(_held(made, image, file, SHAPES if number < 2 else ()))
    made.write(Export(originals, ("cat", "狗"), lambda: iter(items)), target)


def _held(made: Writer, image: str, file: Path, annotations: Sequence[Annotation]) -> Outgoing:
    """Return one image with those annotations that a format holds."""

    def outgoing(*held: Annotation, split: str | None = None) -> Outgoing:
        labels = tuple(item.label for item in held if item.kind is Kind.CLASS and item.label)
        record = Record(image, "", held, split, size_wh=(SIDE_PX, SIDE_PX))
        return Outgoing(record, file, is_stated=True, labels=labels)

    kept = [item for item in annotations if not made.lost(outgoing(item))]
    split = None if made.lost(outgoing(*kept, split="train")) else "train"
    return outgoing(*kept, split=split)


def broken_file(name: str, data: bytes, chance: random.Random) -> bytes:
    """Return the bytes of a label file with some changed."""
    return changed(data, chance, PIECES.get(Path(name).suffix, BINARY_PIECES))


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
