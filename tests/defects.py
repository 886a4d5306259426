"""A drawn set of pictures and labels, and forty-odd kinds of defects to plant into it.

::

    imgs/train|test/horse|sheep|zebra/00.jpg …   84 photos, six of them with a LabelMe file beside
    sheet.csv                                    file,label,group: what the folders say, for some of them

Each defect is planted by a function that writes files below the folder, and must be reported by its code, at
its place, with its words.
"""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLASSES: Final = ("horse", "sheep", "zebra")
SPLITS: Final = {"train": 16, "test": 12}
SIZE_WH: Final = (160, 120)
SHEET_HEAD: Final = ("file", "label", "group")
LONG: Final = "n" * 120


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of defect: where it is planted, how, and the code that must report it there in these words."""

    name: str
    code: str
    where: str
    plant: Callable[[Path], object]
    says: str = ""


def photo(seed: int, size_wh: tuple[int, int] = SIZE_WH) -> Image.Image:
    """Draw a picture with detail of all sizes, as photos have; equal seeds give equal pictures."""
    random = np.random.default_rng(seed)
    width, height = size_wh
    layers = np.full((height, width, 3), 120.0)
    for cell, strength in ((40, 38), (12, 22), (4, 14), (2, 9)):
        grid = random.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(grid[..., channel]).resize(size_wh, Image.Resampling.BICUBIC)
            layers[..., channel] += np.asarray(layer)
    return Image.fromarray(np.clip(layers, 0, 255).astype(np.uint8))


def clean(folder: Path) -> None:
    """Write the set without a defect."""
    seed = 0
    rows = []
    for split, number in SPLITS.items():
        for name in CLASSES:
            (folder / "imgs" / split / name).mkdir(parents=True)
            for at in range(number):
                seed += 1
                path = f"{split}/{name}/{at:02}.jpg"
                photo(seed).save(folder / "imgs" / path, quality=92)
                rows.append((path, name, f"{split}-{name}-{at // 2}"))
    with (folder / "sheet.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([SHEET_HEAD, *rows[::7]])
    for at in range(6):
        shapes(folder, f"train/zebra/{at:02}", box(20, 20, 70, 80), ring((90, 30), (130, 40), (110, 90)))


def save(place: str, picture: Callable[[], Image.Image], **options: Any) -> Callable[[Path], object]:  # noqa: ANN401 - Pillow's own options
    """Return what writes a picture."""
    return lambda folder: picture().save(folder / "imgs" / place, **options)


def put(place: str, data: Callable[[], bytes]) -> Callable[[Path], object]:
    """Return what writes bytes."""
    return lambda folder: (folder / "imgs" / place).write_bytes(data())


def row(path: str, label: str, group: str = "", *, sheet: str = "sheet.csv", seed: int = 0) -> Any:  # noqa: ANN401 - a planter
    """Return what adds a row to a sheet and, with a seed, draws its picture."""

    def plant(folder: Path) -> None:
        if seed:
            photo(seed).save(folder / "imgs" / path, quality=92)
        new = not (folder / sheet).exists()
        with (folder / sheet).open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([*([SHEET_HEAD] if new else []), (path, label, group)])

    return plant


def box(left: float, top: float, right: float, bottom: float, label: str = "zebra") -> dict[str, Any]:
    """Return a rectangle of LabelMe."""
    points = [[left, top], [right, bottom]]
    return {"label": label, "points": points, "shape_type": "rectangle", "group_id": None, "flags": {}}


def ring(*points: tuple[float, float], label: str = "zebra") -> dict[str, Any]:
    """Return a polygon of LabelMe."""
    corners = [list(point) for point in points]
    return {"label": label, "points": corners, "shape_type": "polygon", "group_id": None, "flags": {}}


def shapes(folder: Path, stem: str, *drawn: dict[str, Any]) -> None:
    """Write the LabelMe file of a picture."""
    values: dict[str, Any] = {
        "version": "5.5.0",
        "flags": {},
        "shapes": drawn,
        "imagePath": f"{stem.rpartition('/')[2]}.jpg",
        "imageData": None,
        "imageHeight": SIZE_WH[1],
        "imageWidth": SIZE_WH[0],
    }
    (folder / "imgs" / f"{stem}.json").write_text(json.dumps(values), encoding="utf-8")


def shaped(at: int, *drawn: dict[str, Any]) -> Callable[[Path], object]:
    """Return what gives one of the pictures of sheep these shapes."""
    return lambda folder: shapes(folder, f"train/sheep/{at:02}", *drawn)


def jpeg(seed: int) -> bytes:
    """Return a photo as bytes."""
    file = io.BytesIO()
    photo(seed).save(file, "JPEG", quality=92)
    return file.getvalue()


def bomb() -> bytes:
    """Return a PNG of a few bytes whose header claims 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def overlong(seed: int) -> bytes:
    """Return a JPEG with bytes of something else before its end."""
    data = jpeg(seed)
    return data[:-2] + b"\x5a" * 94 + data[-2:]


