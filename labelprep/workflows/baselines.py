"""A baseline: the findings of a day that are accepted, so that a later check tells only what is new.

::

    {"labelprep": "baseline", "version": 1, "findings": [["LP203", "cat/0001.jpg"], …]}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from labelprep.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from labelprep.model.issues import Issue

KIND: Final = "baseline"
VERSION: Final = 1
Key = tuple[str, str]


def read_baseline(path: Path) -> frozenset[Key]:
    """Return the accepted findings as (code, where).

    Raises: UsageError where there is no such file, or it is no baseline.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            "there is no such file", where=str(path), fix=f"make it: labelprep check --write-baseline {path}"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"it cannot be read: {error}", where=str(path), fix="name a file that check has written"
        ) from error
    is_one = isinstance(document, dict) and document.get("labelprep") == KIND
    findings = document.get("findings") if is_one else None
    if not isinstance(findings, list) or not all(_is_key(item) for item in findings):
        raise UsageError("it is no baseline", where=str(path), fix="name a file that check has written")
    return frozenset((str(code), str(where)) for code, where in findings)


def _is_key(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item)  # noqa: PLR2004 - code, where


def write_baseline(path: Path, issues: Iterable[Issue]) -> int:
    """Write the findings as accepted, in the order of codes and places; return how many.

    Raises: SourceError where the file cannot be written.
    """
    keys = sorted({(issue.code, issue.where) for issue in issues})
    document = {"labelprep": KIND, "version": VERSION, "findings": [list(key) for key in keys]}
    try:
        path.write_text(
            json.dumps(document, ensure_ascii=True, indent=1) + "\n", encoding="utf-8", newline="\n"
        )
    except OSError as error:
        raise SourceError(
            f"it cannot be written: {error.strerror}", where=str(path), fix="name another place"
        ) from error
    return len(keys)
