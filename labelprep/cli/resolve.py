"""``labelprep resolve``."""

from __future__ import annotations

from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("resolve")(resolve)


def resolve(
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="IMAGE", help="Images to decide by hand.", show_default="all in conflict"),
    ] = None,
    *,
    prefer: Annotated[
        str | None,
        typer.Option(metavar="SOURCE|majority", help="Whose word decides, as `labelprep sources` lists it."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="CLASS", help="The class; again for several.", show_default=False),
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Decide where sources disagree, as a person's word; `labelprep undo` takes it back.

    Either --prefer, for all images in conflict, or images with --label.
    """
    with explained(as_json=json):
        from labelprep.errors import UsageError  # noqa: PLC0415 - loads with the command
        from labelprep.workflows import settling  # noqa: PLC0415 - sqlite3 loads here

        by_hand = bool(images and label)
        if by_hand == (prefer is not None) or bool(images) != bool(label):
            raise UsageError(
                "who decides?",
                fix="labelprep resolve --prefer SOURCE|majority, or: labelprep resolve IMAGE --label CLASS",
            )
        with opened(manifest) as store:
            if by_hand:
                number = settling.decide(store, images or [], label or [])
                document = {"resolved": number, "labels": label}
            else:
                settled = settling.prefer(store, prefer or "")
                document = settled.as_json()
    if json:
        emit_json(document)
        return
    if by_hand:
        say(f"{counted(number, 'image')} labelled {visible(', '.join(label or []))}.")
        next_step("labelprep show")
        return
    say(f"{settled.resolved:,} of {counted(settled.conflicts, 'conflict')} resolved.")
    for reason, count in settled.left.items():
        say(f"  left: {count:,}, {reason}")
    next_step("labelprep show" if not settled.left else "labelprep resolve IMAGE --label CLASS, for the rest")
