"""The command line: parse, one library call, render, exit code; one module a command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of the script ``labelprep``."""
    from labelprep.cli.application import run  # noqa: PLC0415 - `import labelprep.cli` stays free of typer

    run()
