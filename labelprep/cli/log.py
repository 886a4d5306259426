"""``labelprep log``."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table

if TYPE_CHECKING:
    from labelprep.manifest.journal import Logged


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("log")(log)


def log(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many commands, the newest first.")] = 20,
    prune: Annotated[
        str | None,
        typer.Option(metavar="BEFORE", help="Forget how to undo what is older than this date (2026-01-31)."),
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """List what changed the manifest, newest first."""
    with explained(as_json=json):
        from labelprep.workflows.editing import log_of, prune_log  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=prune is not None) as store:
            pruned = None if prune is None else prune_log(store, prune)
            rows = log_of(store, limit)
    if json:
        emit_json(
            {"commands": [_as_json(row) for row in rows], **({} if pruned is None else {"pruned": pruned})}
        )
        return
    if pruned is not None:
        say(f"{counted(pruned, 'command')} can no longer be undone.")
    lines = [(row.number, row.at, row.name, _arguments(row), _state(row)) for row in rows]
    say(table(("number", "when (UTC)", "command", "with", ""), lines) if rows else "Nothing was done yet.")
    next_step("labelprep undo")


def _as_json(row: Logged) -> dict[str, object]:
    return {
        "number": row.number,
        "name": row.name,
        "arguments": dict(row.arguments),
        "author": row.author,
        "at": row.at,
        "changes": row.changes,
        "statements": row.statements,
        "undone_by": row.undone_by,
        "undoes": row.undoes,
    }


def _arguments(row: Logged) -> str:
    return " ".join(f"{key}={_short(value)}" for key, value in row.arguments.items())


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json_format.dumps(value, ensure_ascii=False)
    return text if len(text) <= 30 else text[:29] + "…"  # noqa: PLR2004 - a column's width


def _state(row: Logged) -> str:
    return f"undone by {row.undone_by}" if row.undone_by is not None else ""
