"""The bytes of an XML label file as its elements, or one sentence on why they are none.

No entity is ever expanded and nothing outside the file is ever opened: a document that declares entities is
refused, a document type that names a file or an address is passed over. `plain` and `element` go from an
element to values and back.

Source: XML 1.0, fifth edition.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from labelprep.errors import shown
from labelprep.formats import json_files
from labelprep.formats.json_files import NotReadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST: Final = 64
MOST_ELEMENTS: Final = 250_000
HEAD_CHARACTERS: Final = 200

_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
_CODECS = re.compile(
    r"utf-8|ascii|gb2312|gbk|gb18030|big5\w*|cp\d+|shift_jis\w*|euc_\w+|iso8859-\d+|koi8-\w|mac-\w+|johab"
)
_WIDE_CODECS = re.compile(r"utf-(16|32)(-[lb]e)?|ucs\W?[24]", re.IGNORECASE)
_SUPERSETS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "ascii": "utf-8"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# XML has no way to write other characters; a carriage return does not survive it either.
_UNWRITABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAVE_AGAIN: Final = "mend it, or save it again in the tool it came from"


def parsed(text: str | bytes) -> Element:
    """Return the root of a document; bytes are UTF-8, whatever the document says of itself.

    Raises: NotReadableError naming line and column, or what is refused.
    """
    tag, doctype = ("<", "<!DOCTYPE") if isinstance(text, str) else (b"<", b"<!DOCTYPE")
    count = text.count(tag)  # type: ignore[arg-type]
    if count > 2 * MOST_ELEMENTS:
        raise NotReadableError("too_large", f"{count:,} tags are too many", "split the file")
    try:
        if doctype in text:  # type: ignore[operator]
            _check_entities(text)
        parser = XMLParser(encoding="utf-8")  # noqa: S314 - without a document type there are no entities
        parser.feed(text)
        root: Element = parser.close()
    except ParseError as error:
        raise _not_xml(error.code, *error.position) from error
    except expat.ExpatError as error:
        raise _not_xml(error.code, error.lineno, error.offset) from error
    except UnicodeEncodeError as error:
        raise NotReadableError("bad_xml", "half a character stands alone in it", _SAVE_AGAIN) from error
    return root


def _check_entities(text: str | bytes) -> None:
    """Refuse a document that declares entities, or uses one that only its document type could know."""
    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = _refuse_entity
    parser.SkippedEntityHandler = _refuse_entity
    parser.Parse(text, True)  # noqa: FBT003 - the only text there is


def _refuse_entity(name: str, *_: object) -> NoReturn:
    raise NotReadableError(
        "entities",
        f"it declares or uses the entity {shown(name)}: entities can swell without end, or name other files",
        "write the text itself in its place",
    )


def _not_xml(code: int, line: int, column: int) -> NotReadableError:
    place = f"line {line}, column {column + 1}"
    word = expat.ErrorString(code) or "no XML"
    if word == expat.errors.XML_ERROR_NO_ELEMENTS:
        return NotReadableError("bad_xml", f"the file ends too early, at {place}", _SAVE_AGAIN)
    return NotReadableError("bad_xml", f"no XML at {place}: {word}", _SAVE_AGAIN)


class Reading(NamedTuple):
    """The text of a file in one encoding, and whether somebody says that it is in that."""

    encoding: str
    text: str | bytes
    is_stated: bool


def readings(data: bytes, encoding: str | None) -> list[Reading]:
    """Return the text of a file in its encoding; two where it declares none, and both are possible.

    What a person has set counts more than what the file declares. UTF-8 stays bytes, for `parsed`.

    Raises: NotReadableError where no encoding fits, or there is no text.
    """
    declared = None if encoding is not None else _declared(data)
    if declared is None and encoding is None and data.isascii() and b"\x00" not in data[:4] and data.strip():
        return [Reading("utf-8", data, is_stated=True)]
    if declared == "utf-8":
        _check_utf8(data)
        return [Reading("utf-8", data, is_stated=True)]
    found = json_files.readings(data, declared or encoding)
    return [Reading(one.encoding, one.text, declared is not None) for one in found]


def _declared(data: bytes) -> str | None:
    """Return the encoding that a file declares and can be in; None where it declares none."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    found = _DECLARED.match(data[:HEAD_CHARACTERS])
    if found is None:
        return None
    name = found[1].decode("ascii")
    if _WIDE_CODECS.fullmatch(name):
        return None  # it could not be read here, one byte a character, if that were true
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    if not _CODECS.fullmatch(known):
        raise NotReadableError(
            "encoding", f"it declares the encoding {shown(name)}, which is not known", "name it: --encoding"
        )
    return _SUPERSETS.get(known, known)


