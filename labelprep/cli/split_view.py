"""What `split` shows a person: the counts, the proof, the folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.cli.output import counted, next_step, say, table, visible
from labelprep.cli.quoting import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from labelprep.workflows.folding import FoldReport
    from labelprep.workflows.proving import SplitReport

MOST_CLASSES = 30
NAMED = 5
EXAMPLES = 10
IMAGES_OF_ONE = 4


def render_split(found: SplitReport) -> None:
    """Show what was assigned."""
    again = f" with seed {found.seed}" if found.assigned + found.moved else ""
    moved = f"{found.moved:,} moved, " if found.moved else ""
    say(f"{counted(found.assigned, 'image')} assigned{again}, {moved}{found.kept:,} kept their split.")
    if found.locked:
        say(f"{counted(found.locked, 'image')} locked: `split --again` moves none of them.")
    kept_together = [f"{number:,} {reason}" for reason, number in found.linked.items() if number]
    if kept_together:
        say(f"  kept together: {', '.join(kept_together)} ({counted(found.groups, 'group')} in all)")
    _say_classes(found)
    _say_notes(found)
    _say_leaks(found)
    if found.leaks:
        next_step("labelprep split --verify, the proof; labelprep split --again moves what is not locked")
    else:
        next_step("labelprep train")


def render_proof(found: SplitReport) -> None:
    """Show what lies where, how far from the ideal, and which pairs lie across."""
    total = sum(found.splits.values())
    say(f"{counted(total, 'image')} in splits, {counted(found.groups, 'group')} that stay together")
    rows = [(reason, f"{number:,}") for reason, number in found.pairs_across.items()]
    say("", table(("pairs across splits", "pairs"), rows))
    if found.near_radius is not None:
        say(f"  near: fingerprints that differ in at most {found.near_radius} bits, and a second look")
    else:
        say("  near duplicates were not looked at (--no-near)")
    say("")
    _say_shares(found)
    _say_notes(found)
    _say_leaks(found)
    if not found.leaks:
        say("", "Leaks between splits: none")
        next_step("labelprep train" if found.splits else "labelprep split")
        return
    say("", f"Leaks between splits: {len(found.leaks):,}")
    next_step("labelprep split --again, which moves what is not locked; or labelprep duplicates --exclude")


def _say_classes(found: SplitReport) -> None:
    names = list(found.splits)
    rows = [(name, *(f"{row[column]:,}" for column in names)) for name, row in found.classes.items()]
    shown = rows[:MOST_CLASSES]
    if len(rows) > 1:
        shown.append(("all", *(f"{found.splits[name]:,}" for name in names)))
    say(table(("class", *names), shown))
    _say_more(len(rows))


def _say_shares(found: SplitReport) -> None:
    """Show the share of each class in each split, and how many images that is from the ideal."""
    names = list(found.splits)
    rows = []
    for name, row in found.classes.items():
        total = max(sum(row.values()), 1)
        cells = [cell for column in names for cell in (f"{row[column]:,}", f"{row[column] / total:.1%}")]
        rows.append((name, *cells, f"{max(map(abs, found.distance[name].values())):.1f}"))
    shown = rows[:MOST_CLASSES]
    if len(rows) > 1:
        total = max(sum(found.splits.values()), 1)
        sizes = [found.splits[name] for name in names]
        shown.append(("all", *(cell for size in sizes for cell in (f"{size:,}", f"{size / total:.1%}")), ""))
    headings = [heading for name in names for heading in (name, "")]
    say(table(("class", *headings, "images off"), shown))
    _say_more(len(rows))
    ideal = ", ".join(f"{name} {share:.1%}" for name, share in found.ideal.items() if share)
    if ideal:
        whose = "as asked for" if found.rules["shares"] else "as all images have it"
        say(f"  ideal: {ideal} of each class, {whose}; `images off` is the farthest from it")


def _say_more(classes: int) -> None:
    if classes > MOST_CLASSES:
        say(f"  and {classes - MOST_CLASSES:,} more classes (--json has all)")


def _say_notes(found: SplitReport) -> None:
    """Say what was left out, which classes are too small, and which group is too large."""
    if found.left_out:
        say(f"  {counted(found.left_out, 'image')} without a usable label or picture left out")
    if found.incomplete:
        parts = [f"{visible(name)} (not in {', '.join(row)})" for name, row in found.incomplete.items()]
        more = f" and {len(parts) - NAMED:,} more" if len(parts) > NAMED else ""
        are = "class is" if len(parts) == 1 else "classes are"
        say(f"  {len(parts):,} {are} not in every split: {', '.join(parts[:NAMED])}{more}")
    if found.large:
        say(
            f"  {found.large['images']:,} of {found.large['of']:,} images are one group, such as "
            f"{visible(found.large['example'])}: no split can have its share; check --group and --burst"
        )


def _say_leaks(found: SplitReport) -> None:
    for leak in found.leaks[:EXAMPLES]:
        images = leak["images"]
        places = ", ".join(f"{visible(image['path'])} ({image['split']})" for image in _telling(images))
        more = f" and {len(images) - IMAGES_OF_ONE:,} more" if len(images) > IMAGES_OF_ONE else ""
        say(f"  leak, {leak['reason']}: {places}{more}")
    if len(found.leaks) > EXAMPLES:
        say(f"  and {len(found.leaks) - EXAMPLES:,} more leaks (--json)")


def _telling(images: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return a few images of a leak, first one of each split."""
    firsts = {image["split"]: image for image in reversed(images)}
    rest = [image for image in images if image is not firsts[image["split"]]]
    return [*sorted(firsts.values(), key=lambda image: image["path"]), *rest][:IMAGES_OF_ONE]


def render_folds(report: FoldReport, target: Path | None) -> None:
    """Show the classes by fold."""
    images = len(report.folds)
    say(f"{counted(images, 'image')} in {report.number} folds with seed {report.seed}; nothing is stored.")
    headings = [f"fold {place}" for place in range(report.number)]
    rows = [(name, *(f"{number:,}" for number in row)) for name, row in report.classes.items()]
    shown = rows[:MOST_CLASSES]
    if len(rows) > 1:
        shown.append(("all", *(f"{size:,}" for size in report.sizes)))
    say(table(("class", *headings), shown))
    _say_more(len(rows))
    if report.in_test:
        say(f"  {counted(report.in_test, 'image')} of test, or linked to it, in no fold")
    if report.few:
        parts = [f"{visible(name)} ({number:,})" for name, number in report.few.items()]
        more = f" and {len(parts) - NAMED:,} more" if len(parts) > NAMED else ""
        say(f"  fewer groups than folds, so not in every fold: {', '.join(parts[:NAMED])}{more}")
    if target is None:
        next_step(f"labelprep split --kfold {report.number} --to folds.csv")
    else:
        say(f"Wrote {visible(str(target))}: file, label, fold.")
        next_step(f"train on each set of {report.number - 1} folds, validate on the other: {quoted(target)}")
