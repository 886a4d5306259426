"""`report`: what a manifest holds and what is wrong with it, as one page that opens anywhere."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError
from labelprep.workflows import report_facts
from labelprep.workflows.checking import CheckOptions, check_manifest
from labelprep.workflows.report_page import page
from labelprep.workflows.thumbnails import thumbnails

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress

THUMBNAIL_PX = 160


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report that was written: where, how large, how many pictures it shows."""

    report: Path
    bytes: int
    pictures: int
    issues: int

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "report": str(self.report),
            "bytes": self.bytes,
            "pictures": self.pictures,
            "issues": self.issues,
        }


def write_report(store: Store, target: Path, progress: Progress, *, overwrite: bool = False) -> WrittenReport:
    """Write the page; it holds samples with their counts, however many images there are.

    Raises: UsageError where the target exists, or lies among the images; SourceError where it cannot be
    written.
    """
    check_target(target, overwrite=overwrite, root=store.root)
    report = check_manifest(store, CheckOptions(), progress)
    facts = report_facts.gathered(store, report)
    shown = thumbnails(store, facts.shown_images(), THUMBNAIL_PX, progress)
    content = page(facts, shown).encode("utf-8", "backslashreplace")
    write_whole(target, content)
    return WrittenReport(target, len(content), len(shown), facts.issues_total)


def check_target(target: Path, *, overwrite: bool, root: Path | None = None) -> None:
    """Refuse a page that lies among the images, is a folder, or exists.

    Raises: UsageError.
    """
    if root is not None and target.absolute().is_relative_to(root):
        raise UsageError(
            "it lies among the images, where nothing is written",
            where=str(target),
            fix="name a file elsewhere",
        )
    if target.is_dir():
        raise UsageError("this is a folder", where=str(target), fix="name a file: report.html")
    if target.exists() and not overwrite:
        raise UsageError("the file exists", where=str(target), fix="add --overwrite, or name another file")


def write_whole(target: Path, content: bytes) -> None:
    """Write beside and rename: nobody ever sees half a page.

    Raises: SourceError where it cannot be written.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(content)
        os.replace(part, target)  # noqa: PTH105 - replaces on Windows too
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SourceError(
            f"it cannot be written: {error.strerror or error}", where=str(target), fix="name another place"
        ) from error
