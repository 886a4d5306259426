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


class FourPoints(StrEnum):
    """What four points can be in a format that does not tell."""

    POLYGON = "polygon"
    ROTATED_BOX = "rotated_box"


ClassNamesOption = Annotated[
    Path | None,
    typer.Option(
        "--class-names",
        metavar="FILE",
        help="YOLO: the list of classes.",
        show_default="the one beside the labels",
    ),
]
FourPointsOption = Annotated[
    FourPoints | None,
    typer.Option("--four-points", help="YOLO: what shapes of four points are.", show_default="found out"),
]
MarginOption = Annotated[
    float | None,
    typer.Option(
        "--margin",
        help="Of crops: how far round a shape, as a share of its longer side.",
        show_default="0",
    ),
]
MetadataOption = Annotated[
    str | None,
    typer.Option(
        "--metadata", metavar="csv|jsonl|parquet", help="Of huggingface: the form.", show_default="auto"
    ),
]


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
