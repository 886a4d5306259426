"""Findings that many files share, told once: the first place, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


class Notes:
    """What is told once for many files: the first place, and how often."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[tuple[str, str], tuple[int, str, Severity, str]] = {}

    def add(self, code: str, where: str, problem: str, fix: str, severity: Severity = Severity.NOTE) -> None:
        """Count a finding; the first place is kept."""
        count, first, *_ = self._found.get((code, problem), (0, where))
        self._found[code, problem] = (count + 1, first, severity, fix)

    def issues(self) -> Iterator[Issue]:
        """Yield an issue a finding, in the order of their first places."""
        for (code, problem), (count, where, severity, fix) in self._found.items():
            often = f" (here and in {count - 1:,} more places)" if count > 1 else ""
            yield Issue(code, severity, where, problem + often, fix)
