"""The bytes of a JSON label file as values, or one sentence on why they are none.

Label tools write UTF-8, UTF-16 with Notepad's help, and, on Chinese Windows, GBK. A few GBK words are UTF-8
words too (猫 is ``C3 A8``, which UTF-8 reads as è): both readings are kept; the caller looks for evidence.

Source: RFC 8259; GB 18030-2022.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from labelprep.errors import UsageError, shown

SURE_CHARACTERS: Final = 4
"""So many different characters are never UTF-8 by accident: one hanzi in eleven is."""
DEEPEST: Final = 64
DUPLICATE: Final = object()
"""The key under which an object holds the name of a key that it had twice, with two values."""
EMBEDDED: Final = "labelprep: a picture was here"

_WIDE = re.compile(r"[^\x00-\x7f]+")
_BEYOND_TWO_BYTES = re.compile(r"[^\x00-\u07ff]")
_INSIDE_WORD = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]+(?=[A-Za-z])")
_HANZI = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class NotReadableError(Exception):
    """A file is no JSON that can be used: ``reason`` to count it under, and two parts of the sentence."""

    def __init__(self, reason: str, problem: str, fix: str) -> None:
        """Keep the parts apart."""
        super().__init__(problem)
        self.reason = reason
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of a file in one encoding."""

    encoding: str
    text: str


def check_encoding(name: object) -> str | None:
    """Return the name of an encoding that a person has set, None where none is.

    Raises: UsageError where Python knows no such text encoding.
    """
    if name is None:
        return None
    try:
        "".encode(str(name))
        b"".decode(str(name))
        return codecs.lookup(str(name)).name
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"{shown(name)} is no known encoding", where="--encoding", fix="try utf-8, gb18030 or utf-16"
        ) from error


def readings(data: bytes, encoding: str | None) -> list[Reading]:
    """Return the text of a file in the one encoding it can have; two where both are possible and differ.

    Raises: NotReadableError where no encoding fits, or there is no text.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise NotReadableError("empty_file", "the file is empty", "save it again in the tool it came from")
    if encoding is not None:
        return [Reading(encoding, _decoded(data, encoding).removeprefix("\ufeff"))]
    if data.isascii() and b"\x00" not in data[:4]:
        return [Reading("utf-8", data.decode("ascii"))]
    name = json.detect_encoding(data)
    if name != "utf-8":
        return [Reading(name, _decoded(data, name))]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            return [Reading("gb18030", data.decode("gb18030"))]
        except UnicodeDecodeError:
            raise _undecodable(data, error, "UTF-8 or GB18030") from error
    other = _other_reading(data, text)
    return [Reading("utf-8", text)] if other is None else [Reading("utf-8", text), Reading("gb18030", other)]


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, error, encoding) from error


def _undecodable(data: bytes, error: UnicodeDecodeError, encoding: str) -> NotReadableError:
    line = data.count(b"\n", 0, error.start) + 1
    return NotReadableError(
        "encoding",
        f"byte {error.start} (line {line}), {shown(data[error.start : error.start + 4])}, is no {encoding}",
        "name the encoding with --encoding, or save the file as UTF-8",
    )


def _other_reading(data: bytes, text: str) -> str | None:
    """Return the GB18030 reading of UTF-8 text where it is as likely; see the module's note."""
    if _BEYOND_TWO_BYTES.search(text):
        return None
    wide = _WIDE.findall(text)
    if len(set("".join(wide))) >= SURE_CHARACTERS:
        return None
    # Hanzi do not stand between letters, as the è of chèvre does.
    if len(_INSIDE_WORD.findall(text)) == len(wide):
        return None
    try:
        other = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return other if all(_HANZI.fullmatch(run) for run in _WIDE.findall(other)) else None


def samples(first: str, second: str) -> tuple[str, str]:
    """Return the first words that two readings of one file differ in."""
    one = re.search(r'[^"\s]*[^\x00-\x7f][^"\s]*', first)
    other = re.search(r'[^"\s]*[^\x00-\x7f][^"\s]*', second)
    return (shown(one[0]) if one else "", shown(other[0]) if other else "")


def without_string(data: bytes, key: bytes) -> tuple[bytes, tuple[int, int] | None]:
    """Return the bytes with the long string under ``key`` replaced by `EMBEDDED`, and where it stood.

    Nothing is replaced unless the key occurs once and its value is a plain string: no text between quotes can
    look like ``"key" :``, since a quote inside text is escaped. The caller checks that the mark came out
    where it expects it.
    """
    named = b'"' + key + b'"'
    at = data.find(named)
    if at < 0:
        return data, None
    opening = re.compile(rb'\s*:\s*"').match(data, at + len(named))
    if opening is None:
        return data, None
    start = opening.end()
    end = data.find(b'"', start)
    if end < 0 or data.find(b"\\", start, end) >= 0 or data.find(named, end) >= 0:
        return data, None
    return data[:start] + EMBEDDED.encode("ascii") + data[end:], (start, end)


def parsed(text: str) -> object:
    """Return the values of a JSON text; objects with a key that has two values hold `DUPLICATE`.

    Raises: NotReadableError naming line and column.
    """
    try:
        document: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotReadableError("bad_json", _complaint(text, error), _mend(text, error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # an integer of thousands of digits
        raise NotReadableError("bad_json", _huge(text), "mend the number") from error
    if _HALF_CHARACTER.search(text):
        _check_characters(document)
    return document


def _too_deep() -> NotReadableError:
    return NotReadableError("bad_json", "brackets are nested too deep", "look at the file")


def _unique(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """Make a dict of an object; say where one key has two different values."""
    made: dict[Any, Any] = dict(pairs)
    if len(made) != len(pairs):
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen and seen[key] != value:
                made[DUPLICATE] = key
            seen[key] = value
    return made


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique)


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    place = f"line {error.lineno}, column {error.colno}"
    if error.msg == "Extra data":
        return f"a second document begins at {place}"
    if text.lstrip()[:2] in {"{'", "['"}:
        return f"single quotes: this is how Python prints values, not JSON ({place})"
    if error.pos >= len(text.rstrip()):
        return f"the file ends too early, at {place}"
    return f"no JSON at {place}: {error.msg}, {shown(text[error.pos : error.pos + 20])}"


def _mend(text: str, error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "keep one document a file"
    if text.lstrip()[:2] in {"{'", "['"}:
        return "write it with json.dump"
    return "mend it, or save it again in the tool it came from"


def _huge(text: str) -> str:
    number = re.search(r"-?\d{1000,}", text)
    if number is None:
        return "a number is too long"
    line = text.count("\n", 0, number.start()) + 1
    column = number.start() - text.rfind("\n", 0, number.start())
    return f"a number of {len(number[0])} digits at line {line}, column {column}"


def _check_characters(document: object) -> None:
    try:
        json.dumps(document, ensure_ascii=False, skipkeys=True).encode("utf-8")
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeEncodeError as error:
        raise NotReadableError(
            "bad_json",
            f"half a character (\\u{ord(error.object[error.start]):04x}) stands alone in a text",
            "mend the text, or save it again in the tool it came from",
        ) from error


def is_plain(value: object, depth: int = 0) -> bool:
    """Tell whether a value can be kept as it is: finite, no key with two values, not nested without end."""
    if type(value) is float:
        return math.isfinite(value)
    if isinstance(value, dict):
        return (
            depth < DEEPEST
            and DUPLICATE not in value
            and all(is_plain(item, depth + 1) for item in value.values())
        )
    if isinstance(value, list):
        return depth < DEEPEST and all(is_plain(item, depth + 1) for item in value)
    return True
