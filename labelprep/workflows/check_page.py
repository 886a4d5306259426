"""Findings as one self-contained page, each code with its words and its first places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.pages.document import Markup, document, table, tag

if TYPE_CHECKING:
    from labelprep.manifest.store import Store
    from labelprep.workflows.checking import CheckReport, Found

SHOWN: Final = 100


def check_page(store: Store, report: CheckReport) -> str:
    """Return the page of a check that has just run on this open manifest.

    It is ASCII, other letters as references: it goes through a pipe, whose encoding nobody knows.
    """
    rows = [
        (
            tag("span", one.check.severity, class_=f"severity {one.check.severity}"),
            tag("a", one.check.code, href=f"#{one.check.code}"),
            one.check.title,
            f"{one.total:,}",
        )
        for one in report.found
    ]
    seen = table(("", "code", "what", "times"), rows, numbers=1) if rows else tag("p", "Nothing was found.")
    page = document(
        f"{store.root.name} – check",
        tag("h1", f"Check of {store.root.name}"),
        tag("p", f"{len(report.codes)} checks of {store.path.name}", class_="soft"),
        seen,
        *(_section(store, one) for one in report.found),
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _section(store: Store, one: Found) -> Markup:
    rows = store.connection.execute(
        'SELECT "where", problem, fix FROM temp.found WHERE code = ? ORDER BY rowid LIMIT ?',
        (one.check.code, SHOWN),
    ).fetchall()
    more = tag("p", f"… and {one.total - SHOWN:,} more", class_="soft") if one.total > SHOWN else Markup("")
    return tag(
        "section",
        tag("h2", f"{one.check.code} · {one.check.title} ({one.total:,})", id=one.check.code),
        tag("p", one.check.why),
        tag("p", one.check.fix),
        table(("where", "what", "what to do"), rows),
        more,
    )
