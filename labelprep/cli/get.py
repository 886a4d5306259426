"""``labelprep get NAME DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible
from labelprep.cli.quoting import quoted

if TYPE_CHECKING:
    from labelprep.workflows.getting import Got


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("get")(get)


def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="mnist, fashion_mnist or cifar10.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the pictures.")],
    *,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="An .npz to take instead of fetching it.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write a small standard data set as pictures.

    MNIST, Fashion-MNIST or CIFAR-10, in folders train|test/<class>/.
    """
    with explained(as_json=json):
        from labelprep.workflows.getting import get_dataset  # noqa: PLC0415 - numpy loads here

        got = get_dataset(name, folder, source=source, progress=bars())
    if json:
        emit_json(got.as_json())
        return
    render(got)
    next_step(f"labelprep scan {quoted(folder)}")


def render(got: Got) -> None:
    """Show what was written to a person."""
    kept = f", {got.kept:,} were there already" if got.kept else ""
    say(f"{counted(got.written, 'picture')} written to {visible(str(got.folder))}{kept}.")
    say(table(("split", "pictures"), [(split, f"{count:,}") for split, count in got.splits.items()]))
    say(table(("class", "pictures"), [(name, f"{count:,}") for name, count in got.classes.items()]))
