r"""The little of YAML that files about data sets are written in, read as plain text.

::

    path: ../datasets          # a value                       names: [cat, "a dog"]
    train: images/train                                        names: {0: cat, 2: dog}
    names:                                                     names:
      0: cat                                                     - cat
      2: "a dog"                                                 - a dog

Every value is a text (``no`` is a class, not a falsehood), a list or a dict of such; nothing else is ever
made of it. Only the topmost keys that are asked for are read: what stands under others, such as a script to
download the set, is passed over. Tags, anchors and aliases are refused where they are asked for.

Source: YAML 1.2.2, chapters 6 to 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labelprep.errors import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Value = str | list["Value"] | dict[str, "Value"]

DEEPEST: Final = 8
LAST_CHARACTER: Final = 0x10FFFF
_COLON = re.compile(r":(?=\s|$)")
_COMMENT = re.compile(r"(?:^|[ \t])#")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\n[ \t]*|.)", re.DOTALL)
_FOLD = re.compile(r"[ \t]*\n[ \t]*")
_BLANK = re.compile(r"[ \t\n]*")
_FLOW_PLAIN = re.compile(r"(?:[^\[\]{},\n#:]|(?<=[^\s\[\]{},])#|:(?=[^\s\[\]{},]))+")
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028",
    "P": "\u2029",
}  # fmt: skip
_REFUSED: Final = {
    "!": "a tag", "&": "an anchor", "*": "an alias", "|": "a block of text", ">": "a block of text",
    "%": "a directive", "@": "a reserved sign", "`": "a reserved sign", "?": "a question mark",
}  # fmt: skip


class YamlError(Exception):
    """A file is no YAML that is read here: which line, and why."""

    def __init__(self, line: int, problem: str) -> None:
        """Keep the line apart."""
        super().__init__(problem)
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that says something: where it begins in the text, how far in, and without its comment."""

    start: int
    indent: int
    said: str

    @property
    def is_item(self) -> bool:
        return self.said == "-" or self.said.startswith(("- ", "-\t"))


def values(text: str, wanted: Collection[str]) -> dict[str, Value]:
    """Return what a text says under those of its topmost keys that are wanted.

    Raises: YamlError.
    """
    return _Text(text).values(frozenset(wanted))


def quoted(text: str, *, is_ascii: bool = False) -> str:
    """Return a text in double quotes; what cannot be printed, and with ``is_ascii`` all else, in escapes."""
    return f'"{"".join(_written(character, is_ascii=is_ascii) for character in text)}"'


def _written(character: str, *, is_ascii: bool) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable() and (character.isascii() or not is_ascii):
        return character
    return f"\\U{ord(character):08x}"


