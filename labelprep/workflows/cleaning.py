"""`clean`: removing from the caches what nothing refers to, or all of it; all of it can be made again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

PROXIES = "proxies"
ARRAYS = "arrays"
FEATURES = "features"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed and what is left, in files and bytes."""

    removed_files: int
    removed_bytes: int
    kept_files: int
    kept_bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return the four numbers."""
        return {
            "removed_files": self.removed_files,
            "removed_bytes": self.removed_bytes,
            "kept_files": self.kept_files,
            "kept_bytes": self.kept_bytes,
        }


def clean(store: Store, *, everything: bool = False) -> Cleaned:
    """Remove proxies and arrays that no image needs any more, or everything that can be made again.

    Rows go before their bytes: a crash in between leaves bytes without a row, which the next `clean` removes.
    """
    with store.writing() as connection:
        if everything:
            connection.execute("DELETE FROM proxy")
            connection.execute("DELETE FROM array_row")
            connection.execute("DELETE FROM array")
        else:
            unused = (
                "sha256 NOT IN (SELECT sha256 FROM image WHERE sha256 IS NOT NULL AND status <> 'missing')"
            )
            connection.execute(f"DELETE FROM proxy WHERE {unused}")  # noqa: S608 - a constant
        needed = {f"{PROXIES}/{row[0]}" for row in connection.execute("SELECT DISTINCT pack FROM proxy")}
        needed |= {f"{ARRAYS}/{row[0]}" for row in connection.execute("SELECT file FROM array")}
    removed = [
        path
        for path in files_of(store.cache)
        if everything or not _is_needed(path.relative_to(store.cache).as_posix(), needed)
    ]
    sizes = [path.stat().st_size for path in removed]
    for path in removed:
        path.unlink()
    if everything and store.cache.is_dir():
        shutil.rmtree(store.cache)
    kept = files_of(store.cache)
    return Cleaned(len(removed), sum(sizes), len(kept), sum(path.stat().st_size for path in kept))


def _is_needed(name: str, needed: set[str]) -> bool:
    """Tell whether a file of the cache is referred to; features are kept by content, without a row."""
    return name in needed or (name.startswith(f"{FEATURES}/") and name.endswith(".npz"))


def files_of(cache: Path) -> list[Path]:
    """Return the files of a cache folder, sorted."""
    return sorted(path for path in cache.rglob("*") if path.is_file())
