"""Which images are a part of another one, or another one turned: searched on demand, kept in the manifest.

::

    every picture's views ─▶ their fingerprints ─▶ near those of whole pictures ─▶ compared ─▶ near_pair

Of contents with equal fingerprints the first stands for all: that they are the same is for the search of near
pairs to say. Splits do not read what is found here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.pixels.decoding import DECODER_VERSION
from labelprep.pixels.engine import LocalEngine, Work
from labelprep.pixels.fingerprints import FINGERPRINT_VERSION
from labelprep.pixels.likeness import THUMB_PX
from labelprep.pixels.neighbours import FINGERPRINT_BITS_BYTES, Pairs, Search, collapsed, joined
from labelprep.pixels.segments import keep, take
from labelprep.pixels.views import (
    CROPS,
    MAP_PX,
    SPANS,
    TURNED,
    VIEWS,
    judged_crops,
    judged_turns,
    prints_sent,
)
from labelprep.progress import Progress, Silent
from labelprep.workflows.contents import Contents, Thumbnails, record
from labelprep.workflows.nearness import pairs_known, search

if TYPE_CHECKING:
    import numpy.typing as npt

    from labelprep.manifest.store import Store

CROP: Final = 2
TURN: Final = 3
SORTS: Final = {CROP: CROPS, TURN: TURNED}
FOLDER: Final = "views"
SIDES: Final = {CROP: MAP_PX, TURN: THUMB_PX}
_DIFFERENCE_BYTES: Final = 16
_SEGMENT: Final = 8_192


def search_views(
    store: Store, level: int, *, progress: Progress | None = None, workers: int | None = None
) -> int:
    """Compare views of contents that were not compared yet with all; return how many contents those are.

    ``level``: `CROP` or `TURN`. A picture that cannot be read any more is told, and compared once it can.
    """
    shown = progress or Silent()
    search(store, progress=shown, workers=workers)
    if pairs_known(store, level):
        return 0
    contents = Contents(store, level)
    first, _ = collapsed(contents.fingerprints)
    prints, lost = _prints(contents, level, first, shown, workers)
    owners, others, views, bits = _candidates(contents, first, prints)
    with Thumbnails(contents, shown, workers, SIDES[level]) as thumbnails:
        thumbnails.of(np.concatenate([owners, others]))
        mine, its = thumbnails.of(owners), thumbnails.of(others)
        verdicts = judged_crops(mine, its, views) if level == CROP else judged_turns(mine, its, views)
        lost |= thumbnails.lost
    found = [
        (int(owners[at]), int(others[at]), int(bits[at]), float(verdicts.likeness[at]))
        for at in np.flatnonzero(verdicts.is_same).tolist()
        if not lost & {int(owners[at]), int(others[at])}
    ]
    record(store, contents, level, found, lost)
    if lost:
        shown.say(f"{len(lost):,} pictures could not be read to be compared: run `labelprep scan` again.")
    return len(contents.fresh)


def _prints(
    contents: Contents,
    level: int,
    first: npt.NDArray[np.int64],
    progress: Progress,
    workers: int | None,
) -> tuple[npt.NDArray[np.uint8], set[int]]:
    """Return the fingerprints of views (contents, views, 24), 0 where not asked for, and what was lost."""
    sort = SORTS[level]
    prints = np.zeros((len(contents.ids), VIEWS[sort], FINGERPRINT_BITS_BYTES), np.uint8)
    # Turned back, a turned picture is the other one: to ask from one side is enough.
    asked = first if level == CROP else first[contents.is_fresh[first]]
    kept = prints[asked]
    folder = contents.cache / FOLDER / _way(sort)
    lacking = asked[take(folder, [contents.sha256s[number] for number in asked.tolist()], kept)]
    prints[asked] = kept
    lost: set[int] = set()
    if not len(lacking):
        return prints, lost
    work = Work("views", {"cache": str(contents.cache), "views": sort, **contents.limits})
    with LocalEngine(workers=workers) as engine, progress.track(f"looking for {sort}", len(lacking)) as bar:
        # One file a segment: a search that is interrupted has lost one at most.
        for at in range(0, len(lacking), _SEGMENT):
            segment = lacking[at : at + _SEGMENT].tolist()
            for part, values in contents.asked(engine, work, segment):
                for number, value in zip(part, values, strict=True):
                    if text := value.get("prints"):
                        prints[number] = prints_sent(text)
                    else:
                        lost.add(number)
                bar.advance(len(part))
            read = [number for number in segment if number not in lost]
            if read:
                keep(folder, [contents.sha256s[number] for number in read], prints[read])
    return prints, lost


def _way(sort: str) -> str:
    """Name what fingerprints of views depend on besides the content."""
    way = f"{FINGERPRINT_VERSION} {DECODER_VERSION} {SPANS} {VIEWS[sort]}"
    return f"{sort}-{hashlib.sha256(way.encode()).hexdigest()[:12]}"


def _candidates(
    contents: Contents, first: npt.NDArray[np.int64], prints: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return whose view is near which other content: owners, others, view and bits, each pair once."""
    views = prints.shape[1]
    asked = prints.reshape(-1, FINGERPRINT_BITS_BYTES)
    # Of one tone, or not asked for: nothing to be compared.
    uneven = np.flatnonzero(asked[:, :_DIFFERENCE_BYTES].any(axis=1))
    is_asked_fresh = contents.is_fresh[uneven // views]
    is_first_fresh = contents.is_fresh[first]
    kept = []
    # Views of the fresh are held against all, those of the others against the fresh alone.
    for some, whole in ((uneven[is_asked_fresh], first), (uneven[~is_asked_fresh], first[is_first_fresh])):
        finder = Search(contents.fingerprints[whole], contents.radius)
        for pairs in finder.pairs_with(asked[some]) if len(some) and len(whole) else ():
            left, right = some[pairs.left], whole[pairs.right]
            wanted = left // views != right
            kept.append(Pairs(left[wanted], right[wanted], pairs.distance[wanted]))
    found = joined(kept)
    owners, others = found.left // views, found.right
    low, high = np.minimum(owners, others), np.maximum(owners, others)
    order = np.lexsort((found.left, found.distance, high, low))
    low, high = low[order], high[order]
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    best = order[is_new]
    return owners[best], others[best], found.left[best] % views, found.distance[best].astype(np.int64)
