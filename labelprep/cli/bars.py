"""Progress: on a terminal rich bars with rate and time left, elsewhere sentences only; always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from labelprep.cli.output import visible, width
from labelprep.progress import Progress, Silent, Track


def bars() -> Progress:
    """Return the progress that fits where stderr goes."""
    return Terminal() if sys.stderr.isatty() else Lines()


class Lines:
    """No terminal: sentences go to stderr, bars nowhere."""

    def track(self, name: str, total: int | None) -> AbstractContextManager[Track]:
        """Return a bar that nobody sees."""
        return Silent().track(name, total)

    def say(self, text: str) -> None:
        """Print a sentence on stderr."""
        sys.stderr.write(f"{visible(text)}\n")


class _RichTrack:
    """One bar of a terminal."""

    def __init__(self, display: Any, task: Any) -> None:  # noqa: ANN401 - rich's types would import rich
        self._display = display
        self._task = task

    def advance(self, items: int = 1) -> None:
        """Move the bar."""
        self._display.advance(self._task, items)

    def note(self, text: str) -> None:
        """Show a short text beside the bar."""
        self._display.update(self._task, note=text)


class Terminal:
    """A terminal: bars that disappear when they are finished, sentences and rows that stay."""

    def __init__(self) -> None:
        """Begin without a table."""
        self._header: tuple[str, ...] = ()

    def row(self, header: Sequence[str], cells: Sequence[str]) -> None:
        """Print a row in columns as wide as their header; it stands above the first row."""
        if tuple(header) != self._header:
            self._header = tuple(header)
            self._line(header, header)
        self._line(header, cells)

    def _line(self, header: Sequence[str], cells: Sequence[str]) -> None:
        padded = [" " * (width(name) - width(cell)) + cell for name, cell in zip(header, cells, strict=True)]
        line = visible("  ".join(padded).rstrip())
        # What an old console cannot show of a drawing is left out: an escape would say nothing.
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(line.encode(encoding, "ignore").decode(encoding) + "\n")

    def say(self, text: str) -> None:
        """Print a sentence on stderr."""
        sys.stderr.write(f"{visible(text)}\n")

    @contextmanager
    def track(self, name: str, total: int | None) -> Iterator[Track]:
        """Open a bar with its rate and the time left."""
        from rich import progress as rich_progress  # noqa: PLC0415 - 100 ms at start-up
        from rich.console import Console  # noqa: PLC0415 - the same

        columns = (
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            _Rate(),
            rich_progress.TimeRemainingColumn(compact=True),
            rich_progress.TextColumn("{task.fields[note]}"),
        )
        console = Console(stderr=True)
        with rich_progress.Progress(*columns, console=console, transient=True) as display:
            yield _RichTrack(display, display.add_task(name, total=total, note=""))


def _Rate() -> Any:  # noqa: ANN401, N802 - it makes a column class that needs rich
    from rich.progress import ProgressColumn, Task  # noqa: PLC0415 - 100 ms at start-up
    from rich.text import Text  # noqa: PLC0415 - the same

    class Rate(ProgressColumn):
        """Items a second."""

        def render(self, task: Task) -> Text:
            """Return the rate, or nothing before there is one."""
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f}/s")

    return Rate()
