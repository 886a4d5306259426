"""Words as they can be typed at a prompt, in any of the usual shells."""

from __future__ import annotations

SPECIAL = frozenset(" &();'$`!*?[]<>|#\"")


def quoted(text: str) -> str:
    """Return a word in double quotes where a shell would take it apart."""
    return f'"{text}"' if SPECIAL.intersection(text) else text
