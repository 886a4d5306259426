"""Write the labels of ``sample_data/`` as people keep them: a GB18030 CSV, a workbook, LabelMe files.

All three speak of the same pictures, and every run writes the same bytes. The workbook is put together by
hand for that: a library would put the time and its version into it, and another zlib would pack it otherwise.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

REMARKS = {"cup": "一只杯子", "fish": "一条鱼", "house": "一座房子", "leaf": "一片树叶", "star": "一颗星星"}
LONG_AGO = (1980, 1, 1, 0, 0, 0)
UNIX = 3
LEAST_STEP_PX = 4.0
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@dataclass(frozen=True)
class Labelled:
    """A picture of the set: its kind, its file name, its side, and the outline of the thing in pixels."""

    kind: str
    file: str
    side_px: int
    outline: Sequence[tuple[float, float]]

    @property
    def stem(self) -> str:
        """The file name without its extension."""
        return self.file.rpartition(".")[0]


def write_csv(target: Path, pictures: Iterable[Labelled]) -> None:
    """Write the sheet that Excel saves on a Chinese Windows: GB18030, commas, Windows line ends."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("文件名", "类别", "备注"))
    writer.writerows((item.file, item.kind, REMARKS[item.kind]) for item in pictures)
    target.write_bytes(text.getvalue().encode("gb18030"))


def write_workbook(target: Path, pictures: Iterable[Labelled]) -> None:
    """Write a workbook with a title above its header, and names without their extension."""
    rows = [("Drawn things, five kinds of them",), (), ("photo", "class")]
    rows += [(item.stem, item.kind) for item in pictures]
    lines = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{column}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for column, text in zip("AB", row, strict=False)
        )
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Photos" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system = UNIX
            archive.writestr(entry, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>'
    )


def write_labelme(folder: Path, pictures: Iterable[Labelled]) -> None:
    """Write a LabelMe file for each picture, apart from the pictures: one polygon, no picture inside."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in pictures:
        document: dict[str, object] = {
            "version": "5.5.0",
            "flags": {},
            "shapes": [
                {
                    "label": item.kind,
                    "points": [list(point) for point in item.outline],
                    "group_id": None,
                    "description": "",
                    "shape_type": "polygon",
                    "flags": {},
                }
            ],
            "imagePath": f"../photos/{item.kind}/{item.file}",
            "imageData": None,
            "imageHeight": item.side_px,
            "imageWidth": item.side_px,
        }
        (folder / f"{item.stem}.json").write_bytes(json.dumps(document, indent=1).encode("ascii") + b"\n")


def outline_of(points: Iterable[tuple[float, float]], side_px: int) -> list[tuple[float, float]]:
    """Return the convex outline of points, inside the picture, in tenths of a pixel, without tiny steps."""
    inside = {(round(min(max(x, 0), side_px), 1), round(min(max(y, 0), side_px), 1)) for x, y in points}
    ordered = sorted(inside)
    outline: list[tuple[float, float]] = []
    for point in [*_half(ordered)[:-1], *_half(ordered[::-1])[:-1]]:
        if not outline or _distance_px(outline[-1], point) >= LEAST_STEP_PX:
            outline.append(point)
    return outline


def _half(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return one half of the convex hull of sorted points (Andrew's monotone chain)."""
    half: list[tuple[float, float]] = []
    for point in points:
        while len(half) > 1 and _turn(half[-2], half[-1], point) <= 0:
            half.pop()
        half.append(point)
    return half


def _turn(one: tuple[float, float], two: tuple[float, float], three: tuple[float, float]) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def _distance_px(one: tuple[float, float], two: tuple[float, float]) -> float:
    return float(((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5)
