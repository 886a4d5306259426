"""`import --pattern`: labels, splits and groups that the names of the images state."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError
from labelprep.formats import names
from labelprep.formats.base import ReadContext, Reading
from labelprep.manifest import places
from labelprep.manifest.paths import escaped
from labelprep.model.ranks import Rank
from labelprep.progress import Progress, Silent
from labelprep.workflows.import_report import PROPOSED, ImportOptions, ImportReport
from labelprep.workflows.importing import EXAMPLES, import_opened
from labelprep.workflows.label_sources import Opened

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store

FORMAT = "file_name"
SUGGEST = "suggest"
WHOLE = "."


def import_names(
    store: Store,
    pattern: str,
    folder: Path | None = None,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Take over what the names of the images state, read by a pattern; ``suggest`` only proposes patterns.

    ``folder`` restricts it to the images below. Importing names again replaces what names stated before.

    Raises: UsageError for a pattern that is none, or a folder that lies elsewhere; SourceError where no name
    follows it.
    """
    settings = options or ImportOptions()
    settings.check()
    below = _below(store, folder)
    paths = _paths(store, below)
    if not paths:
        raise SourceError(
            "there are no images here", where=str(folder or store.root), fix="scan the folder first"
        )
    if pattern == SUGGEST:
        return _proposed(store, paths, below)
    compiled = names.compile_pattern(pattern)
    if not any(compiled.read(path) for path in paths):
        shown = ", ".join(repr(path) for path in paths[:EXAMPLES])
        raise SourceError(
            f"no name of {len(paths):,} images follows {pattern!r}, such as {shown}",
            where="--pattern",
            fix="labelprep import --pattern suggest",
        )

    def read(_: ReadContext) -> Reading:
        return Reading({"pattern": pattern}, names.records(compiled, paths))

    digest = hashlib.sha256("\0".join(paths).encode("utf-8", "surrogatepass"))
    kept: dict[str, Any] = {"pattern": pattern} | settings.kept()
    opened = Opened(store.root, below, FORMAT, Rank.FILE_NAME, digest.hexdigest(), kept, read)
    return replace(import_opened(store, opened, settings, progress or Silent()), source=folder or store.root)


def _below(store: Store, folder: Path | None) -> str:
    """Return a folder below the root as it stands in paths, ``.`` for the root itself."""
    if folder is None:
        return WHOLE
    place = folder.resolve()
    if not place.is_dir():
        raise SourceError("there is no such folder", where=str(folder), fix="check the spelling of the path")
    if not places.is_inside(place, store.root):
        raise UsageError(
            f"the images of this manifest lie in {store.root}",
            where=str(folder),
            fix="name that folder or one inside it, or another manifest with -m",
        )
    return escaped(place.relative_to(store.root).as_posix())


def _paths(store: Store, below: str) -> list[str]:
    start = "" if below == WHOLE else f"{below}/"
    rows = store.connection.execute("SELECT path FROM image WHERE status <> 'missing' ORDER BY path")
    return [path for (path,) in rows if path.startswith(start)]


def _proposed(store: Store, paths: list[str], below: str) -> ImportReport:
    """Report patterns and what each would read; nothing is written."""
    found = names.suggest(paths)
    return ImportReport(
        source=store.root,
        location=below,
        format=FORMAT,
        encoding=None,
        rows=len(paths),
        matched=0,
        unmatched=0,
        skipped={PROPOSED: len(paths)},
        annotations=0,
        classes_added=(),
        conflicts=0,
        rules={},
        images_without_row=len(paths),
        replaced=0,
        changed=0,
        splits_changed=0,
        dry_run=True,
        facts={"names": paths[:EXAMPLES]},
        suggestions=[
            {
                "pattern": item.pattern,
                "matched": item.matched,
                "unmatched": item.unmatched,
                "classes": item.classes,
                "examples": [{"path": path, "class": label} for path, label in item.examples],
            }
            for item in found
        ],
    )
