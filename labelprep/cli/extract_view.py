"""Pictures written out of label files as a person sees it: what was written and why, what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.cli.issue_list import render_issues
from labelprep.cli.output import counted, next_step, say, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.extracting import ExtractReport


def render_extracted(report: ExtractReport) -> None:
    """Show an extraction to a person."""
    source, target = (visible(str(shortened(path))) for path in (report.source, report.target))
    say(f"{counted(report.files, 'label file')} in {source} ({report.seconds:.1f} s)")
    written = f"{counted(len(report.pictures), 'picture')}{' would be' if report.dry_run else ''} written"
    say(f"  {written} to {target}, of {counted(report.written, 'label file')}")
    counts = {
        "whose picture lies there already": report.present,
        "whose image is known": report.known,
        "without a picture inside": report.without_picture,
        "that cannot be read": report.unreadable,
        "whose picture cannot be used": report.failed,
    }
    for what, number in counts.items():
        if number:
            say(f"  {counted(number, 'file')} {what}")
    render_issues(report.issues, notes=True)
    next_step(_next(report))


def _next(report: ExtractReport) -> str:
    """Return what brings the pictures into a manifest.: one has one root only."""
    if report.dry_run:
        return "the same command without --dry-run"
    source, target = quoted(shortened(report.source)), quoted(shortened(report.target))
    if not report.written + report.present:
        return f"labelprep import {source}"
    if report.is_inside_root:
        # Where no folder is a class, the new one's name is none either.
        labels = "" if report.has_folder_labels else " --labels none"
        return f"labelprep scan {target}{labels}, then labelprep import {source}"
    other = " -m extracted.db" if report.has_manifest else ""
    return f"labelprep scan {target}{other}, then labelprep import {source}{other}"
