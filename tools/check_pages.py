"""Write a page for each check into docs/issues: what it finds, why it matters, what to do, an example.

To run after a check has been added or its words have changed:

    python tools/check_pages.py
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.checks import CHECKS
from labelprep.checks.base import Limits
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from labelprep.checks.base import Check

FOLDER = Path(__file__).parents[1] / "docs" / "issues"
FAMILIES = {
    "LP1": "Files and pictures",
    "LP2": "Labels",
    "LP3": "Classes",
    "LP4": "Splits",
    "LP5": "Shapes",
    "LP6": "Names",
    "LP7": "What networks see",
}
COMMAND = re.compile(
    r"labelprep (?:classes \w+|(?:audit|check|duplicates|explain|resolve|split|template|undo)\b)"
    r"(?: (?:--[\w-]+|[A-Z]{2,}\d*|\.\d|labels\.xlsx))*"
)
ELSEWHERE = (
    (107, 111, "a scan: folders that cannot be read, links, empty and skipped folders, endings"),
    (201, 202, "a scan: layouts and folders that look like splits, of which no label was taken"),
    (203, 203, "an import too: its sources disagree"),
    (204, 236, "a sheet: its encoding, header, columns and cells"),
    (240, 255, "an import: rows without an image or with several, splits and groups, predictions, edits"),
    (259, 259, "a copy of a sheet: the columns that it got are left out"),
    (260, 261, "labels from names: patterns"),
    (270, 280, "LabelMe files"),
    (281, 289, "Pascal VOC files"),
    (290, 299, "YOLO files"),
    (301, 303, "an import too: class names that look alike, mistyped or alone"),
    (310, 319, "COCO files"),
    (320, 329, "Label Studio exports"),
    (330, 334, "Hugging Face image folders"),
    (335, 337, "arrays"),
    (340, 343, "archives"),
    (345, 347, "frames: pixels that shapes count"),
    (348, 349, "pictures inside label files"),
    (350, 352, "class folders"),
    (702, 702, "`predict --to manifest`: pictures that the manifest does not hold"),
)
"""Codes that are told where they are found: first, last, by whom."""
MEANS = {
    Severity.ERROR: "an error: data is lost or a score is wrong until it is mended; `check` exits with 1",
    Severity.WARNING: "a warning: most likely a mistake; `check --strict` exits with 1",
    Severity.NOTE: "a note: worth knowing, nothing has to be done",
}


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    found = {f"{check.code}.md": page(check) for check in CHECKS}
    return {"README.md": index(), **found}


def page(check: Check) -> str:
    """Return the page of one check."""
    return f"""# {check.code} {check.name}

**What.** {sentence(check.title)} It is {MEANS[check.severity]}.

**Why it matters.** {check.why}

**What to do.** {sentence(check.fix)}

**Example.**

```
{check.example}
```

Find these alone: `labelprep check --select {check.code}`; leave them out: `--ignore {check.code}`.
"""


def sentence(words: str) -> str:
    """Return words as a sentence, the commands in it as code."""
    marked = COMMAND.sub(r"`\g<0>`", words)
    return f"{marked[:1].upper()}{marked[1:]}{'' if marked.endswith('.') else '.'}"


def index() -> str:
    """Return the page that lists the others."""
    lines = [
        "# What `labelprep check` looks for",
        "",
        "`labelprep check --explain CODE` prints the same on a terminal. `--select LP3,LP401` looks for some",
        "only, `--ignore` leaves some out; `labelprep show --code LP3` lists what the last check found.",
        "",
        "**What is mended.** `labelprep check --fix` mends in the manifest what needs no guess, as one",
        f"command that `labelprep undo` takes back: {', '.join(mended())}.",
        "`--dry-run` says what it would do.",
        "",
        "**What is known.** `--write-baseline accepted.json` accepts the findings of today, and `--baseline",
        "accepted.json` tells only what is new since.",
        "",
        "**From where on it counts.** `--limit NAME=VALUE`; these are the usual values:",
        f"{limits()}.",
    ]
    for family, title in FAMILIES.items():
        own = [check for check in CHECKS if check.code.startswith(family)]
        if own:
            lines += ["", f"## {family}: {title}", "", "| code | severity | what |", "| --- | --- | --- |"]
            lines += [
                f"| [{check.code}]({check.code}.md) {check.name} | {check.severity} | {check.title} |"
                for check in own
            ]
    lines += [
        "",
        "## Codes that are told where they are found",
        "",
        "These need a file that a check does not open; each is told with its cell or line and what to do.",
        "",
        "| codes | told by |",
        "| --- | --- |",
        *(f"| {_codes(first, last)} | {told} |" for first, last, told in ELSEWHERE),
    ]
    return "\n".join(lines) + "\n"


def _codes(first: int, last: int) -> str:
    return f"LP{first}" if first == last else f"LP{first}–{last}"


def mended() -> list[str]:
    """Return the checks that can be mended, as links."""
    return [f"[{check.code}]({check.code}.md) {check.title}" for check in CHECKS if check.repairs is not None]


def limits() -> str:
    """Return the limits with their values."""
    return ", ".join(f"`{name}={value}`" for name, value in asdict(Limits()).items())


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(CHECKS)} pages in {FOLDER.name}")


if __name__ == "__main__":
    main()
