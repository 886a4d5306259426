r"""Names as sources write them, read as paths below the images' root.

::

    ./cat//1.jpg      cat\1.jpg      "D:\data\cat\1.jpg"      \\?\D:\data\cat\1.jpg      /data/cat/1.jpg
    https://host/cat/%31.jpg?sv=1    file:///D:/data/cat/1.jpg    /data/local-files/?d=cat/1.jpg
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS = "\ufeff\u200b\u2060"
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/\\]*")
URL_TAIL = re.compile(r"[?#].*", re.DOTALL)
SERVED = re.compile(r"[?&]d=([^&#]+)")
LONG_PATH = re.compile(r"\\\\[?.]\\(?=[A-Za-z]:)")
DRIVE = re.compile(r"[A-Za-z]:(?=/)")
ROOTED_DRIVE = re.compile(r"/[A-Za-z]:")
UNTIDY = re.compile(r"//|(?:^|/)\.\.?(?:/|$)|^/|/$")
NOTHING = frozenset({"", "."})
# What any of the others could act on: names without it are read once. Most are so plain that a look tells.
PLAIN = re.compile(r"[\w-]+(?:[./][\w-]+)*")
ODD = re.compile(r"[\\%:?\"]|^[\s./\ufeff\u200b\u2060]|[\s./\ufeff\u200b\u2060]$|//|/\.|^$")


class Reading(NamedTuple):
    """One way to read a name: a tidy path, and whether it began at a drive or a slash."""

    path: str
    absolute: bool


class Placed(NamedTuple):
    """The paths below the root that a reading may mean, the likeliest first; they can lead out of it."""

    below: tuple[str, ...]
    absolute: bool


def readings(name: str, literal: frozenset[str]) -> list[Reading]:
    r"""Return the ways to read a name: as it is, with slashes, without percent-escapes; none if it is blank.

    ``literal`` are those of ``\`` and ``%`` that stand in the names of images, so that they may be meant.
    """
    text = name.strip().strip(BLANKS).strip()
    if len(text) > 1 and text[0] == text[-1] == '"':  # what Windows copies as a path
        text = text[1:-1].strip()
    found = []
    for read in _unescaped(_without_host(text), literal):
        bare = DRIVE.sub("", read, count=1)
        path = posixpath.normpath(bare).lstrip("/") if UNTIDY.search(bare) else bare
        if path not in NOTHING:
            found.append(Reading(path, bare.startswith("/")))
    return found if len(found) < 2 else list(dict.fromkeys(found))  # noqa: PLR2004 - nothing to compare


def places(name: str, beside: str | None, literal: frozenset[str]) -> list[Placed]:
    """Return where an image may lie, given its name and the folder its label file lies in; none if blank."""
    if not beside and (PLAIN.fullmatch(name) or not ODD.search(name)):
        return [Placed((name,), absolute=False)]
    return [_placed(reading, beside) for reading in readings(name, literal)]


def _placed(reading: Reading, beside: str | None) -> Placed:
    if not beside or reading.absolute:
        return Placed((reading.path,), reading.absolute)
    joined = posixpath.normpath(posixpath.join(beside, reading.path))
    own = (joined,) if joined == reading.path or leads_out(reading.path) else (joined, reading.path)
    return Placed(own, absolute=False)


def leads_out(path: str) -> bool:
    """Tell whether a tidy path leads out of the folder it is relative to."""
    return path == ".." or path.startswith("../")


def trimmed(path: str) -> str:
    """Return a tidy path without the ``../`` it begins with."""
    while path.startswith("../"):
        path = path.removeprefix("../")
    return path


def _unescaped(text: str, literal: frozenset[str]) -> Iterator[str]:
    if "\\" in text:
        if "\\" in literal:
            yield text
        text = LONG_PATH.sub("", text, count=1).replace("\\", "/")
    if "%" not in text:
        yield text
        return
    if "%" in literal:
        yield text
    try:
        yield unquote(text, errors="strict").replace("\\", "/")
    except UnicodeDecodeError:
        yield text


def _without_host(text: str) -> str:
    """Return the path of an address; of one through which Label Studio serves files, the file's path."""
    served = SERVED.search(text)
    if served:
        return served[1]
    url = URL.match(text)
    if url is None:
        return text
    rest = text[url.end() :]
    if url[0].lower().startswith("file:"):
        return rest[1:] if ROOTED_DRIVE.match(rest) else rest
    return URL_TAIL.sub("", rest).lstrip("/")
