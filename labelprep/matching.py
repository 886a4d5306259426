"""Which image a name in a label source means: a ladder of rules, each tried only where the one above finds nothing.

====  ============  ======================================================================================
rule  name          what is compared
====  ============  ======================================================================================
1     path          the exact relative path
2     cleaned       slashes, ``./``, percent-escapes; a drive, a leading slash, the root's own name stripped
3     folded        the same in Unicode NFC and without case
4     suffix        the longest common end of two parts or more
5     name          the base name
6     stem          the base name without its extension (missing or changed)
7     upload        the stem without what upload tools add (``1a2b3c4d-``, ``.rf.…``, ``_jpg``)
8     number        the same with numbers padded otherwise (7, 007)
9     spelling      without spaces, brackets and full-width forms
10    content       the sha256 of the file
====  ============  ======================================================================================

A rule decides with exactly one candidate; two candidates end the ladder, and both are named. Nothing is ever joined
by the order of rows.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

LAST_CERTAIN = 3
CANDIDATES = 5
DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]*/")
UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")
UPLOAD_SUFFIX = re.compile(r"(\.rf\.[0-9a-zA-Z]{6,}|[_-](jpe?g|png|bmp|webp|gif|tiff?))$", re.IGNORECASE)
NUMBER = re.compile(r"\d+")
SPELLING = re.compile(r"[\s_\-()\[\]{}【】「」『』《》〈〉・.]+")
EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


class Rule(IntEnum):
    """The rungs of the ladder; those after FOLDED are inferences and shown as such."""

    PATH = 1
    CLEANED = 2
    FOLDED = 3
    SUFFIX = 4
    NAME = 5
    STEM = 6
    UPLOAD = 7
    NUMBER = 8
    SPELLING = 9
    CONTENT = 10


class Why(IntEnum):
    """Why a name means no image."""

    MISSING = 1
    AMBIGUOUS = 2
    OUTSIDE = 3
    EMPTY = 4


@dataclass(frozen=True, slots=True)
class Match:
    """A name that means exactly one image."""

    image_id: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A name that means none, or several: ``candidates`` are the paths it could have meant."""

    why: Why
    candidates: tuple[str, ...] = ()


