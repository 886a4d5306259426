"""Write a page for each check into docs/issues: what it finds, why it matters, what to do, an example.

To run after a check has been added or its words have changed:

    python tools/check_pages.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labelprep.checks import CHECKS
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
}
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
    """Return words as a sentence."""
    whole = words[:1].upper() + words[1:] if not words.startswith("labelprep ") else f"`{words}`"
    return whole if whole.endswith((".", "`")) else f"{whole}."


def index() -> str:
    """Return the page that lists the others."""
    lines = [
        "# What `labelprep check` looks for",
        "",
        "`labelprep check --explain CODE` prints the same on a terminal. The codes of single rows and label",
        "files, which an import tells with their cell or line, are explained where they are told.",
    ]
    for family, title in FAMILIES.items():
        own = [check for check in CHECKS if check.code.startswith(family)]
        if own:
            lines += ["", f"## {family}: {title}", "", "| code | severity | what |", "| --- | --- | --- |"]
            lines += [
                f"| [{check.code}]({check.code}.md) {check.name} | {check.severity} | {check.title} |"
                for check in own
            ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(CHECKS)} pages in {FOLDER.name}")


if __name__ == "__main__":
    main()
