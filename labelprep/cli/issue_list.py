"""Issues for a person: grouped by code, worst first, a few examples each, never ten thousand lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from labelprep.cli.output import counted, say, visible
from labelprep.model.issues import SEVERITY_ORDER, Issue, Severity

EXAMPLES = 3


def render_issues(issues: Sequence[Issue], *, notes: bool = False) -> None:
    """Print issues of each code with three examples; notes only as a count unless asked for."""
    shown = [issue for issue in issues if notes or issue.severity is not Severity.NOTE]
    groups: dict[tuple[int, str], list[Issue]] = defaultdict(list)
    for issue in shown:
        groups[SEVERITY_ORDER[issue.severity], issue.code].append(issue)
    if issues:
        say("", summary(issues))
    for _, group in sorted(groups.items()):
        _render_group(group)


def summary(issues: Sequence[Issue]) -> str:
    """Return ``1 error, 2 warnings, 3 notes``."""
    numbers = {severity: sum(issue.severity is severity for issue in issues) for severity in Severity}
    return ", ".join(counted(number, str(severity)) for severity, number in numbers.items() if number)


def _render_group(group: Sequence[Issue]) -> None:
    first = group[0]
    for issue in group[:EXAMPLES]:
        say(f"  {first.severity:<7} {first.code}  {visible(issue.where)}: {visible(issue.problem)}")
    if len(group) > EXAMPLES:
        say(f"  {'':<7} {'':<5}  … and {len(group) - EXAMPLES:,} more")
    say(f"  {'':<7} {'':<5}  → {visible(first.fix)}")
