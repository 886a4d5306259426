"""Every error that a user can cause or meet, as one small tree.

::

    LabelprepError                exit 3: it cannot be done
    ├── UsageError                exit 2: wrong use, or a question that an option answers
    ├── ManifestError             the manifest cannot be opened, written or undone
    ├── SourceError               a folder, file or sheet cannot be read, or holds nothing usable
    ├── PixelsError               an image or a cache of pixels cannot be read
    ├── TrainingError             a network cannot be trained, loaded or used
    └── Interrupted               exit 130: a person pressed Ctrl-C
"""

from __future__ import annotations

VALUE_LENGTH = 60


def shown(value: object) -> str:
    """Return the repr of a value, cut at 60 characters, for use in a message."""
    text = repr(value)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


class LabelprepError(Exception):
    """One sentence in three parts: where, what is wrong, what to do."""

    code = "error"
    exit_code = 3

    def __init__(self, problem: str, *, where: str = "", fix: str = "") -> None:
        """Keep the three parts apart, so that a page or JSON can show each."""
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        """Return the parts as one sentence."""
        sentence = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{sentence} — {self.fix}" if self.fix else sentence

    def as_json(self) -> dict[str, str]:
        """Return code, where, problem and fix under their contract names."""
        return {"code": self.code, "where": self.where, "problem": self.problem, "fix": self.fix}


class UsageError(LabelprepError):
    """The command was used wrongly, or a question needs an option to answer it."""

    code = "usage"
    exit_code = 2


class ManifestError(LabelprepError):
    """The manifest cannot be opened, written or undone."""

    code = "manifest"


class SourceError(LabelprepError):
    """A folder, file or sheet cannot be read, or holds nothing usable."""

    code = "source"


class PixelsError(LabelprepError):
    """An image, or a cache of pixels, cannot be read."""

    code = "pixels"


class TrainingError(LabelprepError):
    """A network cannot be trained, loaded or used."""

    code = "training"


class Interrupted(LabelprepError):  # noqa: N818 - it is what happened, not what went wrong
    """A person pressed Ctrl-C; what was finished before is kept."""

    code = "interrupted"
    exit_code = 130
