"""What is counted while the rows of a table are read, and told when all are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labelprep.errors import shown
from labelprep.formats.table_issues import Code, note, warning
from labelprep.model.classes import alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labelprep.formats.grids import Place
    from labelprep.model.annotation import Annotation
    from labelprep.model.issues import Issue

REMEMBERED = 100_000  # different labels kept in memory
EXAMPLES = 3
MANY_SPLITS = 10
FEW_ROWS = 20
OWN_CLASS_SHARE = 0.9


@dataclass(slots=True)
class Found:
    """What is counted while rows are read, to be told at the end; places are of the first few."""

    labels: Counter[str] = field(default_factory=Counter)
    statements: int = 0
    many_labels: bool = False
    numbers: Counter[str] = field(default_factory=Counter)
    separated: dict[str, list[str]] = field(default_factory=dict)
    lists: int = 0
    several: int = 0
    several_places: list[str] = field(default_factory=list)
    restored: int = 0
    mangled: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    hidden_rows: int = 0
    mangled_rows: int = 0
    splits: Counter[str] = field(default_factory=Counter)

    def told(self, place: Place) -> Iterator[Issue]:
        """Yield what is told at the end of a table."""
        source = place.source
        if self.hidden_rows:
            where = place.full(self.hidden[0])
            problem = f"rows hidden by a filter or by hand were read: {self.hidden_rows:,}"
            yield note(Code.HIDDEN_ROWS, where, problem, "delete them from the sheet to leave them out")
        yield from self._told_of_splits(source)
        if self.mangled_rows:
            problem = (
                f"ids look as Excel rounds long numbers: {self.mangled_rows:,}, {'; '.join(self.mangled)}"
            )
            fix = "make the column text in Excel and enter the ids again"
            yield warning(Code.MANGLED, source, problem, fix)
        if self.restored:
            problem = (
                f"cells that began with ' before a formula's sign were read without it: {self.restored:,}"
            )
            yield note(Code.RESTORED, source, problem)
        if self.several:
            named = ", ".join(self.several_places)
            problem = f"rows with several of the columns of 0 and 1 set: {self.several:,}, such as {named}"
            fix = "each states several classes; mend the rows if one was meant"
            yield note(Code.SEVERAL, place.full(self.several_places[0]), problem, fix)
        if self.lists:
            problem = (
                f"different cells that hold lists: {self.lists:,}; the items of each are several classes"
            )
            yield note(Code.LISTS, source, problem)
        for separator, places in self.separated.items():
            problem = f"cells hold {shown(separator)} and were kept whole: {'; '.join(places)}"
            fix = f'if these are several classes, pass --separator "{separator}"'
            yield note(Code.SEPARATOR, source, problem, fix)

    def _told_of_splits(self, source: str) -> Iterator[Issue]:
        fix = "write train, val or test"
        for text, count in list(self.splits.items())[:MANY_SPLITS]:
            yield warning(Code.SPLIT, source, f"the split {shown(text)} is not known (rows: {count:,})", fix)
        if len(self.splits) > MANY_SPLITS:
            problem = (
                f"{len(self.splits) - MANY_SPLITS:,} more splits are not known: is this the wrong column?"
            )
            yield warning(Code.SPLIT, source, problem, "choose another with --split-column")

    def told_of_classes(
        self, source: str, annotations: Mapping[str, tuple[Annotation, ...]]
    ) -> Iterator[Issue]:
        """Yield what the class names are like; ``annotations`` are those that each text was read as."""
        both = sorted(text for text, count in self.numbers.items() if count < self.labels[text])
        if both:
            named = ", ".join(shown(text) for text in both[:EXAMPLES])
            yield note(Code.NUMBERS, source, f"{named} stands there as number and as text: read as one class")
        names = {annotation.label or "" for text in self.labels for annotation in annotations.get(text, ())}
        for group in alike(names):
            listed_names = " ".join(f'"{name}"' for name in group)
            problem = f"{len(group)} class names differ only in case, spaces or width: {listed_names}"
            yield warning(Code.SPELLINGS, source, problem, f"labelprep classes merge {listed_names}")
        different = len(self.labels)
        if self.statements >= FEW_ROWS and (
            self.many_labels or different >= OWN_CLASS_SHARE * self.statements
        ):
            count = f"over {REMEMBERED:,}" if self.many_labels else f"{different:,}"
            problem = f"{self.statements:,} rows state {count} different classes: is this the wrong column?"
            yield warning(Code.OWN_CLASS, source, problem, "choose another with --label-column")
