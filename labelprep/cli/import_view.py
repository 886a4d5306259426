"""An import as a person sees it: what was found and how, what was matched, what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labelprep.cli.issue_list import render_issues
from labelprep.cli.output import counted, next_step, say, table, visible
from labelprep.cli.quoting import quoted, shortened

if TYPE_CHECKING:
    from labelprep.workflows.import_report import ImportReport

RULES = {
    "path": "exact path",
    "cleaned": "path, written otherwise",
    "folded": "path, other case or Unicode form",
    "suffix": "end of the path",
    "name": "file name",
    "stem": "file name without its extension",
    "upload": "file name without an upload tool's additions",
    "number": "same number, other zeros",
    "spelling": "file name without spaces and brackets",
    "content": "content",
}
CERTAIN = ("path", "cleaned", "folded")
FACTS = {
    "encoding": "encoding",
    "delimiter": "delimiter",
    "sheet": "sheet",
    "header_line": "header in line",
    "pattern": "pattern",
    "counting": "pixels",
}
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe", " ": "spaces"}
NO_PATTERN_MATCH = "LP260"
EXAMPLES = 3
MENDABLE = ("LP301", "LP302", "LP303")  # classes that look mistyped
MOST_CLASSES = 12
TRAINABLE_CLASSES = 2
SHAPES_OF_SEVERAL = "LP245"
MOST_NAMES = 8


def render(report: ImportReport) -> None:
    """Show an import to a person."""
    if "only_proposed" in report.skipped:
        _render_suggestions(report)
        return
    seconds = f" ({report.seconds:.1f} s)"
    word = "image" if "pattern" in report.facts else "label file" if "files" in report.facts else "row"
    say(f"{counted(report.rows, word)} in {visible(str(shortened(report.source)))}{seconds}")
    _render_facts(report.facts)
    _render_rows(report)
    _render_labels(report)
    render_issues(report.issues, notes=True)
    if report.predictions is not None:
        _render_predictions(report.predictions)
    if report.unmatched_file is not None:
        say("", f"All rows without an image: {visible(str(shortened(report.unmatched_file)))}")
    if report.dry_run:
        say("", "Nothing was written (--dry-run).")
    next_step(_next(report))


def _render_predictions(report: ImportReport) -> None:
    """Show what models say in a source of labels."""
    say(
        "",
        f"{counted(report.rows, 'prediction')}, {report.matched:,} matched, {report.unmatched:,} unmatched: "
        "a source of its own, whose word never counts before a person accepts it",
    )
    render_issues(report.issues)


def _render_facts(facts: Mapping[str, Any]) -> None:
    parts = []
    for key, word in FACTS.items():
        value = facts.get(key)
        if value not in (None, "", 0) and not (key == "encoding" and "encodings" in facts):
            text = DELIMITERS.get(str(value), str(value)) if key == "delimiter" else str(value)
            parts.append(f"{word} {text}")
    if parts:
        say(f"  {visible(', '.join(parts))}")
    _render_roles(facts.get("roles") or ())
    for key in ("encodings", "versions", "shape_types"):
        if isinstance(facts.get(key), Mapping) and facts[key]:
            counts = ", ".join(f"{name} ({number:,})" for name, number in facts[key].items())
            say(f"  {key.replace('_', ' ')}: {visible(counts)}")
    if "edited_rows" in facts:
        say(f"  a sheet of this manifest: {counted(facts['edited_rows'], 'row')} edited since it was written")


def _render_roles(roles: Sequence[Mapping[str, Any]]) -> None:
    """Show which column is what, and how that was found; many of one role in one line."""
    by_role: dict[str, list[Mapping[str, Any]]] = {}
    for item in roles:
        by_role.setdefault(str(item["role"]), []).append(item)
    for role, items in by_role.items():
        names = ", ".join(f'"{item["column"]}"' for item in items[:MOST_NAMES])
        more = f" and {len(items) - MOST_NAMES:,} more" if len(items) > MOST_NAMES else ""
        how = f" ({items[0]['how']})" if items[0].get("how") else ""
        word = "column" if len(items) == 1 else "columns"
        say(f"  {visible(f'{role}: {word} {names}{more}{how}')}")


def _render_rows(report: ImportReport) -> None:
    skipped = sum(report.skipped.values())
    say(f"  {report.matched:,} matched, {report.unmatched:,} unmatched, {skipped:,} skipped")
    if report.skipped:
        reasons = [f"{number:,} {name.replace('_', ' ')}" for name, number in report.skipped.items()]
        say(f"  skipped: {', '.join(reasons)}")
    _render_strangers(report)
    if not report.rules:
        return
    rows = [
        (RULES.get(name, name), f"{number:,}", "" if name in CERTAIN else "inferred")
        for name, number in report.rules.items()
    ]
    say("", table(("matched by", "rows", ""), rows))


def _render_strangers(report: ImportReport) -> None:
    """Show a few of the names that a pattern does not meet, and what lists them all."""
    number = report.skipped.get("no_pattern_match", 0)
    if not number:
        return
    names = [visible(issue.where) for issue in report.issues if issue.code == NO_PATTERN_MATCH][:EXAMPLES]
    more = f" and {number - len(names):,} more (see --json)" if number > len(names) else ""
    say(f"  not in this pattern: {', '.join(names)}{more}")


def _render_labels(report: ImportReport) -> None:
    added = [_with_count(report, name) for name in report.classes_added]
    more = f" and {len(added) - MOST_CLASSES:,} more" if len(added) > MOST_CLASSES else ""
    new = f"; {counted(len(added), 'new class', 'new classes')}: " if added else ""
    say("", f"{counted(report.annotations, 'annotation')}{new}{', '.join(added[:MOST_CLASSES])}{more}")
    replaced = f" ({counted(report.replaced, 'earlier statement')} replaced)" if report.replaced else ""
    if report.changed or report.splits_changed or report.replaced:
        splits = f", a new split for {report.splits_changed:,}" if report.splits_changed else ""
        say(f"  new or changed for {counted(report.changed, 'image')}{splits}{replaced}")
    else:
        say("  nothing changed: all of this was known already")
    say(f"  {counted(report.conflicts, 'conflict')}")


def _with_count(report: ImportReport, name: str) -> str:
    """Return a class with its images, where it is the label of some."""
    return f"{visible(name)} ({report.classes[name]:,})" if name in report.classes else visible(name)


def _next(report: ImportReport) -> str:
    if report.dry_run:
        return "the same command without --dry-run"
    if report.conflicts:
        path = next((issue.where for issue in report.issues if issue.code == "LP203"), "IMAGE")
        return f'labelprep explain "{visible(path)}"'
    codes = {str(issue.code) for issue in report.issues}
    if SHAPES_OF_SEVERAL in codes and len(report.classes) < TRAINABLE_CLASSES:
        return f"labelprep import {quoted(shortened(report.source))} --label-from largest"
    if "pattern" in report.facts or not (report.unmatched or codes.intersection(MENDABLE)):
        return "labelprep train"
    return f"labelprep import {quoted(shortened(report.source))}, when it is mended; or labelprep train"


def _render_suggestions(report: ImportReport) -> None:
    """Show patterns with what each reads, the most plausible first."""
    say(f"{counted(report.rows, 'image')} in {visible(str(shortened(report.source)))}")
    if not report.suggestions:
        names = ", ".join(visible(name) for name in report.facts["names"])
        say("  Their names tell no classes, such as", f"  {names}")
        next_step("labelprep template labels.xlsx, a sheet to fill in")
        return
    for item in report.suggestions:
        classes = sorted(item["classes"].items(), key=lambda pair: -pair[1])
        shown = ", ".join(f"{visible(name)} {number:,}" for name, number in classes[:MOST_CLASSES])
        more = f" … ({len(classes):,} classes)" if len(classes) > MOST_CLASSES else ""
        say(
            "",
            f"  {visible(item['pattern'])}",
            f"    {item['matched']:,} names follow it, {item['unmatched']:,} do not",
        )
        say(f"    classes: {shown}{more}")
        for example in item["examples"]:
            say(f"    {visible(example['path'])} → {visible(example['class'])}")
    best = visible(report.suggestions[0]["pattern"])
    next_step(f'labelprep import --pattern "{best}"')
