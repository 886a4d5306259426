"""An export as a person sees it: what was written, what was left out, whether it reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.cli.output import counted, next_step, say, visible
from labelprep.cli.quoting import quoted
from labelprep.errors import UsageError

if TYPE_CHECKING:
    from labelprep.workflows.exporting import ExportReport


OPTIONS_OF = {"margin": "crops", "metadata": "huggingface"}


def settings_of(name: str, **values: object) -> dict[str, object]:
    """Return what was set of a format's own options.

    Raises: UsageError where it is another format's.
    """
    settings = {option: value for option, value in values.items() if value is not None}
    for option in settings:
        if OPTIONS_OF[option] != name:
            raise UsageError(
                f"it is an option of {OPTIONS_OF[option]}, not of {name}",
                where=f"--{option}",
                fix=f"leave it out, or pass --to {OPTIONS_OF[option]}",
            )
    return settings


def render_written(report: ExportReport) -> None:
    """Show an export to a person."""
    say(
        f"{counted(report.images, 'image')} with {counted(report.annotations, 'annotation')} "
        f"as {report.format} in {visible(str(report.target))} "
        f"({counted(report.files, 'file')}, {report.seconds:.1f} s)"
    )
    for kind, number in report.lost.items():
        say(f"  left out: {number:,} × {kind}")
    if report.differences is not None:
        say("  read back: the same" if not report.differences else "  read back, it differs:")
        for line in report.differences or ():
            say(f"    {visible(line)}")
    if report.differences is None:
        next_step(f"labelprep detect {quoted(report.target)}")
