"""The issues that tables of labels give rise to, with their codes; and how many of one kind are told."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD_PER_CODE = 100


class Code(StrEnum):
    """What is told of a table. Codes are a contract: never renumbered."""

    ENCODING = "LP204"  # the encoding was inferred, and another reading was possible
    TITLE_ROWS = "LP205"  # rows above the header were skipped
    HEADER = "LP206"  # the header is absent, blank in a place, or names a column twice
    COLUMN = "LP207"  # a column was taken for its content, not its name
    SPLIT = "LP208"  # a split value is not known
    WEIGHT = "LP209"  # a weight is no number
    NO_ROWS = "LP216"  # there is nothing below the header
    LINES = "LP217"  # a cell holds several lines

    NO_FILE = "LP210"  # a row names no image
    NO_LABEL = "LP211"  # a row states no class
    BAD_ROW = "LP212"  # a row cannot be read
    TOTAL_ROW = "LP213"  # a row sums up others
    REPEATED = "LP214"  # a row stands there twice
    COMMENT = "LP215"  # a row is a remark

    SHOWN = "LP220"  # a value is shown otherwise than stored, and was read as shown
    DATE = "LP221"  # a date stands where a label or file name belongs
    BOOLEAN = "LP222"  # a truth value does
    ERROR_CELL = "LP223"  # an error does
    FORMULA = "LP224"  # a formula without a value does
    MERGED = "LP225"  # merged cells
    HIDDEN_ROWS = "LP226"  # rows hidden by a filter were read
    HIDDEN_SHEETS = "LP227"  # sheets that are hidden
    NUMBERS = "LP228"  # numbers and texts that are the same label

    SPELLINGS = "LP230"  # class names that differ in case, width or spaces only
    OWN_CLASS = "LP231"  # nearly every row is a class of its own
    MANGLED = "LP232"  # ids that Excel has rounded
    SEPARATOR = "LP233"  # cells that may hold several classes
    LISTS = "LP234"  # cells that hold lists
    RESTORED = "LP235"  # a guard before a formula sign was taken off
    SEVERAL = "LP236"  # rows of a one-hot table with several classes set
    ADDED = "LP259"  # columns that a copy of the sheet got are left out


def note(code: Code, where: str, problem: str, fix: str = "") -> Issue:
    """Return a fact to be told."""
    return Issue(code, Severity.NOTE, where, problem, fix)


def warning(code: Code, where: str, problem: str, fix: str = "") -> Issue:
    """Return a likely mistake."""
    return Issue(code, Severity.WARNING, where, problem, fix)


class Told:
    """Issues told one by one up to a number of each code, the rest as one sum."""

    def __init__(self, issues: list[Issue], source: str) -> None:
        """Append to a list of issues."""
        self._issues = issues
        self._source = source
        self._counts: Counter[str] = Counter()

    def tell(self, issue: Issue) -> None:
        """Add an issue, or only count it."""
        self._counts[issue.code] += 1
        if self._counts[issue.code] <= TOLD_PER_CODE:
            self._issues.append(issue)

    def close(self) -> None:
        """Tell how many of each code were only counted."""
        self._issues.extend(self._sums())

    def _sums(self) -> Iterator[Issue]:
        for code, count in sorted(self._counts.items()):
            if count > TOLD_PER_CODE:
                first = next(issue for issue in self._issues if issue.code == code)
                yield Issue(
                    code,
                    first.severity,
                    self._source,
                    f"{count - TOLD_PER_CODE:,} more of these were found",
                    first.fix,
                )
