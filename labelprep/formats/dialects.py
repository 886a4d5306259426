r"""Tables in text files: what separates their columns, how cells are quoted, where rows begin.

::

    file,label          file;label;score      file<tab>label       file      label
    a.jpg,"big, red"    a.jpg;cat;0,5         a.jpg<tab>cat        a.jpg     cat
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from labelprep.errors import SourceError
from labelprep.formats.encodings import find_encoding
from labelprep.formats.grids import (
    MAX_COLUMNS,
    Aside,
    CellNote,
    Grid,
    Place,
    Row,
    explained_opening,
    is_blank,
)
from labelprep.formats.table_issues import Code, note
from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from labelprep.formats.base import ReadContext
    from labelprep.formats.encodings import Encoding
    from labelprep.formats.textbytes import TextBytes
    from labelprep.model.issues import Issue

SAMPLE_LINES = 3000
SAMPLE_CHARACTERS = 1 << 21
EVIDENCE_ROWS = 200
DELIMITERS = (",", "\t", ";", "|", "，")
TWO_SPACES = "  "
ONE_SPACE = " "
GAPS = {TWO_SPACES: re.compile(r"[ \t\u3000]{2,}|\t"), ONE_SPACE: re.compile(r"[ \t\u3000]+")}
SHOWN = {"\t": "tab", TWO_SPACES: "columns aligned by spaces", ONE_SPACE: "space", "": "none (one column)"}
UNCLOSED = "unexpected end of data"
LINE_ENDS = re.compile(r"\r\n|\r|\n")


class MisquotedError(Exception):
    """A row that begins at a line cannot be parsed."""

    def __init__(self, number: int, problem: str) -> None:
        """Keep the line and what the parser says."""
        super().__init__(problem)
        self.number = number
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are kept apart; ``delimiter`` is empty where there is one column only."""

    delimiter: str
    quoted: bool = True
    skip_space: bool = False

    @property
    def name(self) -> str:
        """The delimiter as a person is told of it."""
        name = SHOWN.get(self.delimiter, self.delimiter)
        return f"{name} and a space" if self.skip_space else name

    def parsed(self, lines: Iterable[str]) -> Iterator[tuple[int, int, list[str]]]:
        """Yield each row with the numbers of its first and its last line.

        Raises: MisquotedError.
        """
        if self.delimiter in GAPS:
            split = GAPS[self.delimiter].split
            for number, line in enumerate(lines, 1):
                yield number, number, split(line.strip()) if line.strip() else []
            return
        reader = csv.reader(
            lines,
            delimiter=self.delimiter or "\x1f",
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            skipinitialspace=self.skip_space,
            strict=True,
        )
        before = 0
        try:
            for cells in reader:
                last = reader.line_num
                yield before + 1, last, cells
                before = last
        except csv.Error as error:
            raise MisquotedError(before + 1, str(error)) from error


def has_image_ending(text: str) -> bool:
    """Say whether a text ends as the names of image files do."""
    _stem, dot, ending = text.rstrip().rpartition(".")
    return bool(dot) and len(ending) < 6 and f".{ending.lower()}" in IMAGE_EXTENSIONS  # noqa: PLR2004 - the longest


@dataclass(frozen=True, slots=True)
class Trial:
    """How well a dialect fits a sample: which share of rows has the commonest width."""

    dialect: Dialect
    share: float
    width: int
    spaced: bool
    error: str = ""


def find_dialect(lines: Sequence[str], names_image: Callable[[str], bool], *, whole: bool) -> Dialect:
    """Return the dialect under which most rows have the same width, and cells name images.

    ``whole`` says that the lines are all there are: the last cell may then not be open.
    """
    trials = [
        _tried(Dialect(delimiter), lines, whole=whole)
        for delimiter in DELIMITERS
        if any(delimiter in line for line in lines)
    ]
    trials = [trial for trial in trials if trial.width > 1]
    if not trials or max(trial.share for trial in trials) < 0.5:  # noqa: PLR2004 - most rows disagree
        for delimiter in GAPS:
            trial = _tried(Dialect(delimiter), lines, whole=whole)
            if trial.width < 2 or trial.share < 0.7:  # noqa: PLR2004 - nearly all rows
                continue
            # Words of a sentence are no columns: the file names tell.
            if delimiter != ONE_SPACE or _image_share(trial.dialect, lines, names_image) >= 0.5:  # noqa: PLR2004 - most rows
                return trial.dialect
    if not trials:
        return Dialect("")
    best = trials[0] if len(trials) == 1 else _best(trials, lines, names_image)
    dialect = best.dialect
    if best.spaced:
        return replace(dialect, skip_space=True)
    if best.error and UNCLOSED not in best.error and dialect.delimiter == "\t":
        # Tab-separated files often know no quotes: "big" dog is then just text.
        return replace(dialect, quoted=False)
    return dialect


