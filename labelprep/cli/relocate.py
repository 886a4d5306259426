"""``labelprep relocate DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, visible
from labelprep.cli.quoting import quoted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("relocate")(relocate)


def relocate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the images lie now.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also where none of the images is there.")] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Tell a manifest where its images lie now.

    After the folder of images was moved or renamed.
    """
    with explained(as_json=json):
        from labelprep.workflows.editing import relocate as relocate_root  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            looked, present = relocate_root(store, folder, force=force)
            root = store.root
    if json:
        emit_json({"root": str(root), "looked_for": looked, "present": present})
        return
    say(f"The images lie in {visible(str(root))} now: {present} of {looked} looked for are there.")
    next_step(f"labelprep scan {quoted(folder)}")
