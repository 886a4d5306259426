"""``labelprep doctor``."""

from __future__ import annotations

from pathlib import Path

import typer

from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, visible


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(*, manifest: ManifestOption = None, json: JsonOption = False) -> None:
    """Say what this machine has and lacks, and what to do.

    Python, TensorFlow, GPU, memory, code page, disk, write access, and the manifest where there is one.
    """
    with explained(as_json=json):
        from labelprep.errors import LabelprepError  # noqa: PLC0415 - loads with the command
        from labelprep.manifest.places import find  # noqa: PLC0415 - the same
        from labelprep.workflows.examining import PROBLEM, examine  # noqa: PLC0415 - the same

        try:
            place = manifest or find(Path.cwd())
        except LabelprepError:
            place = None
        findings = examine(Path.cwd(), place)
    if json:
        emit_json(
            {
                "findings": [finding.as_json() for finding in findings],
                "problems": sum(finding.state == PROBLEM for finding in findings),
            }
        )
        return
    for finding in findings:
        say(f"  {finding.state:<8} {finding.topic}: {visible(finding.seen)}")
        if finding.advice:
            say(f"           → {visible(finding.advice)}")
    next_step("labelprep scan DIR" if place is None else "labelprep show")
