"""Paths as they can be typed at a prompt."""

from __future__ import annotations

from pathlib import Path

from labelprep.cli.output import visible
from labelprep.model import prompts


def quoted(path: Path) -> str:
    """Return a path in double quotes where a shell would take it apart."""
    return prompts.quoted(visible(str(path)))


def shortened(path: Path) -> Path:
    """Return a path as it is typed from here: relative where it lies below the working folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