def _best(trials: Sequence[Trial], lines: Sequence[str], names_image: Callable[[str], bool]) -> Trial:
    """Return the best of several: only then the images are asked for, which takes an index of all of them."""
    images = {trial.dialect: _image_share(trial.dialect, lines, names_image) for trial in trials}

    def merit(trial: Trial) -> tuple[bool, float, float]:
        share = images[trial.dialect]
        return share >= 0.5, round(trial.share, 2), share  # noqa: PLR2004 - most rows

    return max(trials, key=merit)


def _image_share(dialect: Dialect, lines: Sequence[str], names_image: Callable[[str], bool]) -> float:
    """Return which share of the first rows names an image."""
    images = looked = 0
    with suppress(MisquotedError):
        for _first, _last, cells in dialect.parsed(lines):
            if looked == EVIDENCE_ROWS:
                break
            if not is_blank(cells):
                looked += 1
                images += any(has_image_ending(cell) or names_image(cell) for cell in cells[:50])
    return images / looked if looked else 0.0


def _tried(dialect: Dialect, lines: Sequence[str], *, whole: bool) -> Trial:
    widths: Counter[int] = Counter()
    spaced = plain = 0
    error = ""
    try:
        for _first, _last, cells in dialect.parsed(lines):
            if is_blank(cells):
                continue
            widths[len(cells)] += 1
            if len(cells) > 1:
                starts = [cell[:1] for cell in cells[1:] if cell]
                spaced += all(start == " " for start in starts) and bool(starts)
                plain += any(start != " " for start in starts)
    except MisquotedError as caught:
        error = caught.problem if whole or UNCLOSED not in caught.problem else ""
    rows = widths.total()
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    all_spaced = spaced > 1 and not plain
    return Trial(dialect, count / rows if rows else 0.0, width, all_spaced, error)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text file that holds a table: its encoding, its dialect, and its lines from the start."""

    encoding: Encoding
    seen: TextBytes
    dialect: Dialect
    lines: Callable[[], Iterator[str]]


def text_table(source: Path, context: ReadContext) -> TextTable:
    """Find out how a text file holds a table.

    Raises: SourceError where it is none; UsageError where its encoding is in doubt.
    """
    encoding, seen = find_encoding(source, context)
    ends_with_mark = _ends_with_dos_mark(source)

    def lines() -> Iterator[str]:
        with explained_opening(source), source.open(encoding=encoding.codec, newline="") as file:
            if ends_with_mark:
                yield from (line.rstrip("\x1a") for line in file)
            else:
                yield from file

    sample, whole = _sampled(lines())
    if all(not line.strip() for line in sample) and whole:
        raise SourceError("the file holds blank lines only", where=source.name, fix="save the table again")
    return TextTable(encoding, seen, find_dialect(sample, context.is_image, whole=whole), lines)


def text_grid(source: Path, context: ReadContext) -> Grid:
    """Open a text file as a table.

    Raises: as `text_table`.
    """
    table = text_table(source, context)
    issues = list(table.encoding.issues)
    issues += _checked(source, table.dialect, table.lines(), context.is_image)

    def rows() -> Iterator[Row]:
        try:
            for number, _last, cells in table.dialect.parsed(table.lines()):
                yield Row(number, cells)
        except (MisquotedError, UnicodeError) as error:
            raise _changed(source) from error

    facts = {"encoding": table.encoding.name, "delimiter": table.dialect.name}
    return Grid(
        Place(source.name),
        _with_nul_notes(rows) if table.seen.has_nul else rows,
        facts,
        issues=tuple(issues),
    )


def _ends_with_dos_mark(source: Path) -> bool:
    with explained_opening(source), source.open("rb") as file:
        size_bytes = file.seek(0, 2)
        file.seek(max(0, size_bytes - 8))
        return file.read().rstrip(b"\r\n\0").endswith(b"\x1a")


def _sampled(lines: Iterator[str]) -> tuple[list[str], bool]:
    """Return the first lines, and whether they are all."""
    sample: list[str] = []
    characters = 0
    for line in islice(lines, SAMPLE_LINES):
        sample.append(line)
        characters += len(line)
        if characters > SAMPLE_CHARACTERS:
            return sample, False
    return sample, next(lines, None) is None


def _checked(
    source: Path, dialect: Dialect, lines: Iterator[str], names_image: Callable[[str], bool]
) -> list[Issue]:
    """Parse all of it once: what is wrong with its quotes must be known before the first row is used.

    Raises: SourceError naming the line.
    """
    several, first = 0, 0
    widths: Counter[int] = Counter()
    try:
        for number, last, cells in dialect.parsed(lines):
            if len(cells) > MAX_COLUMNS:
                raise SourceError(
                    f"the row has {len(cells):,} cells: this is no table of labels",
                    where=f"{source.name}:{number}",
                    fix="give the sheet that holds the labels",
                )
            if last == number:
                widths[len(cells)] += 1
                continue
            usual = max(widths, key=lambda width: (widths[width], width), default=0)
            if dialect.delimiter and _swallows(cells, usual, dialect.delimiter, names_image):
                raise SourceError(
                    f"a quote that opens in this row closes in line {last}, and swallows the rows between",
                    where=f"{source.name}:{number}",
                    fix='close the quote, or double it (""), or delete it',
                )
            several, first = several + 1, first or number
    except MisquotedError as error:
        raise _misquoted(source, error) from error
    except UnicodeError as error:
        raise _changed(source) from error
    if not several:
        return []
    problem = f"rows with cells of several lines: {several:,}; lines are counted as in an editor"
    return [note(Code.LINES, f"{source.name}:{first}", problem)]


def _swallows(cells: Sequence[str], usual: int, delimiter: str, names_image: Callable[[str], bool]) -> bool:
    """Tell whether rows lie inside a cell: lines that name an image, as wide as a row.

    That is as wide as most are (``usual``), or as this one is where its quote is left out. A row that is as
    wide as most, and would not be without its quote, was quoted by intent.
    """
    for column, cell in enumerate(cells):
        head, *inner = (line.split(delimiter) for line in LINE_ENDS.split(cell))
        unquoted = column + len(head)
        if not inner or len(cells) == usual != unquoted:
            continue
        inner[-1].extend(cells[column + 1 :])
        for row in inner:
            is_row = len(row) > 1 and len(row) in {usual, unquoted}
            if is_row and any(has_image_ending(text) or names_image(text) for text in row):
                return True
    return False


def _misquoted(source: Path, error: MisquotedError) -> SourceError:
    if UNCLOSED in error.problem:
        problem = "a quote opens in this row and never closes, so the rest of the file would be one cell"
        fix = 'close the quote, or double it (""), or delete it'
    elif "field larger" in error.problem:
        problem = "a cell of this row is longer than 131,072 characters"
        fix = "is a quote opened and not closed? Close or delete it"
    else:
        problem = "a quoted cell of this row has text behind its closing quote"
        fix = 'double the quotes inside a cell ("5"" disk"), or delete them'
    return SourceError(problem, where=f"{source.name}:{error.number}", fix=fix)


def _changed(source: Path) -> SourceError:
    return SourceError("the file changed while it was read", where=source.name, fix="try again")


def _with_nul_notes(rows: Callable[[], Iterator[Row]]) -> Callable[[], Iterator[Row]]:
    """Return rows that tell of NUL bytes in their cells."""

    def noted() -> Iterator[Row]:
        for row in rows():
            notes = {column: CellNote(Aside.NUL) for column, cell in enumerate(row.cells) if "\0" in cell}
            yield row._replace(notes=notes) if notes else row

    return noted
