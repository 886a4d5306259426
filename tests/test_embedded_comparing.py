"""Pictures inside LabelMe files are held against their images on request."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from labelme_documents import shape, written
from pictures import draw
from running import scan

if TYPE_CHECKING:
    from pathlib import Path

    from running import Command


def encoded(file: Path, file_format: str, *, size_wh: tuple[int, int] = (8, 8), level: int = 0) -> str:
    """Return the base64 of a picture, encoded anew, in another size or with its first channel raised."""
    buffer = BytesIO()
    with Image.open(file) as image:
        changed = image.convert("RGB").resize(size_wh).point(lambda value: min(value + level, 255))
    changed.save(buffer, file_format)
    return b64encode(buffer.getvalue()).decode()


def test_other_pixels_are_told_and_other_bytes_alone_are_not(work: Path, command: Command) -> None:
    photos = work / "photos"
    files = [draw(photos / f"{name}.png", number) for number, name in enumerate("abcd", 1)]
    scan(photos, work / "manifest.db", labels="none")
    pictures = {
        "a": b64encode(files[0].read_bytes()).decode(),
        "b": encoded(files[1], "BMP"),
        "c": encoded(files[2], "PNG", level=10),
        "d": encoded(files[3], "PNG", size_wh=(4, 8)),
    }
    box = shape(points=[[1, 1], [6, 1], [6, 6]])
    for name, data in pictures.items():
        size = {"imageWidth": None, "imageHeight": None}
        written(photos, box, name=f"{name}.json", imagePath=f"{name}.png", imageData=data, **size)

    plain = command("import", "photos", "--from", "labelme", "--json")
    ran = command("import", "photos", "--from", "labelme", "--compare-embedded", "--json")

    assert (plain.code, ran.code) == (0, 0)
    assert [issue for issue in plain.json["issues"] if issue["code"] == "LP275"] == []
    told = [(issue["where"], issue["problem"]) for issue in ran.json["issues"] if issue["code"] == "LP275"]
    assert told == [
        ("c.json", "the picture in imageData differs from 'c.png' by 10.0 of 255 in the mean"),
        ("d.json", "the picture in imageData is 4 × 8 pixels, 'd.png' is 8 × 8"),
    ]


def test_pictures_that_cannot_be_decoded_are_told_in_the_order_of_their_files(
    work: Path, command: Command
) -> None:
    photos = work / "photos"
    files = [draw(photos / f"{name}.png", number) for number, name in enumerate("ab", 1)]
    scan(photos, work / "manifest.db", labels="none")
    box = shape(points=[[1, 1], [6, 1], [6, 6]])
    for name, file in zip("ab", files, strict=True):
        broken = file.read_bytes()[:33] + b"\xff" * 40
        data = b64encode(broken).decode()
        size = {"imageWidth": None, "imageHeight": None}
        written(photos, box, name=f"{name}.json", imagePath=file.name, imageData=data, **size)

    ran = command("import", "photos", "--from", "labelme", "--compare-embedded", "--json")

    told = [(issue["where"], issue["problem"]) for issue in ran.json["issues"] if issue["code"] == "LP275"]
    problem = "the picture in imageData cannot be compared with '{}.png': one of them cannot be decoded"
    assert told == [(f"{name}.json", problem.format(name)) for name in "ab"]


def test_formats_without_pictures_are_refused(work: Path, command: Command) -> None:
    draw(work / "photos" / "a.png", 1)
    scan(work / "photos", work / "manifest.db", labels="none")
    (work / "sheet.csv").write_text("file,label\na.png,cat\n", encoding="utf-8")

    ran = command("import", "sheet.csv", "--compare-embedded")

    assert ran.code == 2
    assert "files hold no pictures" in ran.err
