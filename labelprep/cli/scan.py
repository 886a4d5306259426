"""``labelprep scan DIR``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelprep.cli.bars import bars
from labelprep.cli.options import JsonFullOption, JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, tell, visible
from labelprep.cli.quoting import quoted, shortened
from labelprep.model.images import SPLIT_NAMES

if TYPE_CHECKING:
    from labelprep.library import ScanReport


FLAT = "flat"


class Labels(StrEnum):
    """Whether folder names are labels."""

    AUTO = "auto"
    FOLDER = "folder"
    NONE = "none"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan")(scan)


def scan(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of images.")],
    *,
    labels: Annotated[
        Labels, typer.Option(help="Take folder names as labels: where they look like it, always, never.")
    ] = Labels.AUTO,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read images.", show_default="one a core")
    ] = None,
    proxy_size: Annotated[
        int | None,
        typer.Option(min=32, max=4096, help="Short side of proxies in pixels.", show_default="256"),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one file may take.")] = 60.0,
    max_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Bytes above which a file is not read: too_large. Kept for later scans.",
            show_default="1073741824, 1 GiB",
        ),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Width × height above which a picture is not decoded: too_large. Kept for later scans, and "
            "what reads the originals later, as train does, holds it too.",
            show_default="178956970",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 where anything is wrong.")] = False,
    manifest: ManifestOption = None,
    json: JsonOption = False,
    json_full: JsonFullOption = False,
) -> None:
    """Index a folder of images, with the labels its folders state.

    Facts, damage, labels and splits go into the manifest; originals are only read. A second scan opens only
    what has changed.
    """
    as_json = json or json_full
    with explained(as_json=as_json):
        from labelprep.library import ScanOptions, scan_folder  # noqa: PLC0415 - numpy and pillow load here

        options = ScanOptions(
            labels=str(labels),
            workers=workers,
            proxy_size=proxy_size,
            item_seconds=timeout,
            max_bytes=max_bytes,
            max_pixels=max_pixels,
        )
        report = scan_folder(folder, manifest=manifest, options=options, progress=bars())
    if as_json:
        emit_json(report.as_json(), full=json_full)
    else:
        render(report, folder)
    if strict and any(issue.severity != "note" for issue in report.issues):
        raise typer.Exit(1)


def render(report: ScanReport, folder: Path) -> None:
    """Show a scan to a person."""
    from labelprep.cli.issue_list import render_issues  # noqa: PLC0415 - only for people

    for note in report.notes:
        tell(f"note: {visible(note)}")
    rate = (
        f", {(report.added + report.changed) / report.seconds:,.0f} images/s"
        if report.added + report.changed
        else ""
    )
    say(f"{counted(report.images, 'image')} in {visible(str(folder))} ({report.seconds:.1f} s{rate})")
    say(f"  {_changes(report)}")
    say(f"  status: {_pairs(report.status)}")
    if report.skipped:
        say(f"  no images, counted and skipped: {_pairs(report.skipped)}")
    source = None if report.classes or report.proposed_classes else _source_near(report)
    _render_labels(report, source)
    render_issues(report.issues)
    where = "made beside the images, since this folder lies inside them" if _is_beside(report) else "made"
    say("", f"Manifest: {visible(str(report.manifest))}" + (f" ({where})" if report.created else ""))
    next_step(_next(report, folder, source))


def _is_beside(report: ScanReport) -> bool:
    return report.manifest.parent.name == f"{report.root.name}.labelprep"


def _changes(report: ScanReport) -> str:
    numbers = {name: getattr(report, name) for name in ("added", "changed", "moved", "unchanged", "missing")}
    return _pairs({name: number for name, number in numbers.items() if number}) or "nothing found"


def _pairs(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in numbers.items())


def _source_near(report: ScanReport) -> Path | None:
    from labelprep.workflows.nearby import labels_near  # noqa: PLC0415 - only for people

    found = labels_near(report.root, Path.cwd())
    return None if found is None else shortened(found)


def _render_labels(report: ScanReport, source: Path | None) -> None:
    if not report.classes:
        say("", f"No labels: {report.layout_doubt or 'no folder states a class'}.")
        if report.proposed_classes:
            names = ", ".join(visible(name) for name in report.proposed_classes[:8])
            say(f"  If the folders are classes ({names}), say so: labelprep scan DIR --labels folder")
        elif source is not None:
            say(f"  They may stand in {visible(str(source))}, which lies here.")
        else:
            say("  Put the images of each class into a folder named like it,")
            say("  or fill in a sheet: labelprep template labels.xlsx")
        if source is None:
            say("  If the file names tell the class: labelprep import --pattern suggest")
        return
    splits = f"; splits: {_pairs(report.splits)}" if report.splits else ""
    # Flat folders state nothing: then a sheet or file names have given the labels.
    where = "Labels" if report.layout == FLAT else f"Labels from folders {visible(report.layout)}"
    say("", f"{where}: {counted(len(report.classes), 'class', 'classes')}{splits}")
    limit = 30
    rows = (
        sorted(report.classes.items(), key=lambda item: -item[1])[:limit]
        if len(report.classes) > limit
        else report.classes.items()
    )
    say(table(("class", "images"), [(name, f"{number:,}") for name, number in rows]))
    if len(report.classes) > limit:
        say(f"  … and {len(report.classes) - limit:,} more classes (labelprep show)")
    if report.unlabeled:
        say(f"  {counted(report.unlabeled, 'image')} without a label")


def _next(report: ScanReport, folder: Path, source: Path | None) -> str:
    if not report.images:
        return "labelprep scan DIR, with a folder that holds images"
    if not report.classes:
        # Folders called train and test1 are hardly classes; file names may tell them.
        is_split = any(name.casefold() in SPLIT_NAMES for name in report.proposed_classes)
        if report.proposed_classes and not is_split:
            return f"labelprep scan {quoted(folder)} --labels folder"
        if source is not None:
            return f"labelprep import {quoted(source)}"
        if is_split:
            return "labelprep import --pattern suggest"
        return "labelprep template labels.xlsx, a sheet to fill in"
    return f"labelprep train {quoted(folder)}"
