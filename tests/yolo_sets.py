"""YOLO sets for tests: files to write, and a short way to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext, Reading, Rejected
from labelprep.formats.yolo import Yolo
from labelprep.model.annotation import Annotation, Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labelprep.formats.base import Item

SIZE = (200, 100)
NAMES = "cat\ndog\n"


def laid(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files; those whose names end as an image's are empty: readers only look at their names."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def read(
    source: Path,
    *,
    root: Path | None = None,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    classes: tuple[str, ...] = (),
    **options: object,
) -> tuple[list[Item], Reading]:
    """Read a source to its end. ``sizes`` are those of the images there are; else all are 200 × 100."""
    around = root or (source if source.is_dir() else source.parent)

    def size_of(name: str, _beside: str | None) -> tuple[int, int] | None:
        return SIZE if sizes is None else sizes.get(name)

    def is_image(name: str) -> bool:
        return sizes is None or name in sizes

    reading = Yolo().read(source, ReadContext(around, is_image, classes, dict(options), size_of))
    return list(reading.items), reading


def records(source: Path, **context: Any) -> dict[str, Record]:  # noqa: ANN401 - as `read` takes it
    """Read a source of which nothing is rejected; return its records by image."""
    items, _ = read(source, **context)
    found = [item for item in items if isinstance(item, Record)]
    assert len(found) == len(items), items
    return {item.image: item for item in found}


def shapes(text: str | bytes, folder: Path, **context: Any) -> tuple[Annotation, ...]:  # noqa: ANN401 - the same
    """Read one label file of an image of 200 × 100, with the classes cat and dog."""
    laid(folder, {"a.jpg": "", "a.txt": text, "classes.txt": NAMES})
    (record,) = records(folder, **context).values()
    return tuple(record.annotations)


def refused(text: str | bytes, folder: Path, **context: Any) -> Rejected:  # noqa: ANN401 - the same
    """Read one label file of which nothing can be taken."""
    laid(folder, {"a.jpg": "", "a.txt": text, "classes.txt": NAMES})
    (item,), _ = read(folder, **context)
    assert isinstance(item, Rejected), item
    return item


def told(reading: Reading) -> list[tuple[str, str, str]]:
    """Return code, place and problem of each issue."""
    return [(issue.code, issue.where, issue.problem) for issue in reading.issues]
