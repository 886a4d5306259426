"""``labelprep duplicates``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible
from labelprep.model import prompts

if TYPE_CHECKING:
    from labelprep.workflows.duplicates import DuplicatesReport, Group

SHOWN_GROUPS = 5
SHOWN_IMAGES = 4
COUNTED = ("near", "crop", "turned")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("duplicates")(duplicates)


def duplicates(
    *,
    near: Annotated[
        int | None,
        typer.Option(help="Bits of 128 that fingerprints may differ: 0 to 13.", show_default="13"),
    ] = None,
    crops: Annotated[
        bool, typer.Option("--crops", help="Find crops too, down to nine tenths of the sides.")
    ] = False,
    turns: Annotated[
        bool, typer.Option("--turns", help="Find mirrored pictures and those turned by quarters too.")
    ] = False,
    exclude: Annotated[
        bool, typer.Option("--exclude", help="Exclude all but the one to keep; undo takes it back.")
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Find images that show the same picture, and say which one to keep.

    Equal files, equal pixels in another format, and copies that were rescaled, compressed or brightened, or
    that carry a small logo. Crops and turned copies are asked for: splits do not heed them.
    """
    with explained(as_json=json or json_full):
        from labelprep.workflows import duplicates as work  # noqa: PLC0415 - numpy loads here
        from labelprep.workflows.contents import RADIUS  # noqa: PLC0415 - the same
        from labelprep.workflows.views import CROP, TURN  # noqa: PLC0415 - the same

        with opened(manifest) as store:
            views = [level for level, wanted in ((CROP, crops), (TURN, turns)) if wanted]
            radius = RADIUS if near is None else near
            found = work.find_duplicates(store, near=radius, views=views, progress=bars())
            if exclude:
                excluded, left = work.exclude(store, found)
                found = replace(found, excluded=excluded, left=left)
    if json or json_full:
        emit_json(found.as_json(), full=json_full)
    else:
        asked = "".join(f" {name}" for name, wanted in (("--crops", crops), ("--turns", turns)) if wanted)
        render(found, is_done=exclude, asked=asked)


def render(found: DuplicatesReport, *, is_done: bool, asked: str = "") -> None:
    """Show groups to a person: counts, a few of each list, what to type next (with ``asked``)."""
    if not found.groups:
        say(f"No duplicates among {counted(found.images, 'image')}.")
        next_step("labelprep split")
        return
    number = counted(
        len(found.groups), "picture is there more than once", "pictures are there more than once"
    )
    say(f"{number} among {counted(found.images, 'image')}; {found.surplus:,} could go.")
    for kind, count in found.counts.items():
        say(f"  {count:>7,}  {kind}")
    if found.across:
        say(f"  {found.across:>7,}  of them in more than one split")
    two_labels = found.two_labels
    if two_labels:
        say("", f"Same picture with two labels: {len(two_labels):,} (never excluded: which label is right?)")
        _render_groups(two_labels)
    others = [group for group in found.groups if len(group.labels) <= 1]
    if others:
        say("", f"Groups, the largest first: {len(others):,}")
        _render_groups(others)
    if is_done:
        say("", f"{counted(found.excluded, 'image')} excluded.")
        if found.left:
            told = counted(found.left, "group is left as it is", "groups are left as they are")
            say(f"{told}: their labels differ.")
    resolve = (
        f"labelprep resolve {prompts.quoted(visible(two_labels[0].keep.path))} --label CLASS"
        if two_labels
        else ""
    )
    if not is_done:
        next_step(f"labelprep duplicates{asked} --exclude" if others else resolve)
    else:
        next_step(f"labelprep undo, to take this back, or {resolve or 'labelprep split'}")


def _render_groups(groups: list[Group] | tuple[Group, ...]) -> None:
    for group in groups[:SHOWN_GROUPS]:
        keep = group.keep
        # Of two labels either may be right: the one to keep is not said before a person has chosen.
        is_open = len(group.labels) > 1
        kept, reason = ("    ", "") if is_open else ("keep", f": {group.reason}")
        say(f"  {kept} {visible(keep.path)}{_told(keep.label, keep.split)}{reason}")
        for member in group.members[1 : 1 + SHOWN_IMAGES]:
            is_counted = member.kind in COUNTED and member.distance is not None
            bits = f", {counted(member.distance or 0, 'bit')} apart" if is_counted else ""
            say(f"       {visible(member.path)}{_told(member.label, member.split)}: {member.kind}{bits}")
        if len(group.members) > 1 + SHOWN_IMAGES:
            say(f"       … and {len(group.members) - 1 - SHOWN_IMAGES:,} more")
    if len(groups) > SHOWN_GROUPS:
        say(f"  … and {len(groups) - SHOWN_GROUPS:,} more groups (--json-full lists all)")


def _told(label: str | None, split: str | None) -> str:
    told = ", ".join(visible(text) for text in (label, split) if text)
    return f" ({told})" if told else ""
