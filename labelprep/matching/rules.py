"""What each rule of the ladder compares: keys of base names, each rule's coarser than the one above."""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from labelprep.pixels.sniffing import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

# Raw photos, scans, label files: what a name may end in where the image was converted or is only referred to.
OTHER_EXTENSIONS = frozenset(
    {
        ".json", ".xml", ".txt", ".csv", ".svg", ".pdf", ".dcm", ".nii", ".npy", ".raw", ".dng", ".cr2",
        ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".mp4", ".mov",
    }
)  # fmt: skip
EXTENSIONS = IMAGE_EXTENSIONS | OTHER_EXTENSIONS
# Eight digits that are a date tell images apart; eight hexadecimal ones are Label Studio's.
UPLOAD_PREFIX = re.compile(r"(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]-)[0-9a-f]{8}-(?=.)")
UPLOAD_PREFIX_DIGITS = 8
UPLOAD_SUFFIX = re.compile(r"(?<=.)(?:\.rf\.[0-9a-z]{6,}|[_-](?:jpe?g|png|bmp|webp|gif|tiff?))$")
# A zero behind a decimal point counts: 0.05 is not 0.5.
PADDED = re.compile(r"(?<![0-9])(?<![0-9]\.)0+(?=[0-9])")
WHOLE_FLOAT = re.compile(r"([0-9]+)\.0")
SPACING = re.compile(r"[\s_+#'\"()\[\]{}<>【】「」『』〈〉《》〔〕・]+")


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


class Form(NamedTuple):
    """What a rule compares: keys of texts taken from an image's base name, and from a written one.

    ``of_written`` gives several texts where the ending may be an extension or part of the name. ``number`` is
    the rule's: a member of an enumeration is slow as a key.
    """

    rule: Rule
    number: int
    of_image: Callable[[str], str]
    of_written: Callable[[str], tuple[str, ...]]
    key: Callable[[str], str]


def nfc(text: str) -> str:
    """Return a text in Unicode NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return a text in NFC, without case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def stem_of(name: str) -> str:
    """Return a base name without the extension of an image or label file; ``v1.2``, ``a.final`` have none."""
    dot = name.rfind(".")
    return name[:dot] if dot > 0 and name[dot:].lower() in EXTENSIONS else name


def without_upload(stem: str) -> str:
    """Return a folded stem without what Label Studio (``1a2b3c4d-``) and Roboflow (``_jpg.rf.…``) add."""
    text = UPLOAD_PREFIX.sub("", stem, count=1) if stem[UPLOAD_PREFIX_DIGITS:].startswith("-") else stem
    while (shorter := UPLOAD_SUFFIX.sub("", text)) != text:
        text = shorter
    return text


def unpadded(stem: str) -> str:
    """Return a stem without the leading zeros of its numbers, a whole number without ``.0``."""
    if "0" not in stem:
        return stem
    whole = WHOLE_FLOAT.fullmatch(stem)
    return PADDED.sub("", whole[1] if whole else stem)


def respelled(stem: str) -> str:
    """Return a stem in half-width forms without spaces, underscores and brackets.

    Between two digits a space stays: 1 2 is not 12.
    """
    return unpadded(SPACING.sub(_spacing, unicodedata.normalize("NFKC", stem)))


def _spacing(found: re.Match[str]) -> str:
    text = found.string
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    return " " if before.isdigit() and after.isdigit() else ""


def stem_key(name: str) -> str:
    """Return what rule 6 compares."""
    return folded(stem_of(name))


def _stems(name: str) -> tuple[str, ...]:
    """Return the stems of a written name, whose ending may be part of the stem, an extension or two."""
    once = stem_of(name)
    return (name,) if once == name else tuple(dict.fromkeys((name, once, stem_of(once))))


def _alone(name: str) -> tuple[str, ...]:
    return (name,)


def _upload_key(stem: str) -> str:
    return without_upload(folded(stem))


def _number_key(stem: str) -> str:
    return unpadded(_upload_key(stem))


def _spelling_key(stem: str) -> str:
    return respelled(_upload_key(stem))


def _half_width_stem(name: str) -> str:
    return stem_of(_half_width(name))


def _half_width_stems(name: str) -> tuple[str, ...]:
    return _stems(_half_width(name))


def _half_width(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


WHOLE = Form(Rule.FOLDED, 3, str, _alone, folded)
"""The form of rule 3: the key is that of the whole path."""

STEM = Form(Rule.STEM, 6, stem_of, _stems, folded)
SPELLING = Form(Rule.SPELLING, 9, _half_width_stem, _half_width_stems, _spelling_key)
FORMS = (
    Form(Rule.NAME, 5, str, _alone, folded),
    STEM,
    Form(Rule.UPLOAD, 7, stem_of, _stems, _upload_key),
    Form(Rule.NUMBER, 8, stem_of, _stems, _number_key),
    SPELLING,
)
"""The forms of the rules from 4 on; NAME serves rule 4 too."""