def placeholder() -> Image.Image:
    """Return what web sites show in place of a picture that is gone."""
    picture = Image.new("RGB", SIZE_WH, (244, 244, 244))
    ImageDraw.Draw(picture).text((30, 50), "IMAGE NOT FOUND", fill=(90, 90, 90))
    return picture


def mask() -> Image.Image:
    """Return a mask of class numbers."""
    picture = Image.new("P", SIZE_WH, 0)
    picture.putpalette([0, 0, 0, 250, 40, 40])
    ImageDraw.Draw(picture).ellipse((40, 30, 120, 90), fill=1)
    return picture


def turned() -> bytes:
    """Return a photo that EXIF turns."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    photo(906).save(file, "JPEG", exif=exif, quality=92)
    return file.getvalue()


def toned(seed: int, scale: float, offset: float) -> Image.Image:
    """Return a photo with all greys moved."""
    return photo(seed).point(lambda grey: round(grey * scale + offset))


def larger(folder: Path) -> None:
    """Draw the pictures of the test split larger, as another camera would."""
    for number, path in enumerate(sorted((folder / "imgs/test").rglob("*.jpg"))):
        photo(2_000 + number, (320, 240)).save(path, quality=92)


def copied(source: str, target: str) -> Callable[[Path], object]:
    """Return what copies a file."""
    return lambda folder: (folder / "imgs" / target).write_bytes((folder / "imgs" / source).read_bytes())


def in_two_forms(folder: Path) -> None:
    """Write two files whose names differ in their Unicode form only."""
    for number, name in enumerate(("caf\u00e9.jpg", "cafe\u0301.jpg")):
        photo(960 + number).save(folder / "imgs/train/horse" / name, quality=92)


def without_utf8(folder: Path) -> None:
    """Write a file whose name is Latin-1."""
    with open(os.fsencode(folder / "imgs/train/horse") + b"/na\xefve.jpg", "wb") as file:  # noqa: PTH123 - no UTF-8
        file.write(jpeg(953))


T: Final = "train/horse/"
FILES: Final = (
    Defect("zero bytes", "LP101", f"{T}empty.jpg", put(f"{T}empty.jpg", bytes)),
    Defect("cut off", "LP101", f"{T}cut.jpg", put(f"{T}cut.jpg", lambda: jpeg(901)[:4000])),
    Defect(
        "web page named as a photo",
        "LP101",
        f"{T}page.jpg",
        put(f"{T}page.jpg", lambda: b"<!DOCTYPE html><html><body>404</body></html>"),
    ),
    Defect(
        "pointer of Git LFS",
        "LP101",
        f"{T}pointer.jpg",
        put(
            f"{T}pointer.jpg",
            lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
        ),
    ),
    Defect("alien bytes inside", "LP102", f"{T}alien.jpg", put(f"{T}alien.jpg", lambda: overlong(902))),
    Defect(
        "drawing, not a picture",
        "LP103",
        f"{T}drawing.png",
        put(f"{T}drawing.png", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ),
    Defect("bomb", "LP104", f"{T}bomb.png", put(f"{T}bomb.png", bomb)),
    Defect("wrong extension", "LP105", f"{T}png.jpg", save(f"{T}png.jpg", lambda: photo(903), format="PNG")),
    Defect("inks", "LP105", f"{T}inks.jpg", save(f"{T}inks.jpg", lambda: photo(904).convert("CMYK")), "CMYK"),
    Defect(
        "alpha",
        "LP105",
        f"{T}alpha.png",
        save(f"{T}alpha.png", lambda: Image.merge("RGBA", (*photo(905).split(), photo(4).convert("L")))),
        "transparent",
    ),
    Defect("turned by EXIF", "LP105", f"{T}turned.jpg", put(f"{T}turned.jpg", turned), "orientation 6"),
    Defect(
        "animated",
        "LP105",
        f"{T}moving.gif",
        save(f"{T}moving.gif", lambda: photo(907), save_all=True, append_images=[photo(908)]),
        "2 frames",
    ),
)
PICTURES: Final = (
    Defect("dark", "LP114", f"{T}dark.jpg", save(f"{T}dark.jpg", lambda: toned(910, 0.12, 0))),
    Defect("bright", "LP115", f"{T}bright.jpg", save(f"{T}bright.jpg", lambda: toned(911, 0.25, 185))),
    Defect(
        "blurred",
        "LP116",
        f"{T}blurred.jpg",
        save(f"{T}blurred.jpg", lambda: photo(912).filter(ImageFilter.GaussianBlur(4)), quality=92),
    ),
    Defect(
        "one colour", "LP117", f"{T}plain.jpg", save(f"{T}plain.jpg", lambda: Image.new("RGB", SIZE_WH, 128))
    ),
    Defect("odd shape", "LP113", f"{T}long.jpg", save(f"{T}long.jpg", lambda: photo(914, (400, 60)))),
    Defect("a few pixels", "LP112", f"{T}dot.png", save(f"{T}dot.png", lambda: photo(915, (5, 4)))),
    Defect("placeholder", "LP118", f"{T}gone.jpg", save(f"{T}gone.jpg", placeholder)),
    Defect("grey", "LP119", f"{T}grey.jpg", save(f"{T}grey.jpg", lambda: photo(916).convert("L"))),
    Defect("mask", "LP121", f"{T}03_mask.png", save(f"{T}03_mask.png", mask), f"mask of {T}03.jpg"),
    Defect("mask by its looks", "LP121", f"{T}m.png", save(f"{T}m.png", mask)),
    Defect("thumbnail", "LP122", f"{T}thumb.jpg", save(f"{T}thumb.jpg", lambda: photo(917, (32, 24)))),
)
LABELS: Final = (
    Defect("no label", "LP237", "train/loose.jpg", save("train/loose.jpg", lambda: photo(920))),
    Defect("one file, two labels", "LP238", f"{T}01.jpg", copied(f"{T}01.jpg", "train/sheep/copy.jpg")),
    Defect(
        "folder against sheet", "LP239", f"{T}04.jpg", row(f"{T}04.jpg", "sheep"), "the folder says horse"
    ),
    Defect("row without image", "LP256", "sheet.csv", row(f"{T}nowhere.jpg", "horse"), "1 of"),
    Defect(
        "two sheets disagree",
        "LP203",
        f"{T}05.jpg",
        lambda folder: (
            row(f"{T}05.jpg", "sheep")(folder),
            row(f"{T}05.jpg", "zebra", sheet="other.csv")(folder),
        ),
    ),
    Defect("slip", "LP302", "classes", row("train/s.jpg", "hosre", seed=931), "'hosre'"),
    Defect("case twins", "LP301", "classes", row("train/t.jpg", "Sheep", seed=932), "'Sheep'"),
    Defect("look-alike letters", "LP308", "classes", row("train/l.jpg", "zebr\u0430", seed=933), "zebr"),
    Defect("class of one image", "LP304", "okapi", row("train/o.jpg", "okapi", seed=934)),
    Defect("imbalance", "LP305", "classes", row("train/o2.jpg", "gnu", seed=935), "to 1"),
)
SPLIT: Final = (
    Defect(
        "near duplicate in two splits",
        "LP402",
        "test/zebra/00.jpg",
        save("train/zebra/near.jpg", lambda: photo(2_024, (320, 240)).resize((200, 150)), quality=60),
    ),
    Defect(
        "class that a split lacks",
        "LP404",
        "lynx",
        lambda folder: [row(f"train/x{at}.jpg", "lynx", seed=940 + at)(folder) for at in range(3)],
    ),
    Defect(
        "equal files in two splits",
        "LP401",
        "test/horse/copy.jpg",
        copied(f"{T}02.jpg", "test/horse/copy.jpg"),
    ),
    Defect(
        "group in two splits",
        "LP403",
        "test/zebra/03.jpg",
        lambda folder: [
            row(path, "zebra", "herd")(folder) for path in ("train/zebra/09.jpg", "test/zebra/03.jpg")
        ],
    ),
    Defect("another size in test", "LP406", "test", larger),
)
SHAPES: Final = (
    Defect("outside", "LP501", "train/sheep/00.jpg: shapes[0]", shaped(0, box(100, 20, 400, 80, "sheep"))),
    Defect("twice", "LP503", "train/sheep/01.jpg: shapes[1]", shaped(1, *[box(9, 9, 60, 60, "sheep")] * 2)),
    Defect(
        "one shape, two classes",
        "LP504",
        "train/sheep/02.jpg: shapes[1]",
        shaped(2, box(9, 9, 60, 60, "sheep"), box(9, 9, 60, 60, "horse")),
    ),
    Defect(
        "self-crossing",
        "LP505",
        "train/sheep/03.jpg: shapes[0]",
        shaped(3, ring((10, 10), (80, 80), (80, 10), (10, 90), label="sheep")),
    ),
    Defect("huge", "LP506", "train/sheep/04.jpg: shapes[0]", shaped(4, box(0, 0, *SIZE_WH, "sheep"))),
    Defect("tiny", "LP507", "train/sheep/05.jpg: shapes[0]", shaped(5, box(30, 30, 31.5, 32, "sheep"))),
    Defect("unknown word", "LP511", "classes", shaped(6, box(30, 30, 80, 80, "sheeep")), "'sheeep'"),
)
NAMES: Final = (
    Defect("not UTF-8", "LP601", f"{T}na\\xefve.jpg", without_utf8),
    Defect("Unicode forms", "LP603", f"{T}cafe\u0301.jpg", in_two_forms, "differs only"),
    Defect("reserved", "LP602", f"{T}aux.jpg", save(f"{T}aux.jpg", lambda: photo(951)), "reserved"),
    Defect(
        "too long",
        "LP604",
        f"{T}{LONG}{LONG}.jpg",
        save(f"{T}{LONG}{LONG}.jpg", lambda: photo(952)),
    ),
)
DEFECTS: Final = (*FILES, *PICTURES, *LABELS, *SPLIT, *SHAPES, *NAMES)


def planted(folder: Path) -> None:
    """Write the set with all defects; what draws over others comes first."""
    clean(folder)
    for defect in sorted(DEFECTS, key=lambda defect: defect.plant is not larger):
        defect.plant(folder)