def _check_utf8(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotReadableError(
            "encoding",
            f"byte {error.start} (line {line}), {shown(data[error.start : error.start + 4])}, is no UTF-8, "
            "which it should be",
            "name the encoding with --encoding, or save the file as UTF-8",
        ) from error


def grouped(parent: Element) -> dict[str, list[Element]]:
    """Return the children by tag, in the order of the first of each."""
    found: dict[str, list[Element]] = {}
    for one in parent:
        found.setdefault(one.tag, []).append(one)
    return found


def text_of(found: Element | None) -> str:
    """Return the text before the first child, without blanks around it; empty where there is no element."""
    return "" if found is None else (found.text or "").strip()


def text_in(parent: Element, tag: str) -> str:
    """Return the text of the first child with a tag, without blanks around it; empty where there is none."""
    return (parent.findtext(tag) or "").strip()


def plain(source: Element, without: frozenset[str] = frozenset(), depth: int = 0) -> Any:  # noqa: ANN401 - text, or a dict of such
    """Return what an element holds: its text, or a dict of what its children hold, by tag.

    A list stands for several children of one tag, ``@name`` for an attribute, ``#text`` for text before them.
    Children with a tag in ``without`` are passed over.

    Raises: NotReadableError where elements are nested without end.
    """
    if depth > DEEPEST:
        raise NotReadableError("bad_xml", "elements are nested too deep", "look at the file")
    text = text_of(source)
    if not source.attrib and not len(source):
        return text
    held: dict[str, Any] = {f"@{name}": value for name, value in source.attrib.items()}
    for tag, found in grouped(source).items():
        if tag not in without:
            values = [plain(one, depth=depth + 1) for one in found]
            held[tag] = values[0] if len(values) == 1 else values
    if text:
        held["#text"] = text
    return held


def is_plain(value: object) -> bool:
    """Tell whether an element can hold a value so that `plain` gives it back."""
    if isinstance(value, str):
        return is_writable(value)
    if not isinstance(value, dict) or not value.keys() - {"#text"}:
        return False
    return all(_is_held(key, one) for key, one in value.items())


def _is_held(key: object, value: object) -> bool:
    if not isinstance(key, str):
        return False
    if key == "#text":
        return isinstance(value, str) and value != "" and is_writable(value)
    if key.startswith("@"):
        return is_name(key[1:]) and isinstance(value, str) and is_writable(value) and "\n" not in value
    if isinstance(value, list):
        return len(value) > 1 and is_name(key) and all(map(is_plain, value))
    return is_name(key) and is_plain(value)


def is_name(text: str) -> bool:
    """Tell whether a text can be a tag."""
    return _NAME.fullmatch(text) is not None


def is_writable(text: str) -> bool:
    """Tell whether a text comes out of an element as it went in."""
    return text == text.strip() and not _UNWRITABLE.search(text)


def writable(text: str) -> str:
    """Return a text with each character that XML cannot hold replaced, and no blanks around it."""
    return _UNWRITABLE.sub("\ufffd", text).strip()


def element(tag: str, value: str | Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield the lines of an element that holds a value, as `plain` would give it."""
    if isinstance(value, str):
        yield f"{indent}<{tag}>{escape(value)}</{tag}>"
        return
    attributes = "".join(f" {key[1:]}={quoteattr(one)}" for key, one in value.items() if key.startswith("@"))
    inside = [(key, one) for key, one in value.items() if not key.startswith(("@", "#"))]
    text = escape(value.get("#text", ""))
    if not inside:
        yield f"{indent}<{tag}{attributes}>{text}</{tag}>"
        return
    yield f"{indent}<{tag}{attributes}>{text}"
    for key, one in inside:
        for each in one if isinstance(one, list) else [one]:
            yield from element(key, each, indent + "\t")
    yield f"{indent}</{tag}>"
