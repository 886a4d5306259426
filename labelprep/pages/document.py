"""HTML as values: what is text is escaped, what is markup is not, and a page is one file.

A page asks for nothing outside itself: styles, pictures and charts stand in it, and its policy forbids the
rest. It follows the reader's choice of light or dark, prints, and works without scripts.
"""

from __future__ import annotations

import base64
import html
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID: Final = frozenset({"br", "col", "hr", "img", "meta"})
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
_FIRST_PRINTABLE: Final = " "
_KEPT: Final = "\n\t"
_SURROGATES: Final = range(0xD800, 0xE000)
_BIDI: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Markup(str):
    """HTML that is ready to be written; every other text is escaped."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as HTML text; what nobody would see, or what turns a line, is an escape."""
    if isinstance(value, Markup):
        return value
    shown = "".join(letter if _is_harmless(letter) else _escaped(letter) for letter in str(value))
    return Markup(html.escape(shown))


def _is_harmless(letter: str) -> bool:
    return (letter >= _FIRST_PRINTABLE or letter in _KEPT) and not (
        ord(letter) in _SURROGATES or letter in _BIDI or letter == "\x7f"
    )


def _escaped(letter: str) -> str:
    if ord(letter) in _SURROGATES:
        return f"\\x{ord(letter) & 0xFF:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; ``class_`` stands for class, ``data_x`` for data-x, None leaves an attribute out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(
            f"<{name}{given}>" if name in {"br", "col", "hr", "img", "meta"} else f"<{name}{given}/>"
        )
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[object]) -> Markup:
    """Return children one after the other."""
    return Markup("".join(text(child) for child in children))


def picture(jpeg: bytes, *, described: str, **attributes: object) -> Markup:
    """Return a JPEG as part of the page."""
    encoded = base64.b64encode(jpeg).decode("ascii")
    source = Markup(f"data:image/jpeg;base64,{encoded}")
    return tag("img", src=source, alt=described, loading="lazy", **attributes)


def table(header: Iterable[object], rows: Iterable[Iterable[object]], *, numbers: int = 0) -> Markup:
    """Return a table; its last ``numbers`` columns hold numbers, aligned to the right."""
    names = list(header)
    kinds = [None] * (len(names) - numbers) + ["number"] * numbers
    head = tag("tr", *(tag("th", name, class_=kind) for name, kind in zip(names, kinds, strict=True)))
    body = [
        tag("tr", *(tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll")


def document(title: str, *body: object, language: str = "en") -> str:
    """Return a whole page."""
    style = resources.files("labelprep.pages").joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    whole = tag("html", head, tag("body", tag("main", *body)), lang=language)
    return f"<!doctype html>\n{whole}\n"
