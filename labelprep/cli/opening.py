"""Which manifest a command means, opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.cli.output import tell, visible

if TYPE_CHECKING:
    from labelprep.manifest.store import Store


def opened(manifest: Path | None, *, for_writing: bool = True) -> Store:
    """Open the named manifest, or the one of the working folder; tell what had to be done otherwise.

    Raises: ManifestError where there is none, or it cannot be opened.
    """
    from labelprep.manifest.places import find  # noqa: PLC0415 - sqlite3 loads here
    from labelprep.manifest.store import open_store  # noqa: PLC0415 - the same

    store = open_store(manifest or find(Path.cwd()), for_writing=for_writing)
    for note in store.notes:
        tell(f"note: {visible(note)}")
    return store
