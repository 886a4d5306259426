"""The different contents of a manifest as searches for near pictures take them, with their thumbnails."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.fingerprints import FINGERPRINT_BYTES, FINGERPRINT_VERSION
from labelprep.pixels.likeness import THUMB_PX
from labelprep.pixels.neighbours import NEAR_BITS
from labelprep.pixels.proxies import PROXY_SIZE, ProxyPlace
from labelprep.pixels.sources import Source
from labelprep.pixels.thumbs import thumbs_of
from labelprep.workflows.limits import limits_of
from labelprep.workflows.reading import located

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    import numpy.typing as npt

    from labelprep.manifest.store import Store
    from labelprep.pixels.likeness import Thumbs
    from labelprep.progress import Progress

RADIUS: Final = NEAR_BITS
"""The stated radius of level 1: bits of the 128 bits of differences of a fingerprint."""
RADIUS_KEY: Final = "near_radius"
VERSION: Final = 100 * FINGERPRINT_VERSION + 1
"""Of verdicts: raised where fingerprints, thumbnails or what is judged by them change."""
BATCH: Final = 64
COMPARED: Final = "('ok', 'damaged', 'excluded')"


def radius_of(store: Store) -> int:
    """Return the radius of the last search, in bits of 128; the usual one where there was none."""
    return int(store.meta(RADIUS_KEY) or RADIUS)


def version_of(store: Store) -> int:
    """Return the version of verdicts, which a search by another radius has to give anew."""
    return VERSION * 1_000 + radius_of(store)


class Contents:
    """The distinct contents, their fingerprints, and which of them are to be compared."""

    def __init__(self, store: Store, level: int) -> None:
        """Read them; ``level`` of the search that asks."""
        rows = store.connection.execute(
            f"""
            SELECT min(image.id), image.sha256, fingerprint, near_search.sha256 IS NULL
            FROM image LEFT JOIN near_search
                ON near_search.sha256 = image.sha256 AND near_search.level = ? AND near_search.version = ?
            WHERE status IN {COMPARED} AND length(fingerprint) = ? GROUP BY image.sha256 ORDER BY 1
            """,  # noqa: S608 - a constant
            (level, version_of(store), FINGERPRINT_BYTES),
        )
        ids, self.sha256s, prints, fresh = [], [], [], []
        for identifier, sha256, fingerprint, is_fresh in rows:
            ids.append(identifier)
            self.sha256s.append(sha256)
            prints.append(fingerprint[1:])
            fresh.append(bool(is_fresh))
        self.ids = ids
        self.radius = radius_of(store)
        self.cache = store.cache
        self.limits = limits_of(store).as_options()
        self._store = store
        self._proxy_size = int(store.meta("proxy_size") or PROXY_SIZE)
        self.fingerprints = np.frombuffer(b"".join(prints), np.uint8).reshape(-1, FINGERPRINT_BYTES - 1)
        self.is_fresh = np.array(fresh, np.bool_)
        self.fresh: list[int] = np.flatnonzero(self.is_fresh).tolist()

    def asked(
        self, engine: LocalEngine, work: Work, numbers: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], list[dict[str, Any]]]]:
        """Yield, some contents at a time, their numbers with what workers say of their pictures."""
        parts = [numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH)]
        batches = (
            Batch(at, [self._source(number).as_json() for number in part]) for at, part in enumerate(parts)
        )
        for done in engine.run(batches, work):
            yield parts[done.number], [result.value for result in done.results]

    def _source(self, number: int) -> Source:
        row = self._store.connection.execute(
            """
            SELECT path, path_bytes, size_bytes, mtime_ns, pack, offset, length FROM image
            LEFT JOIN proxy ON NOT own_proxy AND proxy.sha256 = image.sha256
                AND proxy.decoder_version = ? AND proxy.proxy_size = ?
            WHERE id = ?
            """,
            (DECODER_VERSION, self._proxy_size, self.ids[number]),
        ).fetchone()
        place = None if row[4] is None else ProxyPlace(row[4], row[5], row[6])
        return Source(located(self._store.root, row[0], row[1]), row[2], row[3], place)


def record(
    store: Store,
    contents: Contents,
    level: int,
    found: Iterable[tuple[int, int, int, float]],
    lost: AbstractSet[int],
) -> None:
    """Keep what a search found: pairs (left, right, bits, likeness), and all as compared but the lost."""
    version, sha256s = version_of(store), contents.sha256s
    with store.writing() as connection:
        connection.execute(
            f"""
            DELETE FROM near_search WHERE level = ?1 AND (version <> ?2 OR sha256 NOT IN
                (SELECT sha256 FROM image WHERE status IN {COMPARED} AND sha256 IS NOT NULL))
            """,  # noqa: S608 - a constant
            (level, version),
        )
        connection.execute("DELETE FROM near_pair WHERE level = ? AND version <> ?", (level, version))
        connection.executemany(
            "INSERT OR REPLACE INTO near_pair VALUES (?, ?, ?, ?, ?, ?)",
            (
                (*sorted((sha256s[left], sha256s[right])), level, version, bits, likeness)
                for left, right, bits, likeness in found
            ),
        )
        connection.executemany(
            "INSERT OR REPLACE INTO near_search VALUES (?, ?, ?)",
            ((sha256s[at], level, version) for at in contents.fresh if at not in lost),
        )


class Thumbnails:
    """Thumbnails of contents, read by workers as they are asked for, each once; kept in a file meanwhile."""

    def __init__(
        self, contents: Contents, progress: Progress, workers: int | None, side: int = THUMB_PX
    ) -> None:
        """Take what to read and the side of the thumbnails in pixels."""
        self._contents = contents
        self._progress = progress
        self._workers = workers
        self._side = side
        self._has = np.zeros(len(contents.ids), np.bool_)
        self.lost: set[int] = set()

    def __enter__(self) -> Self:
        """Start workers."""
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="labelprep-"))
            shape = (max(len(self._contents.ids), 1), self._side, self._side, 3)
            self._kept = np.memmap(Path(folder) / "thumbs", np.uint8, "w+", shape=shape)
            stack.callback(self._close)
            self._engine = stack.enter_context(LocalEngine(workers=self._workers))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End workers and remove the file."""
        self._stack.close()

    def _close(self) -> None:
        # Windows removes no file that is mapped.
        del self._kept

    def of(self, numbers: npt.NDArray[np.int64]) -> Thumbs:
        """Return the thumbnails of contents, (n, side, side, 3) uint8; `lost` are those that have none."""
        lacking = np.unique(numbers[~self._has[numbers]])
        if len(lacking):
            self._read(lacking.tolist())
        return np.asarray(self._kept[numbers])

    def _read(self, numbers: list[int]) -> None:
        contents = self._contents
        work = Work("thumb", {"cache": str(contents.cache), "side": self._side, **contents.limits})
        with self._progress.track("comparing", len(numbers)) as bar:
            for part, values in contents.asked(self._engine, work, numbers):
                read = [at for at, value in zip(part, values, strict=True) if value.get("thumb")]
                texts = [value["thumb"] for value in values if value.get("thumb")]
                self._kept[read] = thumbs_of(texts, self._side)
                self.lost.update(set(part) - set(read))
                bar.advance(len(part))
        self._has[numbers] = True
