"""How an import is asked for, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelprep.errors import UsageError, shown
from labelprep.formats import READERS
from labelprep.manifest.resolving import LABEL_FROM
from labelprep.model.issues import Severity
from labelprep.model.ranks import Rank
from labelprep.workflows.framing import FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.model.issues import Issue

AUTO = "auto"
PROPOSED = "only_proposed"
READ_OPTIONS = (
    "encoding", "sheet", "header", "file_column", "label_columns", "split_column", "group_column",
    "separator", "fill_merged", "multi_label", "class_names", "four_points",
)  # fmt: skip
RANKS = {rank.name.lower(): rank for rank in Rank}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import; what is None is found out.

    ``format`` is ``auto`` or a format's name; ``label_from`` (only, largest, all) says which shapes make the
    label of an image whose class nobody states; ``strict`` joins rows to images by certain rules alone;
    ``frame``, of `FRAMES`, says on which picture shapes were drawn: the upright one or the one as stored;
    ``class_names`` is a file that names the classes of numbers, ``four_points`` what shapes of four points
    are (polygon, rotated_box); ``multi_label`` makes several rows of one image its several labels; ``rank``
    is a word of `RANKS`; ``compare_embedded`` holds pictures inside label files against their images.
    """

    format: str = AUTO
    dry_run: bool = False
    strict: bool = False
    encoding: str | None = None
    sheet: str | None = None
    header: str | None = None
    file_column: str | None = None
    label_columns: Sequence[str] = ()
    split_column: str | None = None
    group_column: str | None = None
    separator: str | None = None
    fill_merged: bool = False
    multi_label: bool = False
    label_from: str = LABEL_FROM[0]
    class_names: str | None = None
    four_points: str | None = None
    rank: str | None = None
    frame: str = FRAMES[0]
    compare_embedded: bool = False

    def check(self) -> None:
        """Refuse words that are none of those allowed.

        Raises: UsageError.
        """
        allowed = {
            "--from": (self.format, (AUTO, *READERS)),
            "--label-from": (self.label_from, LABEL_FROM),
            "--rank": (self.rank or "sheet", tuple(RANKS)),
            "--frame": (self.frame, FRAMES),
        }
        for option, (given, words) in allowed.items():
            if given not in words:
                raise UsageError(
                    f"{shown(given)} is none of {', '.join(words)}", where=option, fix="name one of them"
                )

    def for_reading(self) -> dict[str, Any]:
        """Return what a reader may know of them: those that were set."""
        values = {name: getattr(self, name) for name in READ_OPTIONS}
        return {
            name: list(value) if name == "label_columns" else value for name, value in values.items() if value
        }

    def kept(self) -> dict[str, Any]:
        """Return what is kept with the source: those that were set and decide what it says."""
        more = {"strict": self.strict, "label_from": self.label_from, "frame": self.frame}
        usual = {False, LABEL_FROM[0], FRAMES[0]}
        return self.for_reading() | {name: value for name, value in more.items() if value not in usual}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found; rows = matched + unmatched + the sum of skipped.

    ``rules`` counts rows by the rule that found their image. ``replaced`` are former statements of the source
    that gave way, ``changed`` the images about which it says something else than before. ``classes`` counts
    the images of each class that the source names, as they are resolved now. ``facts`` is what was found out
    about the source (encoding, header line, roles of columns …).
    """

    source: Path
    location: str
    format: str
    encoding: str | None
    rows: int
    matched: int
    unmatched: int
    skipped: dict[str, int]
    annotations: int
    classes_added: tuple[str, ...]
    conflicts: int
    rules: dict[str, int]
    images_without_row: int
    replaced: int
    changed: int
    splits_changed: int
    dry_run: bool
    facts: dict[str, Any] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    unmatched_file: Path | None = None
    classes: dict[str, int] = field(default_factory=dict)
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    predictions: ImportReport | None = None
    seconds: float = 0.0

    @property
    def has_errors(self) -> bool:
        """Whether anything that was said got lost."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "source": str(self.source),
            "location": self.location,
            "format": self.format,
            "encoding": self.encoding,
            "rows": self.rows,
            "matched": self.matched,
            "unmatched": self.unmatched,
            "skipped": self.skipped,
            "annotations": self.annotations,
            "classes_added": list(self.classes_added),
            "classes": self.classes,
            "conflicts": self.conflicts,
            "rules": self.rules,
            "images_without_row": self.images_without_row,
            "unmatched_file": None if self.unmatched_file is None else str(self.unmatched_file),
            "replaced": self.replaced,
            "changed": self.changed,
            "splits_changed": self.splits_changed,
            "dry_run": self.dry_run,
            "facts": self.facts,
            "issues": [issue.as_json() for issue in self.issues],
            "seconds": round(self.seconds, 3),
            **({} if self.predictions is None else {"predictions": self.predictions.as_json()}),
            **({"suggestions": self.suggestions} if PROPOSED in self.skipped else {}),
        }
