"""VOC files for tests: documents to write, and a short way to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from format_reading import FormatReading, told
from labelprep.formats.voc import Voc

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.model.annotation import Annotation

__all__ = [
    "HEAD",
    "SIZE",
    "box",
    "document",
    "read",
    "record",
    "rejected",
    "shape",
    "thing",
    "told",
    "written",
]

HEAD = "<folder>photos</folder><filename>a.jpg</filename>"
SIZE = "<size><width>160</width><height>120</height><depth>3</depth></size>"


def box(*corners: object, name: str = "cat", more: str = "") -> str:
    """Return an object with a box of xmin, ymin, xmax, ymax; what stands in ``more`` comes after it."""
    sides = zip(("xmin", "ymin", "xmax", "ymax"), corners or (11, 11, 50, 60), strict=True)
    inside = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    return f"<object><name>{name}</name><bndbox>{inside}</bndbox>{more}</object>"


def thing(inside: str, *, name: str = "cat") -> str:
    """Return an object without a box."""
    return f"<object><name>{name}</name>{inside}</object>"


def document(*objects: str, head: str = HEAD, size: str = SIZE, root: str = "annotation") -> str:
    """Return the text of a file."""
    return f"<{root}>{head}{size}{''.join(objects)}</{root.split(maxsplit=1)[0]}>"


def written(folder: Path, *objects: str, name: str = "a.xml", **parts: str) -> Path:
    """Write a file and return its path."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document(*objects, **parts), encoding="utf-8")
    return file


_FORMAT = FormatReading(Voc())
read, record, rejected = _FORMAT.read, _FORMAT.record, _FORMAT.rejected


def shape(source: Path, **context: Any) -> Annotation:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one file with one shape."""
    (found,) = record(source, **context).annotations
    return found
