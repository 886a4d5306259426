"""``labelprep demo``."""

from __future__ import annotations

import contextlib
import io
import json as json_format
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from labelprep.cli.options import JsonOption
from labelprep.cli.output import emit_json, explained, say, visible

NEW_PHOTOS = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    *,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to work.", show_default="a temporary folder")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run the main job on drawn sample pictures.

    Scan, import the same labels from a CSV, a workbook and LabelMe files, train, evaluate, predict, in a
    temporary folder and without a network connection.
    """
    with explained(as_json=json):
        place = prepared(folder)
    before = Path.cwd()
    os.chdir(place)
    try:
        if json:
            emit_json({"dir": str(place), "commands": _documents()})
        else:
            _shown()
            say("", f"All of this lies in {visible(str(place))}; open {BUNDLE}/report.html there.")
            say("Your turn: labelprep scan DIR, with a folder of your own images.")
    finally:
        os.chdir(before)


# What `train` takes by itself for colour pictures of 64 px.
BUNDLE = "runs/0001-resnet"
COMMANDS: Sequence[Sequence[str]] = (
    ("scan", "photos"),
    ("import", "labels.csv"),
    ("import", "labels.xlsx"),
    ("import", "labelme"),
    ("explain", "cup/cup_002.jpg"),
    ("train", "photos", "--image-size", "64", "--epochs", "8", "--batch-size", "32"),
    ("evaluate", BUNDLE),
    ("predict", BUNDLE, "new"),
)


def _shown() -> None:
    """Run the commands one after the other, as a person would type them; leave at the first that fails."""
    from labelprep.cli.application import execute  # noqa: PLC0415 - it imports this module

    for command in COMMANDS:
        say("", f"$ labelprep {' '.join(command)}")
        sys.stdout.flush()
        code = execute(list(command))
        if code:
            raise typer.Exit(code)


def _documents() -> list[dict[str, Any]]:
    """Run the commands with --json and return what each printed; leave at the first that fails."""
    from labelprep.cli.application import execute  # noqa: PLC0415 - it imports this module

    documents = []
    for command in COMMANDS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = execute([*command, "--json"])
        documents.append(
            {"command": ["labelprep", *command], "result": json_format.loads(printed.getvalue())}
        )
        if code:
            emit_json(documents[-1]["result"])
            raise typer.Exit(code)
    return documents


def prepared(folder: Path | None) -> Path:
    """Copy the sample data to a place to work in, some of its pictures apart as new ones.

    Raises: UsageError where the folder named is in use; SourceError where the sample data are missing.
    """
    from labelprep.errors import SourceError, UsageError  # noqa: PLC0415 - loads with the command

    source = samples()
    if source is None:
        raise SourceError(
            "the sample data are not installed", where="sample_data", fix="install labelprep again"
        )
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise UsageError("the folder is not empty", where=str(folder), fix="name a new folder")
    place = Path(tempfile.mkdtemp(prefix="labelprep-demo-")) if folder is None else folder.absolute()
    shutil.copytree(source, place, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
    (place / "new").mkdir()
    for kind in sorted(path for path in (place / "photos").iterdir() if path.is_dir()):
        for photo in sorted(kind.iterdir())[:NEW_PHOTOS]:
            photo.rename(place / "new" / f"new_{photo.name}")
    return place


def samples() -> Path | None:
    """Return the folder of sample data: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    places = (package / "sample_data", package.parent / "sample_data")
    return next((place for place in places if place.is_dir()), None)
