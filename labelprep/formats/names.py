"""Labels, splits and groups that the names of images state, read by a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.errors import shown
from labelprep.formats.base import Rejected
from labelprep.formats.patterns import Pattern, compile_pattern
from labelprep.formats.suggesting import Suggestion, suggest
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.images import SPLIT_NAMES
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labelprep.formats.base import Item

__all__ = ["Pattern", "Suggestion", "compile_pattern", "records", "suggest"]

LOCATOR = "file name"
NO_MATCH = "no_pattern_match"
UNKNOWN_SPLIT = "unknown_split"
NO_MATCH_CODE = "LP260"
UNKNOWN_SPLIT_CODE = "LP261"


def records(pattern: Pattern, paths: Iterable[str]) -> Iterator[Item]:
    """Yield what a pattern reads from each path, in their order: a record, or why there is none.

    The class is exactly the text of the field; fields ``x_…`` become attributes of the annotation.
    """
    for path in paths:
        fields = pattern.read(path)
        if fields is None:
            problem = f"its name does not follow {shown(pattern.text)}"
            fix = "nothing, if it has no label; else a second pattern or a sheet for these"
            yield Rejected(NO_MATCH, Issue(NO_MATCH_CODE, Severity.NOTE, path, problem, fix))
            continue
        split = fields.get("split")
        if split is not None and split.casefold() not in SPLIT_NAMES:
            problem = f"its name states the split {shown(split)}, which is none"
            fix = f"splits are called {', '.join(SPLIT_NAMES)}"
            yield Rejected(UNKNOWN_SPLIT, Issue(UNKNOWN_SPLIT_CODE, Severity.WARNING, path, problem, fix))
            continue
        yield Record(
            image=path,
            locator=LOCATOR,
            annotations=_annotations(fields),
            split=None if split is None else SPLIT_NAMES[split.casefold()],
            group=fields.get("group"),
            is_silent=fields.get("label") is None,
        )


def _annotations(fields: dict[str, str]) -> tuple[Annotation, ...]:
    label = fields.get("label")
    if label is None:
        return ()
    own = {name: value for name, value in fields.items() if name.startswith("x_")}
    return (Annotation(Kind.CLASS, label, attributes=own, locator=LOCATOR),)
