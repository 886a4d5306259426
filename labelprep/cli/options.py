"""Options that several commands share, so that each has one name, one help text, one default."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
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


class FilesWord(StrEnum):
    """What becomes of the images themselves in an export."""

    COPY = "copy"
    LINK = "link"
    SYMLINK = "symlink"
    LEAVE = "leave"


FilesOption = Annotated[
    FilesWord | None,
    typer.Option(
        "--files",
        help="The images themselves: copied, hard links, symbolic links, or left where they are.",
        show_default="copy",
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what was written there before.")]
AllowLossOption = Annotated[bool, typer.Option("--allow-loss", help="Leave out what the format cannot hold.")]
VerifyOption = Annotated[bool, typer.Option("--verify", help="Read it back and compare.")]


def split_codes(words: Iterable[str]) -> tuple[str, ...]:
    """Return codes of checks that were given one by one or with commas, in capitals."""
    return tuple(part.strip().upper() for word in words for part in word.split(",") if part.strip())
