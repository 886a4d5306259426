"""`convert`: from one format to another, through a manifest that is thrown away afterwards."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError
from labelprep.formats import WRITERS, writer
from labelprep.formats.placing import Files
from labelprep.manifest.store import open_store
from labelprep.progress import Progress, Silent
from labelprep.workflows.array_pictures import ARRAYS, lost_of_arrays, write_arrays
from labelprep.workflows.exporting import ExportOptions, ExportReport, check_loss, export_labels, most_first
from labelprep.workflows.importing import import_place
from labelprep.workflows.label_sources import format_of, reached
from labelprep.workflows.scanning import ScanOptions, scan_folder

if TYPE_CHECKING:
    from labelprep.workflows.import_report import ImportOptions, ImportReport


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What was read and what was written."""

    imported: ImportReport
    exported: ExportReport

    def as_json(self) -> dict[str, Any]:
        """Return both reports under their contract names."""
        return {"import": self.imported.as_json(), **self.exported.as_json()}


def convert(  # noqa: PLR0913 - what to read, what to write, and how each
    source: Path,
    target: Path,
    *,
    images: Path | None,
    reading: ImportOptions,
    writing: ExportOptions,
    progress: Progress | None = None,
) -> ConvertReport:
    """Read labels and write them in another format; ``images`` is their folder where it is not the source's.

    Raises: as `import_labels` and `export_labels`; SourceError where no image is found.
    """
    watching = progress or Silent()
    reading.check()
    with (
        reached(
            source, reading.format, encoding=reading.encoding, pictures=images is None, progress=watching
        ) as place,
        tempfile.TemporaryDirectory(prefix="labelprep-") as folder,
    ):
        root = images or place.root or (source if source.is_dir() else source.parent)
        are_arrays = images is None and format_of(place.path, reading.format) == ARRAYS
        if images is None and (are_arrays or place.root is not None):
            _check_files(writing.files)
        if are_arrays:
            if writing.format in WRITERS and not writing.allow_loss:
                # Thousands of pictures would be written only to be told that they were in vain.
                lost = most_first(lost_of_arrays(place.path, writer(writing.format)))
                check_loss(writing.format, target, lost, allowed=False)
            root = Path(folder) / "pictures"
            write_arrays(place.path, root, watching)
        manifest = Path(folder) / "manifest.db"
        found = scan_folder(root, manifest=manifest, options=ScanOptions(labels="none"), progress=watching)
        if not found.images:
            raise SourceError(
                "there is no image in this folder, and labels are joined to images",
                where=str(root),
                fix="name the folder of the images with --images",
            )
        with open_store(manifest) as store:
            imported = import_place(store, source, place, reading, watching)
            exported = export_labels(store, target, writing, watching)
    return ConvertReport(imported, exported)


def _check_files(files: str) -> None:
    """Refuse an export that names pictures which are gone when it is done.

    Raises: UsageError.
    """
    if files in {Files.SYMLINK, Files.LEAVE}:
        raise UsageError(
            "the images are inside the source alone, and what is unpacked of it goes away",
            where="--files",
            fix="pass --files copy",
        )
