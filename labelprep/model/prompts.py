"""Words as they can be typed at a prompt, in any of the usual shells."""

from __future__ import annotations

SPECIAL = frozenset(" &();'$`!*?[]<>|#\"\t~{}")
EXPANDED = frozenset('$`!"')
"""What shells other than that of Windows read inside double quotes too."""


def quoted(text: str) -> str:
    """Return a word in quotes where a shell would take it apart: double ones where they do, else single."""
    if text and not SPECIAL.intersection(text):
        return text
    if not EXPANDED.intersection(text):
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    return '"' + "".join(f"\\{letter}" if letter in EXPANDED else letter for letter in text) + '"'


def typed(command: str, *words: str) -> str:
    """Return a command with words of a user's own behind it; a hyphen makes none of them an option."""
    dashes = ("--",) if any(word.startswith("-") for word in words) else ()
    return " ".join((command, *dashes, *map(quoted, words)))
