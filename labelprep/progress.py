"""How a long piece of work tells how far it is, without knowing who listens.

A workflow is handed a ``Progress``; the command line hands in one that draws bars, a library user
nothing at all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence


class Track(Protocol):
    """One bar: ``advance`` by finished items; ``note`` replaces the text behind it."""

    def advance(self, items: int = 1) -> None:
        """Say that so many more items are finished."""

    def note(self, text: str) -> None:
        """Show a short text beside the bar."""


class Progress(Protocol):
    """Where bars and sentences go."""

    def track(self, name: str, total: int | None) -> AbstractContextManager[Track]:
        """Open a bar for ``total`` items, or a counter where the total is not known."""

    def say(self, text: str) -> None:
        """Tell the person one sentence now (a decision taken, a default used)."""


@runtime_checkable
class Watched(Protocol):
    """A progress that a person watches: it shows rows under a header, one after the other."""

    def row(self, header: Sequence[str], cells: Sequence[str]) -> None:
        """Show a row; its header stands once above the rows that share it."""


class _SilentTrack:
    """A bar that nobody sees."""

    def advance(self, items: int = 1) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


class Silent:
    """The progress of a library call: nothing is shown."""

    def track(self, name: str, total: int | None) -> AbstractContextManager[Track]:  # noqa: ARG002
        """Return a bar that nobody sees."""
        return nullcontext(_SilentTrack())

    def say(self, text: str) -> None:
        """Do nothing."""
