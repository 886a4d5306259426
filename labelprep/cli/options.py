"""Options that several commands share, so that each has one name, one help text, one default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; all else goes to stderr.")
]
JsonFullOption = Annotated[bool, typer.Option("--json-full", help="As --json, with lists at full length.")]
ManifestOption = Annotated[
    Path | None,
    typer.Option(
        "-m", "--manifest", help="The manifest file.", envvar="LABELPREP_MANIFEST", show_default="manifest.db"
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", help="The seed of everything random.")]
