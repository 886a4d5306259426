"""Masks lying among photos."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import MASK_LIKE, NOTHING, PHOTOS, READ, pictures, typical
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

LOSSLESS = "('png', 'gif', 'bmp', 'tiff', 'webp')"
ENDING = re.compile(
    r"[ _.-]+(masks?|seg|segmentation|labels?|labelids|gt|matte|annotation|trimap)\d*$", re.IGNORECASE
)
MASK_FOLDERS = frozenset(
    {"mask", "masks", "labels", "annotations", "segmentationclass", "segmentationobject", "gt", "trimaps"}
)
PHOTO_FOLDERS = ("images", "JPEGImages", "image", "imgs", "img", "photos")


def _find(context: CheckContext) -> Iterator[Finding]:
    among_photos = typical(context.connection).flatness <= PHOTOS
    rows = pictures(context.connection, f"{MASK_LIKE}, contrast", f"flatness >= 0.5 AND format IN {LOSSLESS}")
    for identifier, path, is_flat, contrast in rows:
        photo = _photo_of(context.connection, path)
        if photo is not None:
            yield Finding(path, f"by its name a mask of {photo}", image_id=identifier)
        elif is_flat and among_photos and contrast >= NOTHING:
            yield Finding(
                path, "it looks like a mask: a few tones make all of it, among photos", image_id=identifier
            )


def _photo_of(connection: sqlite3.Connection, path: str) -> str | None:
    """Return the photo that a mask by its name belongs to: beside it, or in the folder of the photos."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    parent, _, own = folder.rpartition("/")
    shorter = ENDING.sub("", stem)
    places = [(folder, shorter)] if shorter != stem else []
    if own.casefold() in MASK_FOLDERS:
        places += [(f"{parent}/{other}".strip("/"), shorter) for other in PHOTO_FOLDERS]
    for place, wanted in places:
        begin = f"{place}/{wanted}".strip("/")
        row = connection.execute(
            f"SELECT path FROM image WHERE path > ? AND path < ? AND {READ} LIMIT 1",  # noqa: S608 - a constant
            (f"{begin}.", f"{begin}/"),
        ).fetchone()
        if row is not None:
            return str(row[0])
    return None


CHECK = Check(
    code="LP121",
    name="mask-among-photos",
    severity=Severity.WARNING,
    title="masks among photos",
    why="A mask is a label, not a picture: trained on as one it gives its class away, or is a class of "
    "its own.",
    fix="scan the folder of the photos alone, or take it out of the folder",
    example="cat/0001_mask.png: a mask: four tones make all of it, and photo cat/0001.jpg lies beside it",
    find=_find,
)
