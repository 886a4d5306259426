"""Cleaning the caches: what nothing refers to goes, what images need stays, all of it goes when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labelprep.manifest.store import open_store
from labelprep.workflows.cleaning import Cleaned, clean
from pictures import draw, tree
from running import rows, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store


@pytest.fixture
def cached(work: Path) -> Iterator[Store]:
    """Return a manifest with one image that needs a proxy, and a file in its cache that nobody knows."""
    tree(work / "imgs", ["cat/1.png", "dog/2.png"])
    draw(work / "imgs" / "cat" / "big.bmp", 3, size_wh=(64, 64))
    scan(work / "imgs")
    stray = work / "manifest.db.cache" / "proxies" / "stray.pack"
    stray.write_bytes(b"left by a crash")
    with open_store(work / "manifest.db") as opened:
        yield opened


def packs(store: Store) -> list[str]:
    """Return the names of the packs on the disk."""
    return sorted(path.name for path in (store.cache / "proxies").glob("*"))


def test_bytes_without_a_row_are_removed_and_the_others_stay(cached: Store) -> None:
    needed = rows(cached, "SELECT pack FROM proxy")
    size = (cached.cache / "proxies" / needed[0]).stat().st_size

    cleaned = clean(cached)

    assert cleaned == Cleaned(removed_files=1, removed_bytes=15, kept_files=1, kept_bytes=size)
    assert packs(cached) == needed


def test_cleaning_twice_finds_nothing_more(cached: Store) -> None:
    clean(cached)

    assert clean(cached).removed_files == 0


def test_a_proxy_whose_image_is_gone_is_removed(cached: Store, work: Path) -> None:
    (work / "imgs" / "cat" / "big.bmp").unlink()
    scan(work / "imgs")

    cleaned = clean(cached)

    assert (cleaned.removed_files, cleaned.kept_files) == (2, 0)
    assert rows(cached, "SELECT count(*) FROM proxy") == [0]


def test_everything_goes_when_asked_and_the_labels_stay(cached: Store) -> None:
    cleaned = clean(cached, everything=True)

    assert (cleaned.removed_files, cleaned.kept_files, cached.cache.exists()) == (2, 0, False)
    assert rows(cached, "SELECT count(*) FROM image WHERE label IS NOT NULL") == [3]


def test_a_cache_that_was_never_made_is_no_error(store: Store) -> None:
    assert clean(store, everything=True) == Cleaned(0, 0, 0, 0)


def test_cleaning_is_no_command_of_the_log(cached: Store) -> None:
    clean(cached)

    assert rows(cached, "SELECT name FROM command") == ["scan"]
