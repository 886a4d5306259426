"""From images of a manifest to rows of pixels: arrays where they fit the cache, packed proxies where not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelprep.ml.samples import Samples
from labelprep.pixels.arrays import Job, array_path, extend_array, fill_array
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.engine import LocalEngine
from labelprep.pixels.feeding import ArraySource, PackSource
from labelprep.pixels.fitting import ArrayShape, needs_original
from labelprep.workflows.limits import limits_of
from labelprep.workflows.picture_sources import PictureSources, changed, proxy_size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.manifest.store import Store
    from labelprep.pixels.sources import Source
    from labelprep.progress import Progress
    from labelprep.workflows.selecting import Picture

CACHE_LIMIT_BYTES = 4 << 30
CACHE_SHARE = 0.2
COMMIT_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """How pictures become rows: their shape, and what bytes caches may take (None: see `cache_limit`)."""

    shape: ArrayShape
    cache_limit_bytes: int | None = None
    workers: int | None = None


def cache_limit(store: Store, wished: int | None) -> int:
    """Return how many bytes caches may take: as wished, else 4 GB, or a fifth of the free disk if less."""
    if wished is not None:
        return wished
    free = shutil.disk_usage(store.path.parent).free
    return min(CACHE_LIMIT_BYTES, int(free * CACHE_SHARE))


class Feeder:
    """Makes samples of one shape out of pictures, building what is missing once for all of them."""

    def __init__(self, store: Store, pictures: Sequence[Picture], plan: FeedPlan, progress: Progress) -> None:
        """Prepare rows for all these pictures.

        Raises: PixelsError where an original is gone or has changed since the scan; it names the file.
        """
        self.store = store
        self.plan = plan
        self.progress = progress
        self.by_content = {picture.sha256: picture for picture in pictures}
        needed = len(self.by_content) * plan.shape.row_bytes
        self.is_array = needed <= cache_limit(store, plan.cache_limit_bytes)
        sources = self._sources(list(self.by_content.values()))
        if self.is_array:
            self.row_of = _ArrayRows(store, plan, progress).ensure(sources)
            file = array_path(store.cache, plan.shape)
            self.source: ArraySource | PackSource = ArraySource(
                file, plan.shape, max(self.row_of.values()) + 1
            )
        else:
            progress.say(
                f"An array of these pictures would take {needed / 1e9:.1f} GB, more than caches may: "
                "they are decoded each time (--cache-limit)."
            )
            self.row_of = {content: row for row, content in enumerate(sources)}
            self.source = PackSource(list(sources.values()), plan.shape, store.cache)

    def _sources(self, pictures: Sequence[Picture]) -> dict[bytes, Source]:
        """Return where each content is read: proxies as far as they are large enough."""
        sources = PictureSources(self.store, self.progress, self.plan.workers)
        if needs_original((self.plan.shape.height, self.plan.shape.width), sources.proxy_size):
            self.progress.say("Pictures larger than the proxies are read from the originals.")
            return sources.originals(pictures)
        return sources.proxies(pictures)

    def samples(self, pictures: Sequence[Picture], labels: np.ndarray) -> Samples:
        """Return pictures with their labels as samples, in this order."""
        rows = np.array([self.row_of[picture.sha256] for picture in pictures], dtype=np.int64)
        return Samples([picture.path for picture in pictures], labels, rows, self.source)


class _ArrayRows:
    """The rows of one array file, filled where they are missing."""

    def __init__(self, store: Store, plan: FeedPlan, progress: Progress) -> None:
        self.store = store
        self.plan = plan
        self.progress = progress
        self.file = array_path(store.cache, plan.shape)

    def ensure(self, sources: dict[bytes, Source]) -> dict[bytes, int]:
        """Return the row of each content, after filling those that are missing."""
        identifier = self._identify()
        rows = self._known(identifier)
        missing = {content: source for content, source in sources.items() if content not in rows}
        if missing:
            following = self._reserve(identifier, len(missing))
            added = {content: following + index for index, content in enumerate(missing)}
            size = (
                f"{self.plan.shape.width} × {self.plan.shape.height} px, {self.plan.shape.channels} channels"
            )
            megabytes = len(missing) * self.plan.shape.row_bytes / 1e6
            self.progress.say(
                f"Preparing {len(missing):,} pictures of {size} once ({megabytes:,.0f} MB in the cache)."
            )
            extend_array(self.file, self.plan.shape, following + len(missing))
            self._fill(identifier, missing, added)
            rows |= added
        return {content: rows[content] for content in sources}

    def _identify(self) -> int:
        """Return the number of the array; rows of a file that was deleted or cut are forgotten."""
        shape = self.plan.shape
        values = (
            shape.height,
            shape.width,
            shape.channels,
            shape.fit,
            DECODER_VERSION,
            proxy_size_of(self.store),
        )
        with self.store.writing() as connection:
            row = connection.execute(
                "SELECT id, proxy_size FROM array WHERE file = ?", (self.file.name,)
            ).fetchone()
            if row is None:
                cursor = connection.execute(
                    "INSERT INTO array (file, height_px, width_px, channels, fit, decoder_version, "
                    "proxy_size) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (self.file.name, *values),
                )
                return int(cursor.lastrowid or 0)
            held = self.file.stat().st_size // shape.row_bytes if self.file.exists() else 0
            first_lost = held if row[1] == values[-1] else 0
            connection.execute("DELETE FROM array_row WHERE array = ? AND row >= ?", (row[0], first_lost))
            connection.execute(
                "UPDATE array SET proxy_size = ?, next_row = min(next_row, ?) WHERE id = ?",
                (values[-1], first_lost, row[0]),
            )
            return int(row[0])

    def _reserve(self, identifier: int, rows: int) -> int:
        """Return the first of so many rows that no other process is going to fill."""
        with self.store.writing() as connection:
            first = connection.execute("SELECT next_row FROM array WHERE id = ?", (identifier,)).fetchone()[0]
            connection.execute("UPDATE array SET next_row = ? WHERE id = ?", (first + rows, identifier))
        return int(first)

    def _known(self, identifier: int) -> dict[bytes, int]:
        rows = self.store.connection.execute(
            "SELECT sha256, row FROM array_row WHERE array = ?", (identifier,)
        )
        return {row[0]: row[1] for row in rows}

    def _fill(self, identifier: int, missing: dict[bytes, Source], added: dict[bytes, int]) -> None:
        content_of = {row: content for content, row in added.items()}
        jobs = (Job(added[content], source) for content, source in missing.items())
        with (
            LocalEngine(workers=self.plan.workers) as engine,
            self.progress.track("preparing", len(missing)) as bar,
        ):
            ready: list[tuple[int, bytes, int]] = []
            limit = limits_of(self.store).max_pixels
            for value in fill_array(self.file, self.plan.shape, jobs, engine, bar, pixel_limit=limit):
                content = content_of[value["row"]]
                if value["status"] != "ok":
                    self._commit(ready)
                    raise changed(missing[content].path, str(value["problem"]))
                ready.append((identifier, content, value["row"]))
                if len(ready) >= COMMIT_ROWS:
                    self._commit(ready)
                    ready = []
            self._commit(ready)

    def _commit(self, rows: Sequence[tuple[int, bytes, int]]) -> None:
        with self.store.writing() as connection:
            connection.executemany("INSERT OR IGNORE INTO array_row VALUES (?, ?, ?)", rows)
