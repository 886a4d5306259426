"""VOC files for tests: documents to write, and a short way to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext, Reading, Rejected
from labelprep.formats.voc import Voc
from labelprep.model.annotation import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.formats.base import Item
    from labelprep.model.annotation import Annotation

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


def read(
    source: Path,
    *,
    root: Path | None = None,
    is_image: Callable[[str], bool] = lambda _: True,
    classes: tuple[str, ...] = (),
    **options: object,
) -> tuple[list[Item], Reading]:
    """Read a source to its end."""
    around = root or (source if source.is_dir() else source.parent)
    reading = Voc().read(source, ReadContext(around, is_image, classes, dict(options)))
    return list(reading.items), reading


def record(source: Path, **context: Any) -> Record:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one good file."""
    (item,), _ = read(source, **context)
    assert isinstance(item, Record), item
    return item


def shape(source: Path, **context: Any) -> Annotation:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one file with one shape."""
    (found,) = record(source, **context).annotations
    return found


def rejected(source: Path, **context: Any) -> Rejected:  # noqa: ANN401 - as `read` takes it
    """Read a source that is one bad file."""
    (item,), _ = read(source, **context)
    assert isinstance(item, Rejected), item
    return item


def told(reading: Reading, *without: str) -> list[tuple[str, str, str]]:
    """Return code, place and problem of each issue, but for some codes."""
    return [(one.code, one.where, one.problem) for one in reading.issues if one.code not in without]
