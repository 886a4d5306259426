"""``labelprep duplicates``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, visible

if TYPE_CHECKING:
    from labelprep.workflows.duplicates import DuplicatesReport, Group, Member

SHOWN, SHOWN_MEMBERS = 5, 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("duplicates")(duplicates)


def duplicates(
    *,
    near: Annotated[
        bool, typer.Option("--near/--equal", help="Near duplicates too, or equal files only.")
    ] = True,
    exclude: Annotated[
        bool,
        typer.Option("--exclude", help="Leave out all but one of each group; `undo` takes it back."),
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Find images that show the same picture.

    Equal files, equal pixels in other files, and near duplicates: rescaled, compressed, brighter, with a
    small logo. What was compared is kept, so that the next search is quick.
    """
    with explained(as_json=json or json_full):
        from labelprep.workflows.duplicates import find_duplicates  # noqa: PLC0415 - numpy loads here

        with opened(manifest) as store:
            found = find_duplicates(store, bars(), near=near, exclude=exclude)
    if json or json_full:
        emit_json(found.as_json(), full=json_full)
    else:
        render(found, exclude=exclude)


def render(found: DuplicatesReport, *, exclude: bool) -> None:
    """Show groups to a person: counts first, then the largest few."""
    if not found.groups:
        say("No two images show the same picture.")
        next_step("labelprep split")
        return
    kinds = ", ".join(f"{number:,} of {kind}" for kind, number in found.as_json()["kinds"].items() if number)
    images = sum(len(group.members) for group in found.groups)
    say(f"{counted(len(found.groups), 'group')} with {counted(images, 'image')}: {kinds}")
    two = [group for group in found.groups if group.labels_differ]
    across = [group for group in found.groups if len(group.splits) > 1]
    _render_groups("The same picture with different labels", two)
    _render_groups("In more than one split", [group for group in across if not group.labels_differ])
    rest = [group for group in found.groups if not group.labels_differ and len(group.splits) < 2]  # noqa: PLR2004 - one split
    _render_groups("Others" if two or across else "", rest)
    if exclude:
        left = f"; {counted(found.left, 'group')} with different labels left as it is" if found.left else ""
        say("", f"{counted(found.excluded, 'image')} left out of training{left}.")
        next_step("labelprep undo takes it back; else labelprep split")
    elif two:
        next_step(f"labelprep explain {visible(two[0].members[0].path)}; or labelprep duplicates --exclude")
    else:
        next_step("labelprep duplicates --exclude")


def _render_groups(title: str, groups: list[Group]) -> None:
    if not groups:
        return
    say("", f"{title} ({len(groups):,}):" if title else "")
    for group in groups[:SHOWN]:
        keep, *others = group.members
        say(f"  keep  {_line(keep)}: {group.why}" if len(group.members) > 1 else f"  {_line(keep)}")
        for member in others[:SHOWN_MEMBERS]:
            say(f"        {_line(member)}")
        if len(others) > SHOWN_MEMBERS:
            say(f"        … and {len(others) - SHOWN_MEMBERS:,} more")
    if len(groups) > SHOWN:
        say(f"  … and {counted(len(groups) - SHOWN, 'more group')}")


def _line(member: Member) -> str:
    facts = [f"{member.width_px} × {member.height_px}", ", ".join(member.labels) or "no label"]
    if member.split:
        facts.append(member.split)
    return f"{visible(member.path)} ({visible(', '.join(facts))})"
