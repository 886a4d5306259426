"""The images of a manifest, found by what sources call them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from labelprep.matching import Match, Matcher, NoMatch, Why

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.model.annotation import Record

RAW_ORIENTATION = 5


class Finder:
    """Finds images by name, then by content; ``strict`` takes the certain rules alone."""

    def __init__(self, store: Store, *, strict: bool = False) -> None:
        """Read the paths of all images whose files are there."""
        self._connection = store.connection
        self._strict = strict
        with store.telling():
            images = self._connection.execute(
                "SELECT id, path FROM image WHERE status <> 'missing' ORDER BY id"
            ).fetchall()
        self.total = len(images)
        names = tuple(reversed(store.root.parts))
        self._matcher = Matcher(images, root_names=names, strict=strict)

    def is_image(self, text: str) -> bool:
        """Tell whether a text names an image, or several, by the coarsest of the rules that compare names."""
        return self._matcher.may_mean(text)

    def find(self, record: Record) -> Match | NoMatch:
        """Return the one image that a record means."""
        beside = None if record.beside is None else posixpath.dirname(record.beside)
        found = self._matcher.find(record.image, beside=beside)
        if isinstance(found, Match) or record.sha256 is None or self._strict or found.why is not Why.MISSING:
            return found
        return self._matcher.find_content(record.sha256, self._contents)

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return the paths that look most like a name."""
        return self._matcher.nearest(name)

    @cached_property
    def _contents(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = defaultdict(list)
        rows = self._connection.execute(
            "SELECT sha256, id FROM image WHERE sha256 IS NOT NULL AND status <> 'missing' ORDER BY id"
        )
        for sha256, identifier in rows:
            found[sha256].append(identifier)
        return dict(found)

    def frame_problem(self, image_id: int, size_wh: tuple[int, int]) -> str:
        """Return how the size that a source states differs from the upright picture's, or nothing."""
        path, width, height, orientation = self._connection.execute(
            "SELECT path, width_px, height_px, exif_orientation FROM image WHERE id = ?", (image_id,)
        ).fetchone()
        if width is None or (width, height) == size_wh:
            return ""
        said = f"it says {size_wh[0]} × {size_wh[1]} px, {path} is {width} × {height} px"
        if (height, width) != size_wh:
            return said
        if (orientation or 1) >= RAW_ORIENTATION:
            return f"{said} upright: its shapes were drawn on the picture lying on its side"
        return f"{said}: its shapes may lie on their side"
