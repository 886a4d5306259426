"""Which encoding a text table is written in.

A mark at the start decides, then zero bytes (UTF-16), then UTF-8, then GB18030. Some bytes can be read in two
ways: a cat in GBK is C3 A8, which is "è" in UTF-8; most Big5 is GBK too. Then what the readings say is
weighed: does one name images of the manifest, or columns? Where that does not decide, both are shown and a
person is asked.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.headers import is_known_header
from labelprep.formats.table_issues import Code, note
from labelprep.formats.textbytes import TextBytes, first_misfit, looked_over, utf8_lines_among_others

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelprep.formats.base import ReadContext
    from labelprep.model.issues import Issue

CANDIDATES = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1252", "cp1251")
EAST_ASIAN = frozenset(CANDIDATES[:4])
CELL_ENDS = re.compile(r"[,;|\t\r\n\"，]+")
SHOWN_READINGS = 4
SHOWN_CELLS = 3
SURE_CHARACTERS = 4  # fewer different ones tell too little
COMMON_SHARE = 0.95
RARE_SHARE = 0.6
THREE_BYTES = "\u0800"
FOUR_GB_BYTES = 4
LATIN = range(0xC0, 0x250)
GB_HANZI_LEADS = range(0xB0, 0xF8)
GB_TRAILS = range(0xA1, 0xFF)
BIG5_COMMON_LEADS = range(0xA4, 0xC7)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec to open a file with, and what is told of how it was found."""

    codec: str
    issues: tuple[Issue, ...] = ()

    @property
    def name(self) -> str:
        """The name that is shown and can be given to --encoding."""
        return self.codec.removesuffix("-sig")


def find_encoding(source: Path, context: ReadContext) -> tuple[Encoding, TextBytes]:
    """Return the encoding of a text file, with what was seen of its bytes.

    Raises: SourceError where it is no text or mixes encodings; UsageError where two readings are possible.
    """
    seen = looked_over(source)
    wanted = context.options.get("encoding")
    if wanted not in {None, "", "auto"}:
        return Encoding(_given(source, str(wanted), seen)), seen
    if seen.bom or seen.zero_pattern:
        codec = seen.bom or seen.zero_pattern or ""
        _must_fit(source, codec, "the first bytes tell of this encoding")
        return Encoding(codec), seen
    if seen.is_ascii:
        return Encoding("utf-8"), seen
    if seen.not_utf8 is None:
        return _sure_of_utf8(source, seen, context), seen
    return _not_utf8(source, seen, context), seen


def _given(source: Path, wanted: str, seen: TextBytes) -> str:
    try:
        codec = codecs.lookup(wanted).name
        "".encode(codec)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"there is no text encoding {shown(wanted)}",
            where="--encoding",
            fix="name one such as utf-8, gb18030, big5, utf-16, cp1252",
        ) from error
    if codec == "utf-8":
        codec = "utf-8-sig"
    if codec in {"utf-16-le", "utf-16-be"} and seen.bom == "utf-16":
        codec = "utf-16"
    _must_fit(source, codec, "it was given with --encoding")
    return codec


def _must_fit(source: Path, codec: str, why: str) -> None:
    line = first_misfit(source, codec)
    if line is not None:
        raise SourceError(
            f"the bytes of this line are not {codec.removesuffix('-sig')} ({why})",
            where=f"{source.name}:{line}",
            fix="save the table again as UTF-8, or name its encoding with --encoding",
        )


def _sure_of_utf8(source: Path, seen: TextBytes, context: ReadContext) -> Encoding:
    """Return UTF-8, unless all of it may as well be GBK."""
    data = b"".join(line for _number, line in seen.samples)
    text = data.decode("utf-8", "ignore")
    beyond = [character for character in text if not character.isascii()]
    other = _decoded(data, "gb18030")
    if any(character >= THREE_BYTES for character in beyond) or other is None:
        return Encoding("utf-8")
    if _gb_common_share(other)[0] < COMMON_SHARE:
        return Encoding("utf-8")
    readings = {"utf-8": text, "gb18030": other}
    decided = _by_meaning(readings, context)
    if decided is None and _reads_as_latin_words(text):
        decided = "utf-8"
    if decided is None:
        raise _question(source, readings)
    return Encoding(decided, (_told(source, decided, readings),))


def _not_utf8(source: Path, seen: TextBytes, context: ReadContext) -> Encoding:
    data = b"".join(line for _number, line in seen.samples)
    readings: dict[str, str] = {}
    for codec in CANDIDATES:
        text = _decoded(data, codec)
        if text is not None and first_misfit(source, codec) is None:
            readings[codec] = text
    gb_share, gb_characters = _gb_common_share(readings.get("gb18030", ""))
    if gb_share < COMMON_SHARE:
        _refuse_mixed(source)
    if not readings:
        raise SourceError(
            "this line fits no encoding that is known here: it is neither UTF-8 nor GB18030",
            where=f"{source.name}:{seen.not_utf8}",
            fix="save the table again as UTF-8, or name its encoding with --encoding",
        )
    decided = _by_meaning(readings, context) or _by_characters(data, readings, gb_share, gb_characters)
    if decided is None:
        if len(readings) == 1:
            decided = next(iter(readings))
        else:
            raise _question(source, readings)
    # Any bytes can be cp1252: only where that was decided is it a reading to compare.
    likely = {codec: text for codec, text in readings.items() if codec in EAST_ASIAN or codec == decided}
    issues = (_told(source, decided, likely),) if len({*likely.values()}) > 1 else ()
    return Encoding(decided, issues)


