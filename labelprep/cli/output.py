"""What a person sees and what a program reads: plain lines or one JSON document, never both on stdout."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from labelprep.errors import Interrupted, LabelprepError

LIST_LIMIT = 1_000


def visible(text: str) -> str:
    """Return text with control, bidi and undecodable characters as escapes: names come from strangers."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_harmless(character) else _escaped(character) for character in text)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character == "\u200d"


def _escaped(character: str) -> str:
    if unicodedata.category(character) == "Cs":
        return f"\\x{ord(character) & 0xFF:02x}"
    return character.encode("unicode_escape").decode("ascii")


def fitted(text: str, most: int = 160) -> str:
    """Return visible text without the middle of one that is longer: both ends of a path say more."""
    shown = visible(text)
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-most // 2 :]}"


def width(text: str) -> int:
    """Return how many terminal columns a text takes: Chinese characters take two."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, indent: str = "  ") -> str:
    """Return aligned columns: the first to the left, numbers to the right."""
    texts = [[visible(str(cell)) for cell in row] for row in rows]
    lines = [list(header), *texts]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    right = [column > 0 and all(_is_number(line[column]) for line in texts) for column in range(len(header))]
    return "\n".join(
        indent + "  ".join(_padded(*cell) for cell in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    )


def _is_number(text: str) -> bool:
    return (
        text == ""
        or text.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit()
    )


def _padded(text: str, columns: int, to_the_right: bool) -> str:
    space = " " * (columns - width(text))
    return space + text if to_the_right else text + space


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 image`` or ``1,234 images``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def say(*lines: str) -> None:
    """Print for a person, on stdout."""
    sys.stdout.write("\n".join(lines) + "\n")


def tell(*lines: str) -> None:
    """Print beside the result, on stderr."""
    sys.stderr.write("\n".join(lines) + "\n")


def next_step(command: str) -> None:
    """Print the last line: what to type next."""
    say("", f"Next: {command}")


def emit_json(document: Mapping[str, Any], *, full: bool = False) -> None:
    """Print one JSON document; lists over 1,000 are cut and their length stands in ``…_total``."""
    shown = dict(document) if full else _cut(document)
    sys.stdout.write(json.dumps(shown, ensure_ascii=True, indent=2, default=str) + "\n")


def emit_json_with(document: Mapping[str, Any], key: str, items: Iterable[object]) -> None:
    """Print one JSON document with a list as its last member, written as it comes: it needs no memory."""
    head = json.dumps(dict(document), ensure_ascii=True, indent=2, default=str)
    sys.stdout.write(f"{head[:-2]},\n  {json.dumps(key)}: [")
    for number, item in enumerate(items):
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps(item, ensure_ascii=True, default=str)}")
    sys.stdout.write("\n  ]\n}\n")


def _cut(document: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, list) and len(value) > LIST_LIMIT:
            result[key] = value[:LIST_LIMIT]
            result[f"{key}_total"] = len(value)
        elif isinstance(value, Mapping):
            result[key] = _cut(value)
        else:
            result[key] = value
    return result


@contextmanager
def explained(*, as_json: bool = False) -> Iterator[None]:
    """Turn our own errors into their sentence (or JSON) and exit code; a bug keeps its traceback."""
    try:
        yield
    except LabelprepError as error:
        report_error(error, as_json=as_json)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        report_interrupted(as_json=as_json)
        raise typer.Exit(Interrupted.exit_code) from None


def report_interrupted(*, as_json: bool) -> None:
    """Say that Ctrl-C was heard, where a person or a program looks for it."""
    if as_json:
        emit_json({"error": Interrupted("what was finished is kept", fix="run the command again").as_json()})
        return
    tell("Interrupted: what was finished is kept.")


def report_error(error: LabelprepError, *, as_json: bool) -> None:
    """Print an error where a person or a program looks for it."""
    if as_json:
        emit_json({"error": error.as_json()})
        return
    place = f"{visible(error.where)}: " if error.where else ""
    tell(f"error: {place}{visible(error.problem)}")
    if error.fix:
        tell(f"  fix: {visible(error.fix)}")
