"""``labelprep split``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption, SeedOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible

if TYPE_CHECKING:
    from labelprep.workflows.splitting import SplitReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("split")(split)


def split(
    *,
    train: Annotated[float, typer.Option(help="Share of images that train.")] = 0.8,
    val: Annotated[float, typer.Option(help="Share that validates.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share that tests.")] = 0.1,
    seed: SeedOption = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Change nothing; exit 1 where equal images lie in two splits.")
    ] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Give images without a split one.

    Stratified by class, equal pictures together; images that have a split keep it, now and later.
    """
    with explained(as_json=json or json_full):
        from labelprep.splits.assigning import checked_shares  # noqa: PLC0415 - loads with the command
        from labelprep.workflows.splitting import report, split_images  # noqa: PLC0415 - sqlite3 loads here

        shares = checked_shares(train, val, test)
        with opened(manifest, for_writing=not verify) as store:
            found = report(store) if verify else split_images(store, shares, seed=seed)
    if json or json_full:
        emit_json(found.as_json(), full=json_full)
    else:
        render(found, verify=verify)
    if verify and found.leaks:
        raise typer.Exit(1)


def render(found: SplitReport, *, verify: bool) -> None:
    """Show splits to a person."""
    if not verify:
        again = f" with seed {found.seed}" if found.assigned else ""
        say(f"{counted(found.assigned, 'image')} assigned{again}, {found.kept:,} kept their split.")
    names = list(found.splits)
    rows = [(name, *(f"{row[column]:,}" for column in names)) for name, row in found.classes.items()]
    if len(rows) > 1:
        rows.append(("all", *(f"{found.splits[name]:,}" for name in names)))
    say(table(("class", *names), rows))
    if found.left_out:
        say(f"  {counted(found.left_out, 'image')} without a usable label or picture left out")
    for leak in found.leaks[:10]:
        places = ", ".join(f"{visible(image['path'])} ({image['split']})" for image in leak["images"])
        say(f"  leak, {leak['reason']}: {places}")
    if verify:
        say("Leaks between splits: " + (f"{len(found.leaks):,}" if found.leaks else "none"))
    next_step("labelprep train" if not found.leaks else "labelprep show")
