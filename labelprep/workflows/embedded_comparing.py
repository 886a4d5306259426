"""``import --compare-embedded``: whether pictures inside LabelMe files show what their images show."""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import UsageError, shown
from labelprep.formats import embedded_pictures
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.labelme import LabelMe
from labelprep.formats.labelme_files import PICTURE
from labelprep.manifest.paths import on_disk
from labelprep.matching import Match
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.decoding import decode
from labelprep.workflows.finding import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress
    from labelprep.workflows.import_report import ImportOptions

_FIX = "find out which of the two was labelled: the image that is named is used"


def check_comparable(name: str) -> None:
    """Refuse formats whose files hold no pictures.

    Raises: UsageError.
    """
    if name != LabelMe.name:
        raise UsageError(
            f"{name} files hold no pictures",
            where="--compare-embedded",
            fix="leave it out, or --from labelme",
        )


def differences(store: Store, source: Path, options: ImportOptions, progress: Progress) -> Iterator[Issue]:
    """Yield an issue for each label file whose picture has other pixels than the image that it means.

    Equal bytes are equal pictures; others are decoded, upright, and their pixels compared by sha256.
    """
    with store.telling():
        finder = Finder(store, strict=options.strict)
        context = ReadContext(store.root, finder.is_image, (), options.for_reading())
        with progress.track("comparing pictures", None) as bar:
            for file, item, picture in LabelMe().pictures(source, context):
                bar.advance()
                if isinstance(item, Rejected) or picture is None:
                    continue
                found = finder.find(item)
                if not isinstance(found, Match):
                    continue
                query = "SELECT path, path_bytes FROM image WHERE id = ?"
                path, raw = store.connection.execute(query, (found.image_id,)).fetchone()
                problem = _difference(picture, store.root / on_disk(path, raw), path)
                if problem:
                    yield Issue(PICTURE, Severity.WARNING, file.name, problem, _FIX)


def _difference(picture: memoryview, file: Path, name: str) -> str:
    """Say how a picture inside a label file differs from an image, nothing where they show the same."""
    try:
        inside, outside = b"".join(embedded_pictures.parts_of(picture)), file.read_bytes()
    except (binascii.Error, OSError) as error:
        return f"the picture in imageData cannot be compared with {shown(name)}: {error}"
    if inside == outside:
        return ""
    one, other = decode(inside).picture, decode(outside).picture
    if one is None or other is None:
        return (
            f"the picture in imageData cannot be compared with {shown(name)}: one of them cannot be decoded"
        )
    if one.size != other.size:
        return f"the picture in imageData is {_size(one.size)} pixels, {shown(name)} is {_size(other.size)}"
    first, second = (picture.convert("RGB").tobytes() for picture in (one, other))
    if hashlib.sha256(first).digest() == hashlib.sha256(second).digest():
        return ""
    mean = np.abs(np.frombuffer(first, np.uint8).astype(np.int16) - np.frombuffer(second, np.uint8)).mean()
    return f"the picture in imageData differs from {shown(name)} by {mean:.1f} of 255 in the mean"


def _size(size_wh: tuple[int, int]) -> str:
    return f"{size_wh[0]} × {size_wh[1]}"
