"""Where the pixels of images are read: proxies, made again where they are gone, and small originals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from labelprep.errors import PixelsError
from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.pixels.proxies import PROXY_SIZE, ProxyPlace
from labelprep.pixels.sources import Source
from labelprep.workflows.cleaning import PROXIES
from labelprep.workflows.limits import limits_of
from labelprep.workflows.reading import located

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

BATCH = 64
ASKED = 500


class Scanned(Protocol):
    """One image as the last scan saw it."""

    @property
    def path(self) -> str:
        """Below the root."""

    @property
    def path_bytes(self) -> bytes | None:
        """Its true name where that is not UTF-8."""

    @property
    def sha256(self) -> bytes:
        """Its content."""

    @property
    def size_bytes(self) -> int:
        """Its size."""

    @property
    def mtime_ns(self) -> int:
        """Its time."""

    @property
    def own_proxy(self) -> bool:
        """Whether it is small and clean enough to stand for itself."""


@dataclass(frozen=True, slots=True)
class Original:
    """A readable image of a manifest, labelled or not."""

    path: str
    path_bytes: bytes | None
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    own_proxy: bool


def originals_of(store: Store, images: Iterable[int]) -> dict[int, Original]:
    """Return those of these images that are readable, by id, in the order of the ids."""
    wanted = sorted(set(images))
    found: dict[int, Original] = {}
    for at in range(0, len(wanted), ASKED):
        part = wanted[at : at + ASKED]
        rows = store.connection.execute(
            f"""
            SELECT id, path, path_bytes, sha256, size_bytes, mtime_ns, own_proxy FROM image
            WHERE id IN ({",".join("?" * len(part))}) AND sha256 IS NOT NULL AND width_px IS NOT NULL
                AND status IN ('ok', 'damaged', 'excluded') ORDER BY id
            """,  # noqa: S608 - question marks only
            part,
        )
        found |= {
            row[0]: Original(row[1], row[2], row[3], row[4], row[5], own_proxy=bool(row[6])) for row in rows
        }
    return found


def proxy_size_of(store: Store) -> int:
    """Return the short side of a manifest's proxies in pixels."""
    return int(store.meta("proxy_size") or PROXY_SIZE)


class PictureSources:
    """The sources of the pictures of one manifest, by content."""

    def __init__(self, store: Store, progress: Progress, workers: int | None = None) -> None:
        """Know where proxies lie; ``workers`` make those that are gone."""
        self.store = store
        self.progress = progress
        self.workers = workers
        self.proxy_size = proxy_size_of(store)

    def originals(self, pictures: Sequence[Scanned]) -> dict[bytes, Source]:
        """Return each content's original, in the order of the pictures."""
        return {picture.sha256: self._source(picture, None) for picture in pictures}

    def proxies(self, pictures: Sequence[Scanned]) -> dict[bytes, Source]:
        """Return each content's proxy or small original; proxies that are gone are made again first.

        Raises: PixelsError where an original is needed for that and is gone or has changed.
        """
        places = self._places()
        lacking = [p for p in pictures if not p.own_proxy and p.sha256 not in places]
        if lacking:
            self._make(lacking)
            places = self._places()
        return {
            picture.sha256: self._source(picture, None if picture.own_proxy else places[picture.sha256])
            for picture in pictures
        }

    def at_hand(self, pictures: Sequence[Scanned]) -> dict[bytes, Source]:
        """Return each content's proxy where there is one, else its original; nothing is made."""
        places = self._places()
        return {
            picture.sha256: self._source(picture, None if picture.own_proxy else places.get(picture.sha256))
            for picture in pictures
        }

    def _source(self, picture: Scanned, place: ProxyPlace | None) -> Source:
        path = located(self.store.root, picture.path, picture.path_bytes)
        return Source(path, picture.size_bytes, picture.mtime_ns, place)

    def _places(self) -> dict[bytes, ProxyPlace]:
        """Return the proxies whose packs are still there."""
        rows = self.store.connection.execute(
            "SELECT sha256, pack, offset, length FROM proxy WHERE decoder_version = ? AND proxy_size = ?",
            (DECODER_VERSION, self.proxy_size),
        ).fetchall()
        folder = self.store.cache / PROXIES
        present = {path.name: path.stat().st_size for path in folder.iterdir()} if folder.is_dir() else {}
        return {
            row[0]: ProxyPlace(row[1], row[2], row[3])
            for row in rows
            if present.get(row[1], -1) >= row[2] + row[3]
        }

    def _make(self, pictures: Sequence[Scanned]) -> None:
        """Make proxies again, from originals that must be those that were scanned."""
        self.progress.say(f"{len(pictures):,} proxies are not in the cache and are made again.")
        limits = limits_of(self.store).as_options()
        work = Work("proxy", {"cache": str(self.store.cache), "proxy_size": self.proxy_size, **limits})
        parts = [list(pictures[at : at + BATCH]) for at in range(0, len(pictures), BATCH)]
        paths = [[located(self.store.root, p.path, p.path_bytes) for p in part] for part in parts]
        with (
            LocalEngine(workers=self.workers) as engine,
            self.progress.track("proxies", len(pictures)) as bar,
        ):
            for done in engine.run((Batch(number, items) for number, items in enumerate(paths)), work):
                rows = []
                for picture, result in zip(parts[done.number], done.results, strict=True):
                    value = result.value
                    if value.get("sha256") != picture.sha256.hex() or not value.get("proxy"):
                        raise changed(picture.path, str(value.get("problem") or "its content has changed"))
                    rows.append((picture.sha256, DECODER_VERSION, self.proxy_size, *value["proxy"]))
                with self.store.writing() as connection:
                    connection.executemany("INSERT OR REPLACE INTO proxy VALUES (?, ?, ?, ?, ?, ?)", rows)
                bar.advance(len(rows))


def changed(path: str, problem: str) -> PixelsError:
    """Say that an original is not what was scanned."""
    return PixelsError(
        f"the image is not as it was scanned: {problem}", where=path, fix="run `labelprep scan` again"
    )
