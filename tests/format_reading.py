"""A short way to read the label files of one format in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelprep.formats.base import ReadContext, Reading, Rejected
from labelprep.model.annotation import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.formats.base import Item, Reader


class FormatReading:
    """Reads sources of one format."""

    def __init__(self, reader: Reader) -> None:
        """Take its reader."""
        self._reader = reader

    def read(
        self,
        source: Path,
        *,
        root: Path | None = None,
        is_image: Callable[[str], bool] = lambda _: True,
        classes: tuple[str, ...] = (),
        **options: object,
    ) -> tuple[list[Item], Reading]:
        """Read a source to its end."""
        around = root or (source if source.is_dir() else source.parent)
        reading = self._reader.read(source, ReadContext(around, is_image, classes, dict(options)))
        return list(reading.items), reading

    def record(self, source: Path, **context: Any) -> Record:  # noqa: ANN401 - as `read` takes it
        """Read a source that is one good file."""
        (item,), _ = self.read(source, **context)
        assert isinstance(item, Record), item
        return item

    def rejected(self, source: Path, **context: Any) -> Rejected:  # noqa: ANN401 - as `read` takes it
        """Read a source that is one bad file."""
        (item,), _ = self.read(source, **context)
        assert isinstance(item, Rejected), item
        return item


def told(reading: Reading) -> list[tuple[str, str, str]]:
    """Return code, place and problem of each issue."""
    return [(issue.code, issue.where, issue.problem) for issue in reading.issues]
