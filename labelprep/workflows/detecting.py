"""`detect`: what format a file or folder of labels is, and why it is none of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError
from labelprep.formats import READERS, reader
from labelprep.workflows.label_sources import reached

if TYPE_CHECKING:
    from pathlib import Path

LEAST_CONFIDENCE = 0.2
"""Below it a format is refused: nothing of its own was seen."""


@dataclass(frozen=True, slots=True)
class Look:
    """How sure one reader is that a source is its own (0–1), and why."""

    format: str
    confidence: float
    reason: str

    @property
    def is_likely(self) -> bool:
        """Whether anything of the format's own was seen."""
        return self.confidence >= LEAST_CONFIDENCE

    def as_json(self) -> dict[str, Any]:
        """Return the look under its contract names."""
        return {
            "format": self.format,
            "confidence": round(self.confidence, 3),
            "reason": self.reason,
            "likely": self.is_likely,
        }


def detect(source: Path) -> list[Look]:
    """Return how sure each reader is, the surest first; those within a tenth in the order of the table.

    Raises: SourceError where there is no such file or folder, or an archive cannot be unpacked.
    """
    if not source.exists():
        raise SourceError(
            "there is no such file or folder", where=str(source), fix="check the spelling of the path"
        )
    with reached(source) as place:
        seen = {name: reader(name).sniff(place.path) for name in READERS}
    looks = [Look(name, look.confidence, look.reason) for name, look in seen.items()]
    return sorted(looks, key=lambda look: -round(look.confidence, 1))
