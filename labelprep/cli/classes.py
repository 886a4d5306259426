"""``labelprep classes list|import|rename|merge|retire``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labelprep.cli.opening import opened
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible

ClassArgument = Annotated[str, typer.Argument(metavar="CLASS", help="The name of a class.")]


def register(app: typer.Typer) -> None:
    """Add the command and its verbs."""
    verbs = typer.Typer(
        help="List, import, rename, merge and retire classes.", no_args_is_help=True, rich_markup_mode=None
    )
    verbs.command("list")(list_)
    verbs.command("import")(import_)
    verbs.command("rename")(rename)
    verbs.command("merge")(merge)
    verbs.command("retire")(retire)
    app.add_typer(verbs, name="classes")


def list_(
    *, manifest: ManifestOption = None, json: JsonOption = False, json_full: JsonFullOption = False
) -> None:
    """List the classes in the order of their ids, which never change."""
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.workflows.editing import list_classes  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest, for_writing=False) as store:
            rows = list_classes(store)
    if as_json:
        emit_json({"classes": [row.as_json() for row in rows]}, full=json_full)
        return
    states = [
        f"merged into {row.merged_into}" if row.merged_into else "retired" if row.retired else ""
        for row in rows
    ]
    lines = [
        (row.id, row.name, f"{row.images:,}", ", ".join(row.aliases), state)
        for row, state in zip(rows, states, strict=True)
    ]
    say(table(("id", "class", "images", "also known as", ""), lines) if rows else "No classes yet.")
    next_step("labelprep show")


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="classes.txt, data.yaml, obj.names or a COCO file.")
    ],
    *,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the text, such as gb18030.", show_default="found out")
    ] = None,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Add the classes of a list, in its order: the first thing to do where ids have to be those of others."""
    with explained(as_json=json):
        from labelprep.workflows.class_lists import import_classes  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            found = import_classes(store, file, encoding)
    if json:
        emit_json(found.as_json())
        return
    say(f"{counted(len(found.added), 'class', 'classes')} added, {len(found.known):,} known already.")
    next_step("labelprep classes list")


def rename(
    old: ClassArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    *,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Give a class another name; its id stays, and the old name stays known as an alias."""
    with explained(as_json=json):
        from labelprep.workflows.editing import rename_class  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            images = rename_class(store, old, new)
    _done(f"{visible(old)} is now {visible(new)}", images, as_json=json)


def merge(
    names: Annotated[
        list[str],
        typer.Argument(metavar="CLASS… TARGET", help="Classes, the last one being what they become."),
    ],
    *,
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Make several classes one: CLASS… become TARGET, and later sources too."""
    with explained(as_json=json):
        from labelprep.errors import UsageError  # noqa: PLC0415 - loads with the command
        from labelprep.workflows.editing import merge_classes  # noqa: PLC0415 - sqlite3 loads here

        if len(names) < 2:  # noqa: PLR2004 - one to merge, one to merge into
            raise UsageError("a merge needs two classes", fix="labelprep classes merge CLASS TARGET")
        with opened(manifest) as store:
            images = merge_classes(store, names[:-1], names[-1])
    _done(f"{visible(', '.join(names[:-1]))} merged into {visible(names[-1])}", images, as_json=json)


def retire(name: ClassArgument, *, manifest: ManifestOption = None, json: JsonOption = False) -> None:
    """Take a class out of training; it keeps its id and its images their label."""
    with explained(as_json=json):
        from labelprep.workflows.editing import retire_class  # noqa: PLC0415 - sqlite3 loads here

        with opened(manifest) as store:
            images = retire_class(store, name)
    _done(f"{visible(name)} is retired", images, as_json=json)


def _done(sentence: str, images: int, *, as_json: bool) -> None:
    if as_json:
        emit_json({"images": images})
        return
    say(f"{sentence} ({counted(images, 'image')}). `labelprep undo` takes it back.")
    next_step("labelprep classes list")
