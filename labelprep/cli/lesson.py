"""``labelprep lesson [MANIFEST|DIR]``."""

from __future__ import annotations

import locale
import os
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonOption, ManifestOption, OverwriteOption
from labelprep.cli.output import emit_json, explained, next_step, say, table, visible, width
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.lesson_sections import Block, Sections

MOST_COLUMNS: Final = 100
CLOSING: Final = "，。：；、）】！？”"
OPENING: Final = "（【“"


class Language(StrEnum):
    """The languages of a lesson."""

    EN = "en"
    ZH = "zh"


class Model(StrEnum):
    """The networks of a lesson."""

    SIMPLE = "simple"
    COMPACT = "compact"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lesson")(lesson)


def lesson(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MANIFEST|DIR]",
            help="A manifest; or a folder, scanned where it has none.",
            show_default="the manifest here",
        ),
    ] = None,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="OUT.html", help="Write it as a page with pictures.", show_default="no page"
        ),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="en or zh.", show_default="that of this machine")
    ] = None,
    model: Annotated[Model, typer.Option(help="simple (the textbook network) or compact.")] = Model.SIMPLE,
    size: Annotated[
        int | None,
        typer.Option(
            "--image-size",
            "--size",
            help="Side of the pictures in pixels.",
            show_default="own size, at most 64",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images a step.", show_default="32, fewer of few images")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Size of a step.", show_default="0.05")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of everything random.", show_default="0")] = None,
    overwrite: OverwriteOption = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Show what one training step does, in figures from your own pictures.

    Where the labels and the first weights come from, one batch forward, the loss, the gradients with a
    proof, the update, how large the step is, and what an epoch is. Nothing is trained for keeps.
    """
    with explained(as_json=json):
        from labelprep.ml.options import TrainingOptions, check_options  # noqa: PLC0415 - numpy loads here
        from labelprep.workflows.lesson_page import write_page  # noqa: PLC0415 - the same
        from labelprep.workflows.lesson_sections import Sections  # noqa: PLC0415 - the same
        from labelprep.workflows.lessons import LessonRequest, teach  # noqa: PLC0415 - the same

        options = TrainingOptions(
            model=model.value, size_px=size, batch_size=batch_size, learning_rate=learning_rate, seed=seed
        )
        check_options(options)
        request = LessonRequest(target, manifest, options, page=html, overwrite=overwrite)
        taught = teach(request, bars())
        sections = Sections(taught, (language or of_this_machine()).value)
        if html is not None:
            write_page(html, sections)
    if json:
        emit_json(taught.as_json())
        return
    render(sections)
    if html is None:
        named = f" {quoted(shortened(target))}" if target is not None else ""
        spoken = f" --language {language.value}" if language is not None else ""
        next_step(f"labelprep lesson{named} --html lesson.html{spoken}")
    else:
        next_step(f"open {quoted(shortened(html.absolute()))} in a browser")


def of_this_machine() -> Language:
    """Return the language that the environment asks for: Chinese where it does, else English."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    asked = asked or locale.getlocale()[0] or ""
    return Language.ZH if asked.lower().startswith(("zh", "chinese")) else Language.EN


def render(sections: Sections) -> None:
    """Show a lesson to a person."""
    columns = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    say(sections.word("title"), *wrapped(sections.about(), columns))
    for number, section in enumerate(sections.all(), start=1):
        say("", f"{number}. {section.title}")
        for block in section.blocks:
            for line in _lines(block, columns):
                say(line)


def _lines(block: Block, columns: int) -> list[str]:
    from labelprep.workflows.lesson_sections import Cells, Prose, Worked  # noqa: PLC0415 - loads with lessons

    match block:
        case Prose(text):
            return wrapped(text, columns)
        case Worked(text):
            return [f"    {visible(text)}"]
        case Cells(header, rows):
            return [table(header, rows)]
        case _:
            return []


def wrapped(text: str, columns: int) -> list[str]:
    """Return text in lines of at most so many columns: broken at spaces, and between Chinese characters."""
    lines, line = [], ""
    for piece in _pieces(visible(text)):
        if line and width(line + piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Return the parts between which a line may be broken."""
    pieces: list[str] = []
    for letter in text:
        glued = pieces and (
            letter in CLOSING
            or pieces[-1][-1] in OPENING
            or (width(letter) == 1 and width(pieces[-1][-1]) == 1 and not pieces[-1].endswith(" "))
            or letter == " "
        )
        if glued:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
