"""``labelprep split``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption, OverwriteOption, SeedOption
from labelprep.cli.output import emit_json, explained
from labelprep.cli.split_view import render_folds, render_proof, render_split
from labelprep.errors import UsageError

if TYPE_CHECKING:
    from labelprep.workflows.splitting import Asked


class LockWord(StrEnum):
    """The splits."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("split")(split)


def split(
    *,
    train: Annotated[
        float | None, typer.Option(help="Share of images that train.", show_default="0.8")
    ] = None,
    val: Annotated[float | None, typer.Option(help="Share that validates.", show_default="0.1")] = None,
    test: Annotated[float | None, typer.Option(help="Share that tests.", show_default="0.1")] = None,
    seed: SeedOption = 0,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN|folder[:N]|column|none",
            help="Also keep together what this says: {group} in a pattern, the folder, its first N levels.",
            show_default="as last time; column",
        ),
    ] = None,
    burst: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Also keep together shots of one camera, each so soon after another (EXIF); 0 ends it.",
            show_default="as last time; none",
        ),
    ] = None,
    near: Annotated[
        bool | None,
        typer.Option(
            "--near/--no-near", help="Keep near duplicates together.", show_default="as last time; --near"
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Assign anew what is not locked: for other shares, seed, groups.")
    ] = False,
    lock: Annotated[
        list[LockWord] | None,
        typer.Option(help="Lock this split: --again moves none of its images; repeatable."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Change nothing, print the proof; exit 1 where anything leaks.")
    ] = False,
    kfold: Annotated[
        int | None,
        typer.Option(metavar="K", help="Change nothing; deal what is not in test into K folds (0 … K−1)."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Of --kfold: where to write folds."),
    ] = None,
    overwrite: OverwriteOption = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Give images without a split one.

    Stratified by class, whole groups together (equal and near pictures, patients, bursts); images that have a
    split keep it, now and later.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.splits.quotas import checked_shares  # noqa: PLC0415 - loads with the command
        from labelprep.workflows.splitting import Asked, split_images, verified  # noqa: PLC0415 - sqlite3 loads here

        _check(kfold=kfold, verify=verify, changes=again or bool(lock), to=to)
        shares = checked_shares(train, val, test)
        asked = Asked(group, burst, near, again=again, lock=tuple(lock or ()))
        if kfold is not None:
            _fold(manifest, kfold, seed, asked, (to, overwrite), as_json=as_json, full=json_full)
            return
        with opened(manifest) as store:
            if verify:
                found = verified(store, asked=asked, progress=bars())
            else:
                found = split_images(store, shares, seed=seed, asked=asked, progress=bars())
    if as_json:
        emit_json(found.as_json(), full=json_full)
    elif verify:
        render_proof(found)
    else:
        render_split(found)
    if verify and found.leaks:
        raise typer.Exit(1)


def _check(*, kfold: int | None, verify: bool, changes: bool, to: Path | None) -> None:
    """Refuse options that contradict each other.

    Raises: UsageError.
    """
    if kfold is not None and (verify or changes):
        raise UsageError("--kfold changes nothing and proves nothing", fix="give --kfold without the others")
    if verify and changes:
        raise UsageError("--verify changes nothing", fix="split first, then verify")
    if to is not None and kfold is None:
        raise UsageError("--to belongs to --kfold", fix="add --kfold 5; `labelprep export` writes splits")


def _fold(
    manifest: Path | None,
    number: int,
    seed: int,
    asked: Asked,
    target: tuple[Path | None, bool],
    *,
    as_json: bool,
    full: bool,
) -> None:
    from labelprep.workflows.folding import folds_of, write_folds  # noqa: PLC0415 - sqlite3 loads here

    with opened(manifest) as store:
        report = folds_of(store, number, seed=seed, asked=asked, progress=bars())
    place, overwrite = target
    if place is not None:
        write_folds(report, place, overwrite=overwrite)
    if as_json:
        emit_json(report.as_json() | ({"written": str(place)} if place else {}), full=full)
    else:
        render_folds(report, place)
