"""What one cell of a table says: lists in it, and guards against being run as a formula."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
QUOTED_LIST = re.compile(rf"\[\s*(?:{QUOTED}(?:\s*,)?\s*)*\]")
ONE_QUOTED = re.compile(QUOTED)
ESCAPED = re.compile(r"\\([\\'\"])")
FORMULA_SIGNS = "=+-@\t\r"
GUARDED = re.compile(rf"'+[{re.escape(FORMULA_SIGNS)}]")
NEEDS_GUARD = re.compile(rf"'*[{re.escape(FORMULA_SIGNS)}]")
LONGEST_LIST = 65_536


def neutralised(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: with ``'`` before the sign of one."""
    return f"'{text}" if NEEDS_GUARD.match(text) else text


def restored(text: str) -> str:
    """Return a text without the guard that `neutralised` sets; the two undo each other for every text."""
    return text[1:] if GUARDED.match(text) else text


def cell_of(labels: Sequence[str]) -> str:
    """Return labels as one cell: a class as it is, several as a JSON list; so too what looks like a list."""
    if len(labels) == 1 and not looks_listed(labels[0]):
        return labels[0]
    return json.dumps(list(labels), ensure_ascii=False) if labels else ""


def looks_listed(text: str) -> bool:
    """Say whether a name may be taken for a list of names."""
    return text.strip().startswith("[") and text.strip().endswith("]")


def listed(text: str) -> list[str] | None:
    """Return the items of a list written into a cell, as Python, JSON or NumPy write it.

    None where it is no list: ``[unknown]`` is a name in brackets.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")) or len(text) > LONGEST_LIST:
        return None
    if QUOTED_LIST.fullmatch(text):
        # Python would join 'cat' 'dog', as NumPy prints them, into one word.
        return [_unquoted(found[0]) for found in ONE_QUOTED.finditer(text)]
    try:
        items: Any = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return items


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            pass  # Python's way of writing, such as "it's \'so\'"
    return ESCAPED.sub(r"\1", text[1:-1])


def split_at(text: str, separator: str) -> list[str]:
    """Return the parts of a cell, without outer spaces and without empty ones."""
    return [part for part in (part.strip() for part in text.split(separator)) if part]
