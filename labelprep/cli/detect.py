"""``labelprep detect PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.options import JsonOption
from labelprep.cli.output import emit_json, explained, next_step, say, table
from labelprep.cli.quoting import quoted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("detect")(detect)


def detect(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, folder or archive with labels.")],
    *,
    json: JsonOption = False,
) -> None:
    """Say what format labels are in, and why it is none of the others."""
    with explained(as_json=json):
        from labelprep.workflows.detecting import detect as looked_at  # noqa: PLC0415 - readers load here

        looks = looked_at(path)
    if json:
        emit_json({"path": str(path), "formats": [look.as_json() for look in looks]})
        return
    rows = [
        (look.format, f"{look.confidence:.0%}" if look.is_likely else "no", look.reason) for look in looks
    ]
    say(table(("format", "sure", "because"), rows))
    if looks[0].is_likely and looks[0].format == "arrays":
        next_step(f"labelprep convert {quoted(path)} OUT --to folders")
    elif looks[0].is_likely:
        next_step(f"labelprep import {quoted(path)}")
    else:
        next_step(f"labelprep scan {quoted(path)}")