class Matcher:
    """Finds images by what sources call them. Indexes are made when a rule is first needed."""

    def __init__(
        self, images: Iterable[tuple[int, str]], *, root_names: Sequence[str] = (), strict: bool = False
    ) -> None:
        """Take the images as (id, path); ``root_names`` are the parts of the root's own path, the last one first.

        ``strict`` stops after the rules that are certain.
        """
        self._by_path = {path: identifier for identifier, path in images}
        self._root_names = {folded(name) for name in root_names if name}
        self._strict = strict

    def find(self, name: str, *, beside: str | None = None) -> Match | NoMatch:
        """Return the one image a name means.

        ``beside`` is the folder (relative, POSIX) of a label file that lies among the images: its own folder is
        looked into first.
        """
        exact = self._by_path.get(name)
        if exact is not None and beside is None:
            return Match(exact, Rule.PATH)
        path = cleaned(name)
        if not path:
            return NoMatch(Why.EMPTY)
        if beside is not None:
            joined = posixpath.normpath(posixpath.join(beside, path))
            own = self._by_path.get(joined)
            if own is not None:
                return Match(own, Rule.PATH)
        if exact is not None:
            return Match(exact, Rule.PATH)
        if path == ".." or path.startswith("../"):
            trimmed = path.replace("../", "")
            found = None if beside is None else self._climb(trimmed)
            return found if isinstance(found, Match) else NoMatch(Why.OUTSIDE)
        return self._climb(path)

    def find_content(self, sha256: bytes, contents: dict[bytes, list[int]]) -> Match | NoMatch:
        """Return the one image with this content; ``contents`` lists image ids by sha256."""
        found = contents.get(sha256, [])
        if len(found) == 1:
            return Match(found[0], Rule.CONTENT)
        return NoMatch(Why.AMBIGUOUS if found else Why.MISSING, self._paths(found))

    def _climb(self, path: str) -> Match | NoMatch:
        found = self._by_path.get(path)
        if found is None and "/" in path and folded(path.split("/", 1)[0]) in self._root_names:
            found = self._by_path.get(path.split("/", 1)[1])
        if found is not None:
            return Match(found, Rule.CLEANED)
        for rule, candidates in self._rungs(path):
            if len(candidates) == 1:
                return Match(candidates[0], rule)
            if candidates:
                return NoMatch(Why.AMBIGUOUS, self._paths(candidates))
        return NoMatch(Why.MISSING)

    def _rungs(self, path: str) -> Iterator[tuple[Rule, Sequence[int]]]:
        yield Rule.FOLDED, self._folded.get(folded(path), ())
        if self._strict:
            return
        name = posixpath.basename(path)
        same_name = self._names.get(folded(name), ())
        if "/" in path and same_name:
            yield Rule.SUFFIX, self._longest_suffix(path, same_name)
        yield Rule.NAME, same_name
        stem = stem_of(name)
        yield Rule.STEM, self._nearest_folder(path, self._stems.get(folded(stem), ()))
        yield Rule.UPLOAD, self._uploads.get(folded(without_upload(stem)), ())
        yield Rule.NUMBER, self._numbers.get(unpadded(stem), ())
        yield Rule.SPELLING, self._spellings.get(respelled(stem), ())

    def _longest_suffix(self, path: str, candidates: Sequence[int]) -> Sequence[int]:
        """Return the candidates that share most of the path's last parts, two parts at least."""
        wanted = folded(path).split("/")
        lengths = {
            identifier: _common_end(wanted, folded(self._path_of[identifier]).split("/"))
            for identifier in candidates
        }
        longest = max(lengths.values())
        return (
            [identifier for identifier in candidates if lengths[identifier] == longest] if longest > 1 else ()
        )

    def _nearest_folder(self, path: str, candidates: Sequence[int]) -> Sequence[int]:
        """Keep, of several with the right stem, those in the folder that the name states."""
        if len(candidates) < 2 or "/" not in path:  # noqa: PLR2004 - nothing to choose
            return candidates
        folder = folded(posixpath.dirname(path))
        inside = [c for c in candidates if folded(posixpath.dirname(self._path_of[c])).endswith(folder)]
        return inside or candidates

    def _paths(self, identifiers: Sequence[int]) -> tuple[str, ...]:
        return tuple(sorted(self._path_of[identifier] for identifier in identifiers)[:CANDIDATES])

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return the paths whose base name looks most like a name, for a report of what was not found."""
        wanted = folded(posixpath.basename(cleaned(name)))
        close = get_close_matches(wanted, self._names_list, n=3, cutoff=0.75)
        return self._paths([identifier for key in close for identifier in self._names[key]])[:3]

    def _index(self, key: Callable[[str], str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for path, identifier in self._by_path.items():
            found[key(path)].append(identifier)
        return dict(found)

    @cached_property
    def _path_of(self) -> dict[int, str]:
        return {identifier: path for path, identifier in self._by_path.items()}

    @cached_property
    def _folded(self) -> dict[str, list[int]]:
        return self._index(folded)

    @cached_property
    def _names(self) -> dict[str, list[int]]:
        return self._index(lambda path: folded(posixpath.basename(path)))

    @cached_property
    def _names_list(self) -> list[str]:
        return list(self._names)

    @cached_property
    def _stems(self) -> dict[str, list[int]]:
        return self._index(lambda path: folded(stem_of(posixpath.basename(path))))

    @cached_property
    def _uploads(self) -> dict[str, list[int]]:
        return self._index(lambda path: folded(without_upload(stem_of(posixpath.basename(path)))))

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        return self._index(lambda path: unpadded(stem_of(posixpath.basename(path))))

    @cached_property
    def _spellings(self) -> dict[str, list[int]]:
        return self._index(lambda path: respelled(stem_of(posixpath.basename(path))))


def _common_end(left: Sequence[str], right: Sequence[str]) -> int:
    length = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        length += 1
    return length


def cleaned(name: str) -> str:
    """Return a path with POSIX slashes, without ``./``, escapes, drive, host and leading slash."""
    text = name.strip().strip("\ufeff")
    text = URL.sub("", text, count=1)
    text = DRIVE.sub("", text, count=1) if DRIVE.match(text) else text
    text = unquote(text, errors="strict") if "%" in text and _unquotes(text) else text
    text = text.replace("\\", "/")
    return posixpath.normpath(text).lstrip("/") if text.strip("/") else ""


def _unquotes(text: str) -> bool:
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def folded(text: str) -> str:
    """Return a text in NFC, without case."""
    return unicodedata.normalize("NFC", text).casefold() if not text.isascii() else text.lower()


def stem_of(name: str) -> str:
    """Return a base name without its extension; a number behind a dot (``v1.2``) is no extension."""
    return EXTENSION.sub("", name) or name


def without_upload(stem: str) -> str:
    """Return a stem without what Label Studio (``1a2b3c4d-``) and Roboflow (``_jpg.rf.…``) add."""
    text = UPLOAD_PREFIX.sub("", stem, count=1) if UPLOAD_PREFIX.match(stem) else stem
    while True:
        shorter = UPLOAD_SUFFIX.sub("", text)
        if shorter in {text, ""}:
            return text
        text = shorter


def unpadded(stem: str) -> str:
    """Return a stem with the leading zeros of its numbers removed."""
    return NUMBER.sub(lambda number: number[0].lstrip("0") or "0", folded(stem))


def respelled(stem: str) -> str:
    """Return a stem without spaces, brackets, dashes and full-width forms."""
    return unpadded(SPELLING.sub("", unicodedata.normalize("NFKC", stem)))
