"""What a person may not expect of a file: a wrong extension, EXIF turns, alpha, frames, inks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest.images import notes_of
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    rows = context.connection.execute(
        "SELECT id, path, notes FROM image WHERE notes IS NOT NULL AND status <> 'missing' ORDER BY path"
    )
    for identifier, path, notes in rows:
        for note in notes_of(notes):
            yield Finding(path, note, image_id=identifier)


CHECK = Check(
    code="LP105",
    name="oddity",
    severity=Severity.NOTE,
    title="files that other programs may read otherwise",
    why="A picture turned by EXIF, with transparency, several frames, inks, 16 bits or a wrong extension "
    "looks different from program to program, and so do shapes drawn on it.",
    fix="nothing has to be done: labelprep reads it as a person sees it",
    example="cat/0001.jpg: EXIF orientation 6: turned upright",
    find=_find,
)
