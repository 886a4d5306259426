"""JSON documents larger than memory: the entries of their arrays, one by one.

::

    {"info": {…}, "images": [{…}, {…}], "annotations": [{…}, …]}     or     [{…}, {…}]

Only the entry under the eyes is ever held. Each comes with its text, which can be put aside and parsed later.

Source: RFC 8259; GB 18030-2022.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from labelprep.errors import shown
from labelprep.formats import json_files
from labelprep.formats.json_files import NotReadableError
from labelprep.formats.json_offers import Offers, last_border

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from labelprep.formats.json_offers import HandOut, Take

CHUNK_BYTES: Final = 1 << 18
LARGEST_ENTRY: Final = 4 << 20
"""So many characters one entry of an array may have, and what lies outside of arrays."""
NEAR: Final = 64
TWO_READINGS: Final = "in UTF-8 it says"
"""How the complaint begins that a file makes sense in two encodings."""
MOST_WORDS: Final = 2_000

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_WORD = re.compile(r"[\x21\x23-\x7f]?[^\x00-\x7f]+[\x21\x23-\x7f]?")
_BEYOND_TWO_BYTES = re.compile(r"[^\x00-\u07ff]")
_SCAN: Final = json.JSONDecoder().raw_decode
_MEND: Final = "mend it, or save it again in the tool it came from"


class Entry(NamedTuple):
    """One value of a document.

    ``key`` is the name it has in the outermost object, empty where the document is a list; ``at`` its place
    in the array there, ``text`` how it stands in the file. Before the entries of an array comes one of their
    key with the place None and an empty list; other values have no place either.
    """

    key: str
    at: int | None
    value: Any
    text: str


def encoding_of(path: Path, wished: str | None) -> str:
    """Return the encoding that all of a file can be read in.

    Raises: NotReadableError where there is none, where two are as likely, or it cannot be read; OSError.
    """
    with path.open("rb") as file:
        head = file.read(CHUNK_BYTES)
        if not head.strip(b"\x00 \t\r\n"):
            json_files.readings(head, None)
        if wished is not None:
            return wished
        name = "utf-8" if head.isascii() and b"\x00" not in head[:4] else json.detect_encoding(head)
        words: dict[str, None] = {}
        file.seek(0)
        try:
            is_sure = name != "utf-8"
            for text in _decoded(file, "utf-8-sig" if name == "utf-8" else name):
                is_sure = is_sure or _BEYOND_TWO_BYTES.search(text) is not None
                if not is_sure and not text.isascii() and len(words) < MOST_WORDS:
                    words.update(dict.fromkeys(_WORD.findall(text)))
        except UnicodeError as error:
            if not name.startswith("utf-8"):
                raise _undecodable(error, name) from error
            file.seek(0)
            return _other_encoding(file, error)
    found = json_files.readings(" ".join(words).encode(), None) if words and not is_sure else []
    if len(found) > 1:
        one, other = json_files.samples(found[0].text, found[1].text)
        raise NotReadableError(
            "encoding",
            f"{TWO_READINGS} {one}, in GB18030 {other}",
            "say which with --encoding utf-8 or --encoding gb18030",
        )
    return name


def _other_encoding(file: BinaryIO, first: UnicodeError) -> str:
    try:
        for _ in _decoded(file, "gb18030"):
            pass
    except UnicodeError as error:
        raise _undecodable(first, "UTF-8 or GB18030") from error
    return "gb18030"


def _undecodable(error: UnicodeError, name: str) -> NotReadableError:
    seen = "it"
    if isinstance(error, UnicodeDecodeError):
        seen = shown(error.object[error.start : error.start + 4])
    return NotReadableError(
        "encoding",
        f"{seen} is no {name}",
        "name the encoding with --encoding, or save the file as UTF-8",
    )


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while part := file.read(CHUNK_BYTES):
        yield decoder.decode(part)
    yield decoder.decode(b"", final=True)


def entries(
    file: BinaryIO,
    encoding: str,
    largest: int = LARGEST_ENTRY,
    takes: Mapping[str, Take] | None = None,
    hand_out: HandOut | None = None,
) -> Iterator[Entry]:
    """Yield every entry of every outermost array, and every other outermost value, in order.

    ``largest`` is how many characters one may have. ``takes``, by the keys of arrays, are offered objects
    that follow each other, many at once, in a third of the time; what they take is not yielded. The first
    array of which anything is taken goes to ``hand_out`` from there on.

    Raises: NotReadableError naming line and column, also where a key of the outermost object comes twice.
    """
    text = _Text(file, encoding, largest, takes or {}, hand_out)
    opening = text.peek()
    if opening == "[":
        yield from text.array("")
    elif opening == "{":
        yield from text.members()
    else:
        value = text.value()
        raise NotReadableError("bad_json", f"it holds {shown(value)}, no object or list", _MEND)
    if text.peek():
        raise text.complaint("a second document begins", text.at)


class _Text:
    """A window on the text of a file, which moves on as values are taken from it."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: str,
        largest: int,
        takes: Mapping[str, Take],
        hand_out: HandOut | None,
    ) -> None:
        self._hand_out = hand_out if encoding == "utf-8" else None
        self._file = file
        self._largest = largest
        self._takes = takes
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
        self._text = ""
        self._ended = False
        self._lines = 0
        self._column = 0
        self._start = 0
        self.at = 0

    def peek(self) -> str:
        """Pass over blanks; return the character that follows, nothing at the end."""
        while True:
            found = _SPACE.match(self._text, self.at)
            assert found is not None  # noqa: S101 - it can match nothing
            self.at = found.end()
            if self.at < len(self._text):
                return self._text[self.at]
            if not self._more():
                return ""

    def members(self) -> Iterator[Entry]:
        """Yield what an object holds; the window stands on its bracket."""
        seen = set()
        for _ in self._separated("}"):
            if self.peek() != '"':
                raise self.complaint("a name in double quotes is missing", self.at)
            key = self.value()
            if key in seen:
                problem = f"the key {shown(key)} is there twice"
                raise NotReadableError("duplicate_key", problem, "delete one of them")
            seen.add(key)
            if self.peek() != ":":
                raise self.complaint("a colon is missing", self.at)
            self.at += 1
            if self.peek() == "[":
                yield from self.array(key)
            else:
                yield Entry(key, None, self.value(), "")

    def array(self, key: str) -> Iterator[Entry]:
        """Yield what an array holds; the window stands on its bracket."""
        yield Entry(key, None, [], "")
        ahead = 0
        take = self._takes.get(key)
        offers = Offers()
        for index in self._separated("]"):
            self.peek()
            yield Entry(key, index + ahead, self.value(), self._text[self._start : self.at])
            if take is not None and offers.is_due():
                taken = self._offer(take)
                offers.note(is_taken=taken > 0)
                ahead += taken
                if taken:
                    ahead += yield from self._handed_out(key, index + ahead)
                    continue
            # Those that follow in the window: the same, without a look at anything twice.
            text, end = self._text, self.at
            while found := _COMMA.match(text, end):
                start = found.end()
                try:
                    value, end = _SCAN(text, start)
                except (ValueError, RecursionError):
                    break  # cut off by the window's edge, or no JSON: looked at again above
                if end == len(text):
                    break  # a number may go on
                ahead += 1
                self.at = end
                yield Entry(key, index + ahead, value, text[start:end])

    def _handed_out(self, key: str, at: int) -> Generator[Entry, None, int]:
        """Yield what others leave of the entries that follow that in a place; return how many go by.

        Only once, and where the window holds nothing by which its place in the file is not certain.
        """
        left = self._text[self.at :]
        hand_out, self._hand_out = self._hand_out, None
        if hand_out is None or not left.isascii() or self._decoder.getstate()[0]:
            return 0
        self._count(self._text[: self.at])
        place = self._file.tell() - len(left)
        passed = 0
        for window in hand_out(place):
            passed += window.taken
            for value, text in window.rest:
                passed += 1
                yield Entry(key, at + passed, value, text)
            place = window.end
            self._lines += window.lines
            self._column = window.column if window.lines else self._column + window.column
        self._file.seek(place)
        self._decoder.reset()
        self._text, self.at, self._ended = "", 0, False
        return passed

    def _offer(self, take: Take) -> int:
        """Offer the objects that follow in the window; return how many were taken.

        Where the text up to a border of two objects is a list of values, they are those that one by one
        would be read: the border may lie inside of a text or of another list, but not then.
        """
        first = _COMMA.match(self._text, self.at)
        last = None if first is None else last_border(self._text, first.end())
        if first is None or last is None:
            return 0
        text = self._text[first.end() : last]
        try:
            values = json.loads(f"[{text}]")
        except (ValueError, RecursionError):
            return 0  # looked at one by one
        if not take(values, text):
            return 0
        self.at = last
        return len(values)

    def _separated(self, closing: str) -> Iterator[int]:
        """Yield the number of each item up to a closing bracket; the caller takes the item itself."""
        self.at += 1
        if self.peek() == closing:
            self.at += 1
            return
        index = 0
        while True:
            yield index
            index += 1
            mark = self.peek()
            if mark not in {",", closing}:
                raise self.complaint(f"a comma or {closing} is missing", self.at)
            self.at += 1
            if mark == closing:
                return

    def value(self) -> Any:  # noqa: ANN401 - JSON
        """Take the value that the window stands on, of any kind."""
        while True:
            try:
                value, end = _SCAN(self._text, self.at)
            except json.JSONDecodeError as error:
                problem, place = error.msg, error.pos
                is_open = problem.startswith("Unterminated string")
            except RecursionError as error:
                raise NotReadableError("bad_json", "brackets are nested too deep", _MEND) from error
            except ValueError as error:  # an integer of thousands of digits
                raise NotReadableError("bad_json", "a number has thousands of digits", _MEND) from error
            else:
                # A number at the end of the window may go on behind it.
                if end < len(self._text) or self._ended or self._text[end - 1] in '}]"':
                    self._start, self.at = self.at, end
                    return value
                problem, place, is_open = "", end, True
            if self._ended or (not is_open and len(self._text) - place > NEAR):
                raise self.complaint(problem, place)
            self._grow()

    def _grow(self) -> None:
        """Double what lies before the eyes."""
        wanted = 2 * (len(self._text) - self.at)
        if wanted > 2 * self._largest:
            problem = f"one entry has more than {self._largest:,} characters"
            raise NotReadableError("too_large", problem, "split the file")
        while len(self._text) - self.at < wanted and self._more():
            pass

    def _more(self) -> bool:
        """Drop what has been taken and read on; return whether there was any more."""
        if self._ended:
            return False
        part = self._file.read(CHUNK_BYTES)
        self._ended = not part
        try:
            text = self._decoder.decode(part, final=self._ended)
        except UnicodeError as error:
            raise _undecodable(error, self._encoding) from error
        self._count(self._text[: self.at])
        self._text = self._text[self.at :] + text
        self.at = 0
        return bool(part) or bool(text)

    def _count(self, passed: str) -> None:
        """Take text into the count of lines and columns that is dropped."""
        lines = passed.count("\n")
        self._lines += lines
        self._column = len(passed) - passed.rfind("\n") - 1 if lines else self._column + len(passed)

    def complaint(self, problem: str, place: int) -> NotReadableError:
        """Return what is wrong at a place of the window."""
        before = self._text[:place]
        lines = before.count("\n")
        column = place - before.rfind("\n") if lines else self._column + place + 1
        where = f"line {self._lines + lines + 1}, column {column}"
        rest = self._text[place : place + 20]
        if not rest.strip() and self._ended:
            return NotReadableError("bad_json", f"the file ends too early, at {where}", _MEND)
        if problem.startswith("Unterminated string"):
            return NotReadableError("bad_json", f"the file ends inside a text that begins at {where}", _MEND)
        if rest.startswith("'"):
            single = f"single quotes: this is how Python prints values, not JSON ({where})"
            return NotReadableError("bad_json", single, "write it with json.dump")
        return NotReadableError("bad_json", f"no JSON at {where}: {problem}, {shown(rest)}", _MEND)
