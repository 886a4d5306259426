"""The page of an audit: the doubtful labels with their pictures, in one file that opens anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.pages.document import Markup, document, picture, table, tag
from labelprep.workflows.reporting import check_target, write_whole
from labelprep.workflows.thumbnails import thumbnails

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress
    from labelprep.workflows.audited import LabelIssue
    from labelprep.workflows.auditing import AuditReport

SHOWN: Final = 600
PAIRS: Final = 30
THUMBNAIL_PX: Final = 200
"""Some 6 KB a picture: a page stays below 5 MB."""


def check_page(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that exists or is a folder.

    Raises: UsageError.
    """
    check_target(target, overwrite=overwrite)


def write_page(store: Store, report: AuditReport, target: Path, progress: Progress) -> int:
    """Write the page and return how many pictures it shows.

    Raises: UsageError where it would lie among the images; SourceError where it cannot be written.
    """
    check_target(target, overwrite=True, root=store.root)
    shown = report.issues[:SHOWN]
    pictures = thumbnails(store, [issue.image_id for issue in shown], THUMBNAIL_PX, progress)
    write_whole(target, page(store.root.name, report, pictures).encode("utf-8", "backslashreplace"))
    return len(pictures)


def page(name: str, report: AuditReport, pictures: Mapping[int, bytes]) -> str:
    """Return the page; ``pictures`` are JPEG by image."""
    how = report.how
    cards = (
        (f"{how.judged:,}", "labels judged"),
        (f"{how.estimated:,}", "estimated to be wrong"),
        (f"{len(report.issues):,}", "to decide"),
        (f"{len(report.duplicates):,}", "pictures with two labels"),
    )
    said = (
        f"Judged by {how.model} ({how.why}), in {how.folds} folds: nobody judged a picture it was trained on."
    )
    return document(
        f"{name} – doubtful labels",
        tag("h1", f"Doubtful labels of {name}"),
        tag("p", said, class_="soft"),
        tag(
            "div",
            *(tag("div", tag("b", number), what, class_="card") for number, what in cards),
            class_="cards",
        ),
        tag("section", tag("h2", "Least likely first"), *_issues(report.issues, pictures)),
        tag("section", tag("h2", "What is taken for what"), _noise(report)),
        tag("section", tag("h2", "One picture with two labels"), _duplicates(report)),
        tag("section", tag("h2", "Not judged"), _not_judged(report)),
    )


def _issues(issues: Sequence[LabelIssue], pictures: Mapping[int, bytes]) -> list[Markup]:
    if not issues:
        return [tag("p", "No label is left to decide.")]
    parts = [
        tag("p", "Write these rows into a sheet, decide in its last two columns, and take it back:"),
        tag("code", "labelprep audit --kept --csv doubtful.csv", class_="command"),
        tag("code", "labelprep audit --apply doubtful.csv", class_="command"),
        tag(
            "div",
            *(_figure(issue, pictures.get(issue.image_id)) for issue in issues[:SHOWN]),
            class_="pictures",
        ),
    ]
    if len(issues) > SHOWN:
        parts.append(tag("p", f"… and {len(issues) - SHOWN:,} more", class_="soft"))
    return parts


def _figure(issue: LabelIssue, jpeg: bytes | None) -> Markup:
    seen = tag("div", "no picture", class_="blank") if jpeg is None else picture(jpeg, described=issue.path)
    given, predicted = (", ".join(names) or "nothing" for names in (issue.given, issue.predicted))
    place = " · ".join(part for part in (f"score {issue.score:.4f}", issue.split, issue.source) if part)
    return tag(
        "figure",
        seen,
        tag(
            "figcaption",
            tag("div", tag("s", given, class_="error"), " → ", tag("b", predicted)),
            tag("div", issue.path),
            tag("div", place, class_="soft"),
        ),
    )


def _noise(report: AuditReport) -> Markup:
    pairs = [pair for pair in report.how.mixed if round(pair.images) > 0]
    if not pairs:
        return tag("p", "No class is mixed up with another.")
    rows = [(pair.meant, pair.given, f"{pair.images:,.0f}") for pair in pairs[:PAIRS]]
    return table(("seems to be", "is labelled", "images, about"), rows, numbers=1)


def _duplicates(report: AuditReport) -> Markup:
    if not report.duplicates:
        return tag("p", "None was found.")
    rows = [(issue.where, issue.problem) for issue in report.duplicates[:SHOWN]]
    return table(("where", "what"), rows)


def _not_judged(report: AuditReport) -> Markup:
    rows = [(reason, f"{number:,}") for reason, number in report.how.not_judged.items()]
    if report.tiny_shapes:
        rows.append(("shapes of a few pixels", f"{report.tiny_shapes:,}"))
    return (
        table(("why", "how many"), rows, numbers=1) if rows else tag("p", "All labelled images were judged.")
    )
