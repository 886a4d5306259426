"""The Typer application, and errors of use told as our own errors are."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

os.environ.setdefault("TYPER_USE_RICH", "0")

import typer
from typer.exceptions import TyperException

from labelprep.cli.commands import Commands
from labelprep.cli.output import report_error, report_interrupted, tell
from labelprep.errors import Interrupted, UsageError

HELP = (
    "From a pile of images, with labels in any form, to one checked label manifest and a trained CNN. "
    "Start with `labelprep demo`, or `labelprep scan ./images`."
)


def build() -> typer.Typer:
    """Return the application."""
    app = typer.Typer(
        cls=Commands, help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )
    app.callback()(_root)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed  # noqa: PLC0415 - costs 20 ms at start-up

        sys.stdout.write(f"labelprep {installed('labelprep')}\n")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    pass


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    os.environ.pop("TYPER_USE_RICH", None)
    for stream in (sys.stdout, sys.stderr):
        _never_fails(stream)
    sys.exit(execute(given))


def _never_fails(stream: Any) -> None:  # noqa: ANN401 - any text stream, also a test's
    """Let a console that cannot show a character show a replacement instead of a traceback."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def execute(arguments: list[str]) -> int:
    """Run one command line in this process and return its exit code."""
    as_json = "--json" in arguments or "--json-full" in arguments
    try:
        result = build()(args=arguments, standalone_mode=False, prog_name="labelprep")
    except (typer.Abort, KeyboardInterrupt):
        report_interrupted(as_json=as_json)
        return Interrupted.exit_code
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        return _wrong_use(error, as_json=as_json)
    except SystemExit:
        # Typer leaves so, and only then, when the reader has gone (`labelprep … | head`): that is no error.
        return 0
    return result if isinstance(result, int) else 0


def _wrong_use(error: TyperException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    if type(error).__name__ == "NoArgsIsHelpError":
        tell(message)
        return UsageError.exit_code
    # Typer checks words by a library that says what kind of exception it was.
    message = message.replace("Value error, ", "")
    command = f"labelprep {context.info_name}" if context is not None and context.parent else "labelprep"
    report_error(UsageError(message, fix=f"see `{command} --help`"), as_json=as_json)
    return UsageError.exit_code
