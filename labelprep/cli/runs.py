"""``labelprep runs list|compare|best``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelprep.cli.options import JsonOption, ManifestOption
from labelprep.cli.output import counted, emit_json, explained, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.run_listing import Comparison, ListedRun

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run: its number, its folder, or last.")]
CHANCE = 0.05


def register(app: typer.Typer) -> None:
    """Add the command and its verbs."""
    verbs = typer.Typer(
        help="List and compare trainings, and name the best.", no_args_is_help=True, rich_markup_mode=None
    )
    verbs.command("list")(list_)
    verbs.command("compare")(compare)
    verbs.command("best")(best)
    app.add_typer(verbs, name="runs")


def list_(*, manifest: ManifestOption = None, json: JsonOption = False) -> None:
    """List the trainings of a manifest, also those that are not finished."""
    with explained(as_json=json):
        from labelprep.workflows.run_listing import list_runs  # noqa: PLC0415 - numpy loads here

        runs = list_runs(manifest)
    if json:
        emit_json({"runs": [run.as_json() for run in runs]})
        return
    header = ("run", "state", "accuracy", "loss", "images", "epoch", "seconds", "made (UTC)")
    say(table(header, [_row(run) for run in runs]) if runs else "Nothing was trained yet.")
    for run in runs:
        if run.resume:
            say(f"Go on with {run.name}: {run.resume}")
        elif run.problem:
            say(f"{run.name}: {visible(run.problem)}")
    complete = sum(bool(run.info) for run in runs)
    next_step("labelprep runs best" if complete else "labelprep train")


def _row(run: ListedRun) -> tuple[object, ...]:
    info, metrics = run.info, run.metrics
    if not info:
        return (run.name, run.state, "", "", "", "", "", "")
    return (
        run.name,
        run.state,
        _share(metrics.get("val_accuracy")),
        _figure(metrics.get("val_loss")),
        f"{(info.get('splits') or {}).get('train', 0):,}",
        info.get("kept_epoch", ""),
        f"{info.get('seconds') or 0:,.0f}",
        str(info.get("created") or "")[:16].replace("T", " "),
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def compare(
    first: RunArgument, second: RunArgument, *, manifest: ManifestOption = None, json: JsonOption = False
) -> None:
    """Hold two trainings against each other: settings, figures, and images that only one has right."""
    with explained(as_json=json):
        from labelprep.workflows.run_listing import compare_runs  # noqa: PLC0415 - numpy loads here

        found = compare_runs(first, second, manifest)
    if json:
        emit_json(found.as_json())
        return
    a, b = found.first.name, found.second.name
    rows = [(name, _figure(one), _figure(other), _change(one, other)) for name, one, other in found.metrics]
    say(table(("figure", a, b, "change"), rows) if rows else "Neither was judged: there were no images.")
    say("", table(("what differs", a, b), [(name, _said(x), _said(y)) for name, x, y in found.settings]))
    say("", *_verdict(found))
    better = found.second if found.only_second > found.only_first else found.first
    next_step(f"labelprep evaluate {quoted(shortened(better.path))}")


def _said(value: Any) -> str:  # noqa: ANN401 - whatever a setting is
    return "–" if value is None else str(value)


def _change(one: float | None, other: float | None) -> str:
    return "" if one is None or other is None else f"{other - one:+.4f}"


def _verdict(found: Comparison) -> list[str]:
    """Say whether the difference is more than chance, in words."""
    if not found.images:
        return ["They were judged by different images: their figures say little about which is better."]
    lines = [
        (
            f"Of {counted(found.images, 'image')} that both were judged by, {found.first.name} alone has "
            f"{found.only_first:,} right, {found.second.name} alone {found.only_second:,}."
        )
    ]
    if found.only_first == found.only_second:
        lines.append("By these images neither is better.")
    elif found.chance < CHANCE:
        lines.append(f"That is more than chance (sign test: p = {found.chance:.2g}).")
    else:
        lines.append(f"That can be chance (sign test: p = {found.chance:.2g}): more images would tell.")
    if not found.same_images:
        lines.append("Each was judged by other images besides, so the figures above compare less well.")
    return lines


def best(
    *,
    metric: Annotated[
        str, typer.Option(help="The figure that decides: val_accuracy, val_loss, val_macro_f1, …")
    ] = "val_accuracy",
    manifest: ManifestOption = None,
    json: JsonOption = False,
) -> None:
    """Name the best training by a figure of its validation images."""
    with explained(as_json=json):
        from labelprep.workflows.run_listing import best_run, list_runs  # noqa: PLC0415 - numpy loads here

        runs = list_runs(manifest)
        run = best_run(runs, metric)
    judged = sum(metric in other.metrics for other in runs)
    if json:
        emit_json({"best": run.as_json(), "metric": metric, "of": judged})
        return
    path = shortened(run.path)
    say(f"{visible(str(path))}: {metric} {run.metrics[metric]:.4f}, the best of {counted(judged, 'run')}.")
    rules = {str(other.info.get("val_rule")) for other in runs if metric in other.metrics}
    counts = {(other.info.get("splits") or {}).get("val") for other in runs if metric in other.metrics}
    if len(rules) > 1 or len(counts) > 1:
        say("They were not all judged by the same images: labelprep runs compare A B.")
    next_step(f"labelprep evaluate {quoted(path)}")
