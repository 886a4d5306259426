"""The images of a manifest, found by what sources call them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from labelprep.matching import Match, Matcher, NoMatch, Why
from labelprep.workflows.framing import Picture

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.model.annotation import Record

# A name that means several images says so; content does not choose among them.
LOST = (Why.MISSING, Why.OUTSIDE)
AHEAD = 200
GONE = Picture("", None, 1)
"""Stands for an image that another process takes away meanwhile: the import ends before it is taken over."""


class Finder:
    """Finds images by name, then by content; ``strict`` takes the certain rules alone."""

    def __init__(self, store: Store, *, strict: bool = False) -> None:
        """Read the paths of all images whose files are there."""
        self._connection = store.connection
        self._strict = strict
        self._ahead: dict[int, Picture] = {}
        self._latest = 0
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

    def is_path(self, name: str, beside: str | None) -> bool:
        """Tell whether a name, seen from a file, is the exact path of an image."""
        return self._matcher.is_path(name, beside=None if beside is None else posixpath.dirname(beside))

    def find(self, record: Record) -> Match | NoMatch:
        """Return the one image that a record means."""
        beside = None if record.beside is None else posixpath.dirname(record.beside)
        found = self._matcher.find(record.image, beside=beside)
        if isinstance(found, Match) or record.sha256 is None or found.why not in LOST:
            return found
        same = NoMatch(Why.MISSING) if self._strict else self._same_content(record.sha256)
        if isinstance(same, Match) or same.why is Why.AMBIGUOUS:
            return same
        if record.is_embedded:
            return NoMatch(Why.EMBEDDED)
        return found if self._strict or found.why is Why.OUTSIDE else NoMatch(Why.CONTENT)

    def _same_content(self, sha256: bytes) -> Match | NoMatch:
        return self._matcher.find_content(sha256, self._contents)

    def size_of(self, name: str, beside: str | None) -> tuple[int, int] | None:
        """Return the upright (width, height) in pixels of the one image a name means, seen from a file."""
        folder = None if beside is None else posixpath.dirname(beside)
        found = self._matcher.find(name, beside=folder)
        if not isinstance(found, Match):
            return None
        width, height = self._connection.execute(
            "SELECT width_px, height_px FROM image WHERE id = ?", (found.image_id,)
        ).fetchone()
        return None if width is None else (width, height)

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

    def has_turned(self) -> bool:
        """Tell whether any picture is stored otherwise than upright."""
        query = "SELECT EXISTS (SELECT 1 FROM image WHERE exif_orientation > 1)"
        return bool(self._connection.execute(query).fetchone()[0])

    def picture(self, image_id: int) -> Picture:
        """Return what decides on which picture shapes were drawn."""
        found = self._ahead.pop(image_id, None)
        if found is None:
            # Label files are mostly in the order of their images: then the next ones come along.
            self._ahead = self._pictures(image_id, AHEAD if image_id == self._latest + 1 else 1)
            found = self._ahead.pop(image_id, GONE)
        self._latest = image_id
        return found

    def _pictures(self, first: int, number: int) -> dict[int, Picture]:
        rows = self._connection.execute(
            """
            SELECT id, path, width_px, height_px, exif_orientation FROM image
            WHERE id BETWEEN ? AND ?
            """,
            (first, first + number - 1),
        )
        return {
            image: Picture(path, None if width is None else (width, height), orientation or 1)
            for image, path, width, height, orientation in rows
        }
