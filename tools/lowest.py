"""Print the lowest version of each direct dependency that ``pyproject.toml`` allows, as constraints.

To run the tests against them:

    python tools/lowest.py > lowest.txt
    python -m venv .venv-lowest
    .venv-lowest/bin/python -m pip install -c lowest.txt -e ".[dev]"
    .venv-lowest/bin/python -m pytest
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]


def lowest(requirement: str) -> str:
    """Return ``name==version`` (with its marker) for ``name>=version``."""
    needed = Requirement(requirement)
    versions = [bound.version for bound in needed.specifier if bound.operator == ">="]
    if len(versions) != 1:
        raise ValueError(f"{requirement!r} has no single lower bound (>=)")
    marker = f"; {needed.marker}" if needed.marker else ""
    return f"{needed.name}=={versions[0]}{marker}"


def main() -> None:
    """Print one line for each dependency, those of the extras last."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [needed for group in project["optional-dependencies"].values() for needed in group]
    for requirement in [*project["dependencies"], *extras]:
        print(lowest(requirement))


if __name__ == "__main__":
    main()