def _refuse_mixed(source: Path) -> None:
    found = utf8_lines_among_others(source)
    if found is not None:
        sure, other = found
        raise SourceError(
            f"this line is not UTF-8, though line {sure} is: the file mixes encodings",
            where=f"{source.name}:{other}",
            fix="mend the line, or save the table again as UTF-8",
        )


def _by_meaning(readings: dict[str, str], context: ReadContext) -> str | None:
    """Return the one reading in which cells name images, columns or classes that are known."""
    known = set(context.classes)
    telling: list[str] = []
    for codec, text in readings.items():
        cells = (cell.strip() for cell in CELL_ENDS.split(text))
        beyond = islice((cell for cell in cells if cell and not cell.isascii()), 2000)
        if any(is_known_header(cell) or cell in known or context.is_image(cell) for cell in beyond):
            telling.append(codec)
    return telling[0] if len(telling) == 1 else None


def reads_as_gb18030(data: bytes) -> bool:
    """Tell whether bytes beyond ASCII are GB18030 of characters that are common: a guess, for short texts."""
    text = _decoded(data, "gb18030")
    return text is not None and _gb_common_share(text)[0] >= COMMON_SHARE


def codec_of_names(data: bytes) -> str:
    """Return the encoding that file names of a zip are likely in which do not tell theirs.

    That is UTF-8 or GB18030, else cp437, which any bytes can be.
    """
    text = _decoded(data, "utf-8")
    if text is not None and (
        any(character >= THREE_BYTES for character in text) or _reads_as_latin_words(text)
    ):
        return "utf-8"
    if reads_as_gb18030(data):
        return "gb18030"
    return "utf-8" if text is not None else "cp437"


def _by_characters(data: bytes, readings: dict[str, str], gb_share: float, characters: int) -> str | None:
    """Return GB18030 or Big5 where the characters are common in one and rare in the other.

    Of common Big5 characters one in four has the bytes of a common one in GBK, so four that all have are GBK.
    """
    if "gb18030" in readings and (_has_four_bytes(readings["gb18030"])):
        return "gb18030"
    if characters < SURE_CHARACTERS:
        return None
    if gb_share >= COMMON_SHARE:
        return "gb18030"
    if "big5" in readings and gb_share <= RARE_SHARE and _big5_common_share(data) >= COMMON_SHARE:
        return "big5"
    return None


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _has_four_bytes(text: str) -> bool:
    """Say whether a hanzi of GB18030's four bytes stands in a text: no other encoding has such bytes."""
    return any(
        not character.isascii()
        and len(character.encode("gb18030")) == FOUR_GB_BYTES
        and unicodedata.name(character, "").startswith("CJK UNIFIED")
        for character in set(text)
    )


def _gb_common_share(text: str) -> tuple[float, int]:
    """Return which share of the different characters is common in GBK, and how many there are.

    Punctuation of full width is left out: it tells nothing.
    """
    found = [character.encode("gb18030") for character in set(text) if not character.isascii()]
    telling = [code for code in found if not (len(code) == 2 and 0xA1 <= code[0] <= 0xA3)]  # noqa: PLR2004 - rows of signs
    common = [
        code
        for code in telling
        if len(code) == 2 and code[0] in GB_HANZI_LEADS and code[1] in GB_TRAILS  # noqa: PLR2004 - a GBK pair
    ]
    return (len(common) / len(telling) if telling else 0.0), len(telling)


def _big5_common_share(data: bytes) -> float:
    found = [character.encode("big5") for character in set(data.decode("big5")) if not character.isascii()]
    telling = [code for code in found if code[0] > 0xA3]  # noqa: PLR2004 - rows of signs
    return sum(code[0] in BIG5_COMMON_LEADS for code in telling) / len(telling) if telling else 0.0


def _reads_as_latin_words(text: str) -> bool:
    """Say whether what lies beyond ASCII are Latin letters in words, most behind a small letter: café."""
    behind = total = 0
    for place, character in enumerate(text):
        if character.isascii():
            continue
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        if ord(character) not in LATIN or not (_is_small(before) or (after.isascii() and after.isalpha())):
            return False
        total += 1
        behind += _is_small(before)
    return behind * 2 >= total


def _is_small(character: str) -> bool:
    return character.isascii() and character.islower()


def _differing(readings: dict[str, str]) -> dict[str, str]:
    """Return, for each reading, the first cells that show how it differs."""
    samples: dict[str, str] = {}
    for codec, text in readings.items():
        cells = (cell.strip() for cell in CELL_ENDS.split(text))
        telling = dict.fromkeys(cell for cell in cells if cell and not cell.isascii())
        samples[codec] = ", ".join(shown(cell) for cell in islice(telling, SHOWN_CELLS))
    return samples


def _question(source: Path, readings: dict[str, str]) -> UsageError:
    samples = dict(islice(_differing(readings).items(), SHOWN_READINGS))
    both = "; ".join(f"{codec}: {sample}" for codec, sample in samples.items())
    return UsageError(
        f"its bytes can be read in {_number(samples)} ways that differ — {both}",
        where=source.name,
        fix="choose the right one: " + " or ".join(f"--encoding {codec}" for codec in samples),
    )


def _number(samples: Sequence[str] | dict[str, str]) -> str:
    return {2: "two", 3: "three"}.get(len(samples), str(len(samples)))


def _told(source: Path, decided: str, readings: dict[str, str]) -> Issue:
    samples = _differing(readings)
    others = {codec: sample for codec, sample in samples.items() if codec != decided}
    other = next(iter(others))
    return note(
        Code.ENCODING,
        source.name,
        f"read as {decided}: {samples[decided]}; as {other} it would be {others[other]}",
        f"if that is the right one, pass --encoding {other}",
    )
