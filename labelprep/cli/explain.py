"""``labelprep explain IMAGE``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import emit_json, explained, next_step, say, visible
from labelprep.model.ranks import Rank

if TYPE_CHECKING:
    from labelprep.manifest.statements import Said
    from labelprep.workflows.showing import Explanation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Path of an image, or the end of it.")],
    *,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Show who said what about one image.

    And why its label is what it is.
    """
    with explained(as_json=json):
        from labelprep.workflows.showing import explain as explain_image  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=False) as store:
            found = explain_image(store, image)
    if json:
        emit_json(found.as_json())
    else:
        render(found)


def render(found: Explanation) -> None:
    """Show an explanation to a person."""
    facts = found.facts
    say(visible(found.path))
    say(f"  status: {facts['status']}" + (f" ({visible(facts['problem'])})" if facts["problem"] else ""))
    if facts["width_px"]:
        size = f"{facts['width_px']} × {facts['height_px']} px upright, {facts['mode']}, {facts['format']}"
        say(f"  picture: {size}, {facts['size_bytes']:,} bytes")
    for note in found.notes:
        say(f"  note: {visible(note)}")
    label = "conflict" if found.conflict else ", ".join(found.labels) or "none"
    say(f"  label: {visible(label)} — {visible(found.reason)}")
    split = f"{found.split} (from {found.split_source})" if found.split else "none"
    say(f"  split: {split}")
    if found.label_predates_file:
        say("  the file has changed since a person labelled it: look at it again")
    say("", "Statements:" if found.said else "No source has said anything about it.")
    for said in found.said:
        say(f"  {_line(said)}")
    next_step("labelprep show")


def _line(said: Said) -> str:
    shapes = f"shapes of {', '.join(dict.fromkeys(said.shapes))}" if said.shapes else "no class"
    classes = ", ".join(said.classes) or shapes
    place = said.locator if said.location == "." else f"{said.location}:{said.locator}"
    author = f" by {said.author}" if said.author else ""
    sure = "" if said.confidence is None else f", confidence {said.confidence:.3f}"
    state = f", removed by command {said.removed_by}" if said.removed_by is not None else ""
    rank = Rank(said.rank).name.lower()
    return visible(f"{classes:<16} {place} (rank {rank}{author}{sure}, command {said.added_by}{state})")
