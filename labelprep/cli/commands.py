"""The table of commands: where each is and what it does, so that the help page need not load them all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from collections.abc import Iterator


class Place(NamedTuple):
    """Where a command is: the name of its module, and the line that tells of it on the help page."""

    module: str
    summary: str


COMMANDS: Final = {
    "scan": Place("scan", "Index a folder of images, with the labels its folders state."),
    "import": Place("import_", "Take labels from a sheet, label files or file names."),
    "detect": Place("detect", "Say what format labels are in."),
    "template": Place("template", "Write a sheet of the images to fill in with labels."),
    "export": Place("export", "Write the labels of today in some format."),
    "convert": Place("convert", "Write labels of one format in another."),
    "check": Place("check", "Look for mistakes in images, labels, classes, splits."),
    "duplicates": Place("duplicates", "Find images that show the same picture."),
    "show": Place("show", "Show a manifest at a glance."),
    "explain": Place("explain", "Show who said what about one image."),
    "report": Place("report", "Write a page about a manifest, with pictures."),
    "split": Place("split", "Give images without a split one."),
    "classes": Place("classes", "List, import, rename, merge and retire classes."),
    "sources": Place("sources", "List what labels came from."),
    "remove-source": Place("remove_source", "Take away all that one source says."),
    "resolve": Place("resolve", "Decide where sources disagree."),
    "diff": Place("diff", "Show where two manifests, or a manifest and a sheet, differ."),
    "log": Place("log", "List what changed the manifest, newest first."),
    "undo": Place("undo", "Take back the newest command, or command N."),
    "relocate": Place("relocate", "Tell a manifest where its images lie now."),
    "clean": Place("clean", "Remove from the caches what no image needs."),
    "doctor": Place("doctor", "Say what this machine has and lacks, and what to do."),
    "train": Place("train", "Train a CNN on labelled images."),
    "lesson": Place("lesson", "Show what one training step does, in figures."),
    "runs": Place("runs", "List and compare trainings, and name the best."),
    "evaluate": Place("evaluate", "Judge a trained network on a split."),
    "predict": Place("predict", "Say what is on photos, with a trained network."),
    "export-model": Place("export_model", "Write a trained network for other programs."),
    "audit": Place("audit", "Find the labels that are wrong."),
    "accept": Place("accept", "Take what a network predicted over as labels."),
    "get": Place("get", "Write a small standard data set as pictures."),
    "demo": Place("demo", "Run the main job on drawn sample pictures."),
}
"""In the order of the help page."""


class Commands(TyperGroup):
    """The group of all commands; one loads when it is called for."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - Typer's own
        """Take Typer's settings of a group."""
        super().__init__(**settings)
        self.commands: Mapping[str, Any] = _LoadedWhenAsked()  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - Typer's own
        """Write the table of the help page."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


class _LoadedWhenAsked(Mapping[str, Any]):
    """Commands by name, as Typer wants them."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a command of Typer's
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        import_module(f"labelprep.cli.{COMMANDS[name].module}").register(app)
        # A callback makes it a group, however few commands the module has.
        app.callback()(_nothing)
        return get_group(app).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _nothing() -> None:
    pass
