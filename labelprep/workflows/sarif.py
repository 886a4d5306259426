"""Findings as SARIF, the form in which code hosts and editors take them.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labelprep.checks.base import Check
    from labelprep.model.issues import Issue

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT: Final = "IMAGES"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif(checks: Sequence[Check], issues: Iterable[Issue], *, version: str) -> dict[str, Any]:
    """Return a log of one run; paths are relative to the root of the images, percent-encoded."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "labelprep",
                        "semanticVersion": version,
                        "rules": [_rule(check) for check in checks],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(issue) for issue in issues],
            }
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.code,
        "name": "".join(part.capitalize() for part in check.name.split("-")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": check.fix},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
    }


def _result(issue: Issue) -> dict[str, Any]:
    place = {"uri": quote(issue.where, safe="/"), "uriBaseId": ROOT}
    return {
        "ruleId": issue.code,
        "level": LEVELS[issue.severity],
        "message": {"text": f"{issue.where}: {issue.problem}. {issue.fix}"},
        "locations": [{"physicalLocation": {"artifactLocation": place}}],
    }
