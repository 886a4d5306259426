"""``labelprep sources``."""

from __future__ import annotations

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, table
from labelprep.model.ranks import Rank


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sources")(sources)


def sources(*, manifest: ManifestOption = None, json: JsonOption = False) -> None:
    """List what labels came from, those whose word counts most first."""
    with explained(as_json=json):
        from labelprep.workflows.sourcing import as_json, list_sources  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=False) as store:
            found = list_sources(store)
    if json:
        emit_json({"sources": [as_json(source) for source in found]})
        return
    rows = [
        (
            source.location,
            source.kind,
            Rank(source.state.rank).name.lower(),
            f"{source.state.rows:,}",
            f"{source.state.matched:,}",
            f"{source.state.unmatched:,}",
            f"{source.images:,}",
            source.imported or "",
        )
        for source in found
    ]
    header = ("source", "kind", "rank", "rows", "matched", "unmatched", "images", "imported (UTC)")
    say(table(header, rows) if rows else "No source has said anything yet.")
    next_step("labelprep remove-source SOURCE" if rows else "labelprep import SOURCE")
