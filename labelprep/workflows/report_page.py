"""The page of a report: facts and pictures in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.model.images import SPLITS
from labelprep.pages.charts import bars, histogram, legend
from labelprep.pages.document import Markup, document, joined, picture, table, tag
from labelprep.workflows.report_facts import WITHOUT_SPLIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelprep.workflows.report_facts import Code, Group, ReportFacts, Shown

SHOWN_CLASSES: Final = 60
SECTIONS: Final = (
    ("issues", "Issues"),
    ("classes", "Classes"),
    ("splits", "Splits"),
    ("pictures", "Pictures"),
    ("conflicts", "Conflicts"),
    ("duplicates", "Duplicates"),
    ("sources", "Sources"),
)


def page(facts: ReportFacts, pictures: Mapping[int, bytes]) -> str:
    """Return the whole page; ``pictures`` are JPEG by image."""
    name = facts.overview.root.name or str(facts.overview.root)
    parts = {
        "issues": _issues(facts, pictures),
        "classes": _classes(facts),
        "splits": _splits(facts),
        "pictures": _pictures(facts),
        "conflicts": _conflicts(facts, pictures),
        "duplicates": _duplicates(facts, pictures),
        "sources": _sources(facts),
    }
    titles = dict(SECTIONS)
    links = [tag("a", titles[key], href=f"#{key}") for key in parts]
    sections = [tag("section", tag("h2", titles[key], id=key), content) for key, content in parts.items()]
    return document(
        f"{name} – label report",
        tag("h1", name),
        tag("p", f"{facts.overview.manifest.name}, {facts.made}", class_="soft"),
        _cards(facts),
        tag("nav", *links),
        *sections,
    )


def _cards(facts: ReportFacts) -> Markup:
    seen = facts.overview
    usable = sum(seen.status.get(name, 0) for name in ("ok", "damaged"))
    cards = [
        (f"{seen.images:,}", "images"),
        (f"{usable:,}", "of them readable"),
        (f"{seen.labelled:,}", "labelled"),
        (f"{sum(1 for row in seen.classes.values() if sum(row.values())):,}", "classes in use"),
        (f"{seen.conflicts:,}", "conflicts"),
        (f"{facts.issues_total:,}", "issues"),
    ]
    return tag(
        "div", *(tag("div", tag("b", number), what, class_="card") for number, what in cards), class_="cards"
    )


def _issues(facts: ReportFacts, pictures: Mapping[int, bytes]) -> Markup:
    if not facts.codes:
        return tag("p", "Nothing was found.")
    rows = [
        (
            tag("span", code.severity, class_=f"severity {code.severity}"),
            tag("a", code.code, href=f"#{code.code}"),
            code.title,
            f"{code.total:,}",
        )
        for code in facts.codes
    ]
    return joined(
        [
            table(("", "code", "what", "times"), rows, numbers=1),
            *(_code(code, pictures) for code in facts.codes),
        ]
    )


def _code(code: Code, pictures: Mapping[int, bytes]) -> Markup:
    shown = len(code.images) + len(code.lines)
    parts = [
        tag(
            "h3",
            tag("span", code.severity, class_=f"severity {code.severity}"),
            f" {code.code} · {code.title} ({code.total:,})",
            id=code.code,
        ),
        tag("p", code.why),
        _what_to_do(code.fix),
        _grid(code.images, pictures),
        tag("ul", *(tag("li", line) for line in code.lines)) if code.lines else "",
        _more(shown, code.total),
    ]
    return joined(parts)


def _what_to_do(fix: str) -> Markup:
    """Return a command as one that can be copied, anything else as a sentence."""
    if fix.startswith("labelprep ") and "," not in fix and ":" not in fix:
        return tag("code", fix, class_="command")
    return tag("p", "What to do: ", fix)


def _more(shown: int, total: int) -> Markup:
    return tag("p", f"… and {total - shown:,} more", class_="soft") if total > shown else Markup("")


def _grid(images: tuple[Shown, ...], pictures: Mapping[int, bytes]) -> Markup:
    if not images:
        return Markup("")
    return tag("div", *(_figure(image, pictures.get(image.image_id)) for image in images), class_="pictures")


def _figure(image: Shown, jpeg: bytes | None) -> Markup:
    seen = tag("div", "no picture", class_="blank") if jpeg is None else picture(jpeg, described=image.path)
    lines = [tag("div", line, class_="soft") for line in image.lines]
    return tag("figure", seen, tag("figcaption", image.path, *lines))


def _classes(facts: ReportFacts) -> Markup:
    found = {name: row for name, row in facts.overview.classes.items() if sum(row.values())}
    if not found:
        return tag("p", "No image has a label yet.")
    columns = [name for name in (*SPLITS, "none") if any(row[name] for row in found.values())]
    rows = sorted(found.items(), key=lambda item: -sum(item[1].values()))
    drawn = [(name, [float(row[column]) for column in columns]) for name, row in rows[:SHOWN_CLASSES]]
    names = [WITHOUT_SPLIT if column == "none" else column for column in columns]
    most, least = (sum(rows[place][1].values()) for place in (0, -1))
    said = (
        f"{len(found):,} classes; the largest has {most:,} images, the smallest {least:,} "
        f"({most / least:.1f} : 1)."
    )
    return joined(
        [tag("p", said), legend(names) if len(names) > 1 else "", bars(drawn), _more(len(drawn), len(rows))]
    )


def _splits(facts: ReportFacts) -> Markup:
    found = facts.splits
    if found is None:
        return joined(
            [tag("p", "No image has a split yet."), tag("code", "labelprep split", class_="command")]
        )
    total = sum(found.splits.values()) or 1
    rows = [(name, f"{number:,}", f"{100 * number / total:.1f} %") for name, number in found.splits.items()]
    leaks = [
        tag(
            "li",
            leak["reason"],
            ": ",
            ", ".join(f"{image['path']} ({image['split']})" for image in leak["images"]),
        )
        for leak in found.leaks[:SHOWN_CLASSES]
    ]
    told = (
        tag("p", f"{len(found.leaks):,} groups of images lie in more than one split:", class_="error")
        if found.leaks
        else tag("p", "Nothing lies in more than one split.")
    )
    return joined(
        [table(("split", "images", "share"), rows, numbers=2), told, tag("ul", *leaks) if leaks else ""]
    )


def _pictures(facts: ReportFacts) -> Markup:
    seen = facts.overview
    rows = [(name, f"{number:,}") for name, number in seen.status.items()]
    formats = [(name, f"{number:,}") for name, number in seen.formats.items()]
    charts = [
        histogram(item.title, item.edges, item.series, unit=item.unit)
        for item in facts.histograms
        if item.series
    ]
    return joined(
        [
            tag("div", *charts, class_="charts"),
            tag(
                "div",
                tag("div", table(("status", "files"), rows, numbers=1)),
                tag("div", table(("format", "files"), formats, numbers=1)),
                class_="charts",
            ),
        ]
    )


def _conflicts(facts: ReportFacts, pictures: Mapping[int, bytes]) -> Markup:
    group = facts.conflicts
    if not group.total:
        return tag("p", "No sources disagree.")
    said = "1 image has" if group.total == 1 else f"{group.total:,} images have"
    return joined(
        [
            tag("p", f"{said} sources that disagree, and no label until that is settled."),
            tag("code", "labelprep resolve --prefer SOURCE", class_="command"),
            _grid(group.images, pictures),
            _more(len(group.images), group.total),
        ]
    )


def _duplicates(facts: ReportFacts, pictures: Mapping[int, bytes]) -> Markup:
    if not facts.groups_total:
        return tag("p", "None were found.")
    return joined(
        [*(_group(group, pictures) for group in facts.groups), _more(len(facts.groups), facts.groups_total)]
    )


def _group(group: Group, pictures: Mapping[int, bytes]) -> Markup:
    return tag(
        "div",
        tag("b", group.title),
        _grid(group.images, pictures),
        _more(len(group.images), group.total),
        class_="group",
    )


def _sources(facts: ReportFacts) -> Markup:
    rows = [
        (
            item["kind"],
            item["location"],
            item["rank"],
            f"{item['rows']:,}",
            f"{item['matched']:,}",
            f"{item['unmatched']:,}",
        )
        for item in facts.overview.sources
    ]
    if not rows:
        return tag("p", "Nothing has said anything about these images yet.")
    return table(("kind", "where", "rank", "rows", "matched", "unmatched"), rows, numbers=3)
