"""``labelprep clean``."""

from __future__ import annotations

from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("clean")(clean)


def clean(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove all caches; they are made again when needed.")
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Remove from the caches what no image needs.

    Originals and labels are not touched; everything in the caches can be made again.
    """
    with explained(as_json=json):
        from labelprep.workflows.cleaning import clean as clean_caches  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            cleaned = clean_caches(store, everything=everything)
    if json:
        emit_json(cleaned.as_json())
        return
    say(
        f"Removed {counted(cleaned.removed_files, 'file')} ({cleaned.removed_bytes / 1e6:,.1f} MB); "
        f"{counted(cleaned.kept_files, 'file')} left ({cleaned.kept_bytes / 1e6:,.1f} MB)."
    )
    next_step("labelprep show")
