"""Small pictures of chosen images, for pages that people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.workflows.limits import limits_of
from labelprep.workflows.picture_sources import PictureSources, originals_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

BATCH = 16


def thumbnails(store: Store, images: Iterable[int], side_px: int, progress: Progress) -> dict[int, bytes]:
    """Return images by id as JPEG that fit into a square; what cannot be shown is left out.

    They are made by worker processes, from proxies where there are any.
    """
    pictures = originals_of(store, images)
    sources = PictureSources(store, progress).at_hand(list(pictures.values()))
    made: dict[bytes, bytes] = {}
    contents = list(sources)
    parts = [contents[at : at + BATCH] for at in range(0, len(contents), BATCH)]
    limits = limits_of(store).as_options()
    work = Work("thumbnail", {"cache": str(store.cache), "side": side_px, **limits})
    batches = (
        Batch(number, [sources[content].as_json() for content in part]) for number, part in enumerate(parts)
    )
    with LocalEngine() as engine, progress.track("thumbnails", len(contents)) as bar:
        for done in engine.run(batches, work):
            for content, result in zip(parts[done.number], done.results, strict=True):
                if result.payload:
                    made[content] = result.payload
            bar.advance(len(done.results))
    return {
        identifier: made[picture.sha256] for identifier, picture in pictures.items() if picture.sha256 in made
    }
