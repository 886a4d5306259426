"""``labelprep undo [N]``."""

from __future__ import annotations

from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("undo")(undo)


def undo(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[N]", help="The command to take back (see log).", show_default="the newest"),
    ] = None,
    *,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Take back the newest command, or command N.

    Command N only where nothing later touched the same rows.
    """
    with explained(as_json=json):
        from labelprep.workflows.editing import undo as undo_command  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            undone = undo_command(store, number)
    if json:
        emit_json(
            {
                "undone": undone.number,
                "name": undone.name,
                "command": undone.command,
                "changes": undone.changes,
                "statements": undone.statements,
                "classes_removed": list(undone.classes),
                "images": len(undone.images),
            }
        )
        return
    say(
        f"Command {undone.number} ({undone.name}) is undone: "
        f"{counted(undone.changes, 'change')}, {counted(undone.statements, 'statement')}."
    )
    say(f"`labelprep undo {undone.command}` does it again.")
    next_step("labelprep show")
