"""A source of labels before it is read: what format it is, the digest of its bytes, how it is opened."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError
from labelprep.formats import READERS, reader
from labelprep.model.ranks import Rank
from labelprep.workflows.import_report import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.formats.base import ReadContext, Reading

READ_BYTES = 1 << 20
LEAST_CONFIDENCE = 0.01
USUAL_RANKS = {"folders": Rank.FOLDER}
"""The ranks of sources by format, where they are not those of sheets and label files."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source to import: where it lies, what it is, its usual rank, its bytes' sha256, how it is opened."""

    path: Path
    location: str
    format: str
    rank: Rank
    sha256: str
    options: dict[str, Any]
    read: Callable[[ReadContext], Reading]
    has_shapes: bool = False
    is_predicted: bool = False

    def of_predictions(self) -> Opened:
        """Return what models say in it as a source of its own."""
        return replace(self, format=f"{self.format}-predictions", rank=Rank.MODEL, is_predicted=True)


def format_of(source: Path, wished: str) -> str:
    """Return the format of a source, found by a look into it unless wished for.

    Raises: SourceError where it does not exist, or no format fits.
    """
    if not source.exists():
        raise SourceError(
            "there is no such file or folder", where=str(source), fix="check the spelling of the path"
        )
    if wished != AUTO:
        return wished
    looks = {name: reader(name).sniff(source) for name in READERS}
    # Within a tenth they are as good as equal (files of two formats lie together): the table's order decides.
    best = max(looks, key=lambda name: round(looks[name].confidence, 1))
    if looks[best].confidence < LEAST_CONFIDENCE:
        reasons = "; ".join(f"{name}: {look.reason}" for name, look in looks.items())
        raise SourceError(
            f"this is no label source that labelprep knows ({reasons})",
            where=str(source),
            fix=f"name its format with --from {'|'.join(READERS)}, if it is one of them",
        )
    return best


def digest_of(source: Path) -> str:
    """Return the sha256 of a file's bytes; of a folder, of the names and sizes of all files in it.

    Raises: SourceError where the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if source.is_file():
            with source.open("rb") as file:
                while part := file.read(READ_BYTES):
                    digest.update(part)
            return digest.hexdigest()
        for folder, below, names in os.walk(source):
            below.sort()
            way = os.path.relpath(folder, source)
            for name in sorted(names):
                size = os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - names may be no UTF-8
                digest.update(os.fsencode(f"{name if way == '.' else os.path.join(way, name)}\0{size}\0"))  # noqa: PTH118 - the same
    except PermissionError as error:
        raise SourceError(
            "it cannot be opened: another program holds it, or you may not read it",
            where=str(source),
            fix="close it in Excel, or save a copy and import that",
        ) from error
    except OSError as error:
        raise SourceError(
            f"it cannot be read: {error.strerror}", where=str(source), fix="check the disk"
        ) from error
    return digest.hexdigest()
