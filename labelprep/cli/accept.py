"""``labelprep accept``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible

if TYPE_CHECKING:
    from labelprep.workflows.accepting import Accepted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept")(accept)


def accept(
    *,
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", help="From which confidence on, 0 to 1.")
    ] = 0.95,
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", metavar="A,B", help="Only these classes.", show_default="all"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="What one network said, as `labelprep sources` lists it."),
    ] = None,
    overrule: Annotated[
        bool, typer.Option("--overrule", help="Also where the image has another label.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be accepted.")] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Take what a network predicted over as labels.

    It is what `predict --to manifest` stored, or an import of predictions. Images that have a label keep it.
    `labelprep undo` takes all of it back.
    """
    with explained(as_json=json):
        from labelprep.workflows.accepting import AcceptOptions, accept_predictions  # noqa: PLC0415 - sqlite3 loads here

        names = tuple(part.strip() for word in classes or () for part in word.split(",") if part.strip())
        options = AcceptOptions(min_confidence, names, source, overrule, dry_run)
        with opened(manifest) as store:
            done = accept_predictions(store, options)
    if json:
        emit_json(done.as_json())
    else:
        render(done, min_confidence)


def render(done: Accepted, min_confidence: float) -> None:
    """Show a person what was accepted."""
    verb = "Would accept" if done.dry_run else "Accepted"
    named = ", ".join(f"{number:,} {name}" for name, number in done.classes.items())
    say(
        f"{verb} {done.accepted:,} of {counted(done.predicted, 'predicted image')}, "
        f"confidence {min_confidence:g} or more{visible(': ' + named) if named else ''}."
    )
    for reason, number in done.left.items():
        say(f"  left: {number:,}, {reason}")
    if done.command is not None:
        say(f"One command ({done.command}); `labelprep undo` takes it back.")
    next_step("labelprep accept" if done.dry_run and done.accepted else "labelprep show")
