"""``labelprep remove-source SOURCE``."""

from __future__ import annotations

from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("remove-source")(remove_source)


def remove_source(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A source as `labelprep sources` lists it, or its path.")
    ],
    *,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Take away all that one source says.

    The file itself is not touched; `labelprep undo` brings its labels back.
    """
    with explained(as_json=json):
        from labelprep.workflows.sourcing import remove_source as remove  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            removed = remove(store, source)
    if json:
        emit_json(removed.as_json())
        return
    say(
        f"{visible(removed.location)} ({removed.kind}) says nothing any more: "
        f"{counted(removed.statements, 'statement')} removed, "
        f"{counted(removed.labels_changed, 'image')} with another label. `labelprep undo` takes it back."
    )
    if removed.kind == "folder":
        say("  A scan takes labels from folders again, unless it is told --labels none.")
    next_step("labelprep sources")