class _Text:
    """A text under reading: its lines, and how far they are read."""

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self._lines = list(self._significant())
        self._at = 0

    def _significant(self) -> list[_Line]:
        """Return the lines of the first document, without blank ones and comments."""
        lines: list[_Line] = []
        start = 0
        for line in self._text.split("\n"):
            said = line.lstrip(" ")
            indent = len(line) - len(said)
            if said.strip() and not said.startswith("#"):
                is_mark = indent == 0 and said.rstrip() in {"---", "..."}
                if is_mark and lines:
                    break
                if not is_mark and not (said.startswith("%") and not lines):
                    lines.append(_Line(start + indent, indent, said.rstrip()))
            start += len(line) + 1
        return lines

    def values(self, wanted: frozenset[str]) -> dict[str, Value]:
        if self._lines and self._lines[0].said.startswith("{"):
            value, _ = self._flow(self._lines[0].start, 0)
            return {key: value[key] for key in value if key in wanted} if isinstance(value, dict) else {}
        found: dict[str, Value] = {}
        while self._at < len(self._lines):
            line = self._lines[self._at]
            key = None if line.indent or line.is_item else self._key(line)
            if key is None or key[0] not in wanted:
                self._at += 1
                continue
            name, after = key
            if name in found:
                raise self._error(line.start, f"the key {shown(name)} is there twice")
            found[name] = self._value(line, after, 0)
            if self._at < len(self._lines) and self._lines[self._at].indent:
                raise self._error(self._lines[self._at].start, "a line is not as far in as the one above")
        return found

    def _key(self, line: _Line) -> tuple[str, int] | None:
        """Return the key a line begins with and where its value begins; None where it has none."""
        said = line.said
        if said[0] in "\"'":
            key, end = self._quoted(line.start)
            colon = _COLON.match(self._text, _BLANK.match(self._text, end).end())  # type: ignore[union-attr]
            return None if colon is None else (key, colon.end())
        colon = _COLON.search(said)
        if colon is None or said[0] in "[]{},#" or _COMMENT.search(said, 0, colon.start()):
            return None
        return said[: colon.start()].rstrip(), line.start + colon.end()

    def _value(self, line: _Line, after: int, depth: int) -> Value:
        """Return the value that begins behind a key or a dash, and pass over its lines."""
        end_of_line = self._text.find("\n", after)
        end_of_line = len(self._text) if end_of_line < 0 else end_of_line
        rest = self._text[after:end_of_line]
        said = _without_comment(rest)
        self._at += 1
        if not said:
            return self._block(line, depth + 1)
        begin = after + len(rest) - len(rest.lstrip())
        if said[0] in "[{\"'":
            value, end = self._inline(begin, depth)
            self._pass_over(end)
            return value
        self._refuse(said, begin)
        if said.startswith(("- ", "-\t")) or (line.is_item and _COLON.search(said)):
            raise self._error(begin, "lists and keys within an item are not read")
        following = self._lines[self._at] if self._at < len(self._lines) else None
        if following is not None and following.indent > line.indent:
            raise self._error(following.start, "a value that goes on in the next line needs quotes")
        return said

    def _block(self, parent: _Line, depth: int) -> Value:
        """Return the list or dict whose lines follow a key; nothing where none do."""
        first = self._lines[self._at] if self._at < len(self._lines) else None
        if first is None or not (
            first.indent > parent.indent
            or (first.is_item and not parent.is_item and first.indent == parent.indent)
        ):
            return ""
        if depth > DEEPEST:
            raise self._error(first.start, "it is nested too deep")
        if first.is_item:
            return [self._value(line, line.start + 1, depth) for line in self._siblings(first)]
        if first.said[0] in "[{\"'" and self._key(first) is None:
            self._at += 1
            value, end = self._inline(first.start, depth)
            self._pass_over(end)
            return value
        made: dict[str, Value] = {}
        for line in self._siblings(first):
            self._refuse(line.said, line.start)
            key = self._key(line)
            if key is None:
                raise self._error(line.start, f"{shown(line.said)} is neither a key nor an item of a list")
            if key[0] in made:
                raise self._error(line.start, f"the key {shown(key[0])} is there twice")
            made[key[0]] = self._value(line, key[1], depth)
        return made

    def _siblings(self, first: _Line) -> Iterator[_Line]:
        """Yield the lines of one block, as long as whoever takes them passes over each."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.indent < first.indent or (line.indent == first.indent and line.is_item != first.is_item):
                return
            if line.indent > first.indent:
                raise self._error(line.start, f"{shown(line.said)} is farther in than the line above")
            yield line

    def _pass_over(self, end: int) -> None:
        """Go on with the line behind a value that may have taken several."""
        end_of_line = self._text.find("\n", end)
        rest = self._text[end : len(self._text) if end_of_line < 0 else end_of_line]
        if _without_comment(rest):
            raise self._error(end, f"{shown(rest.strip())} stands behind a value")
        while self._at < len(self._lines) and self._lines[self._at].start < end:
            self._at += 1

    def _inline(self, at: int, depth: int) -> tuple[Value, int]:
        """Return a value in brackets or quotes, and where it ends."""
        return self._quoted(at) if self._text[at] in "\"'" else self._flow(at, depth)

    def _quoted(self, at: int) -> tuple[str, int]:
        is_double = self._text[at] == '"'
        found = (_DOUBLE if is_double else _SINGLE).match(self._text, at)
        if found is None:
            raise self._error(at, "a quotation mark is not closed")
        said = found[1]
        if is_double:
            said = self._whole(_ESCAPE.sub(lambda escape: self._escaped(escape[1], at), said), at)
        else:
            said = said.replace("''", "'")
        return _FOLD.sub(" ", said) if "\n" in found[1] else said, found.end()

    def _whole(self, said: str, at: int) -> str:
        """Return a text in which two halves of a character, as JSON escapes them, are one."""
        if said.isascii():
            return said
        try:
            return said.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError as error:
            raise self._error(at, "half a character stands alone") from error

    def _escaped(self, code: str, at: int) -> str:
        if code[0] in "xuU" and len(code) > 1:
            number = int(code[1:], 16)
            if number > LAST_CHARACTER:
                raise self._error(at, f"\\{code} is no character")
            return chr(number)
        if code[0] == "\n":
            return ""
        if code not in _ESCAPED:
            raise self._error(at, f"\\{code} means nothing")
        return _ESCAPED[code]

    def _flow(self, at: int, depth: int) -> tuple[Value, int]:
        """Return a value that stands within brackets, and where it ends."""
        if depth > DEEPEST:
            raise self._error(at, "it is nested too deep")
        sign = self._text[at : at + 1]
        if sign == "[":
            return self._flow_list(at, depth)
        if sign == "{":
            return self._flow_dict(at, depth)
        if sign and sign in "\"'":
            return self._quoted(at)
        self._refuse(sign, at)
        found = _FLOW_PLAIN.match(self._text, at)
        if found is None or sign == "#":
            raise self._error(at, f"{shown(sign or 'the end')} stands where a value should")
        return found[0].rstrip(), found.end()

    def _flow_list(self, at: int, depth: int) -> tuple[Value, int]:
        made: list[Value] = []
        at = self._behind_blank(at + 1)
        while self._text[at : at + 1] != "]":
            value, at = self._flow(at, depth + 1)
            made.append(value)
            at = self._behind_comma(at, "]")
        return made, at + 1

    def _flow_dict(self, at: int, depth: int) -> tuple[Value, int]:
        made: dict[str, Value] = {}
        at = self._behind_blank(at + 1)
        while self._text[at : at + 1] != "}":
            start = at
            key, at = self._flow(at, depth + 1)
            at = self._behind_blank(at)
            if not isinstance(key, str) or self._text[at : at + 1] != ":":
                raise self._error(start, "a colon is missing")
            if key in made:
                raise self._error(start, f"the key {shown(key)} is there twice")
            at = self._behind_blank(at + 1)
            made[key] = ""
            if self._text[at : at + 1] not in {",", "}"}:
                made[key], at = self._flow(at, depth + 1)
            at = self._behind_comma(at, "}")
        return made, at + 1

    def _behind_comma(self, at: int, closing: str) -> int:
        at = self._behind_blank(at)
        sign = self._text[at : at + 1]
        if sign == ",":
            return self._behind_blank(at + 1)
        if sign != closing:
            raise self._error(at, f"{shown(sign or 'the end')} stands where , or {closing} should")
        return at

    def _behind_blank(self, at: int) -> int:
        """Return where something stands next, past blanks, line ends and comments."""
        while True:
            at = _BLANK.match(self._text, at).end()  # type: ignore[union-attr]
            if self._text[at : at + 1] != "#":
                return at
            end = self._text.find("\n", at)
            at = len(self._text) if end < 0 else end

    def _refuse(self, said: str, at: int) -> None:
        if said[:1] in _REFUSED and not (said[0] == "?" and said[1:2].strip()):
            raise self._error(at, f"{shown(said)} begins with {_REFUSED[said[0]]}, which is not read here")

    def _error(self, at: int, problem: str) -> YamlError:
        return YamlError(self._text.count("\n", 0, at) + 1, problem)


def _without_comment(rest: str) -> str:
    found = _COMMENT.search(rest)
    return (rest if found is None else rest[: found.start()]).strip()
