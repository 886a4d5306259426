"""What is wrong with one file, row or label: a value that reports list, never an exception."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much an issue matters: an error is lost data, a warning a likely mistake, a note a fact."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: where it is, what is wrong with the value seen, and what to do."""

    code: str
    severity: Severity
    where: str
    problem: str
    fix: str

    def as_json(self) -> dict[str, str]:
        """Return the five fields under their contract names."""
        return {key: str(value) for key, value in asdict(self).items()}
