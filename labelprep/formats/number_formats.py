"""How a spreadsheet shows a number: its format code applied, for the codes that are met in practice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from labelprep.formats.grids import Aside, CellNote

# Source: ECMA-376 part 1, 18.8.30 (numFmt), the codes of the numbers that need no text of their own.
BUILT_IN: Final = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0",
    39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
}  # fmt: skip
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
BRACKETED = re.compile(r"\[[^\]]*\]")
CONDITION = re.compile(r"\[[<>=]")
TOKENS = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|([#0?,.]+)|(.)', re.DOTALL)
PLAIN_NUMBER = re.compile(r"-?\d+")
SHOWN_DIGITS = 15
LONGEST_INTEGER = 1e15
MAX_DECIMALS = 30
FIRST_DAY: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
FIRST_DAY_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - the same
NUMBER_NOTE = CellNote(Aside.NUMBER)
FALSE_LEAP_DAY = 60  # Excel counts a 29 February 1900
LAST_SERIAL = 2_958_466


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format code made ready: what kind it is, and its parts around the digits."""

    kind: str  # general, text, date, number or unread
    digits: str = ""
    before: str = ""
    after: str = ""
    percent: bool = False


GENERAL = NumberFormat("general")


@lru_cache(maxsize=4096)
def compiled(code: str) -> NumberFormat:
    """Return what a format code does with a positive number."""
    section = _first_section(code)
    if section.strip().casefold() in {"", "general", "standard", "g/通用格式"}:
        return NumberFormat("general")
    if CONDITION.search(section):
        return NumberFormat("unread")
    if ELAPSED.search(section):
        return NumberFormat("date")
    return _tokenised(BRACKETED.sub("", section))


def _first_section(code: str) -> str:
    """Return what stands before the first semicolon outside quotes."""
    quoted = False
    for place, character in enumerate(code):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted and code[place - 1 : place] != "\\":
            return code[:place]
    return code


def _tokenised(section: str) -> NumberFormat:
    before = after = digits = ""
    percent = False
    for match in TOKENS.finditer(section):
        quoted, escaped, found, other = match.groups()
        if found is not None:
            if digits:
                return NumberFormat("unread")
            digits = found
            continue
        if other is not None and other in "yYmMdDhHsS年月日时":
            return NumberFormat("date")
        if other == "@":
            return NumberFormat("text")
        if other is not None and other in "eE/":
            return NumberFormat("unread")
        percent = percent or other == "%"
        literal = quoted or escaped or other or ""
        before, after = (before, after + literal) if digits else (before + literal, after)
    if not digits or digits.endswith(",") or digits.count(".") > 1:
        return NumberFormat("unread")
    return NumberFormat("number", digits, before, after, percent)


def plain_number(text: str) -> str:
    """Return a stored number as the shortest text of its value: 1.0 is 1, and many digits stay.

    Raises: ValueError.
    """
    if PLAIN_NUMBER.fullmatch(text):
        return text
    value = float(text)
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - not a number
        raise ValueError(text)
    if value == int(value) and abs(value) < LONGEST_INTEGER:
        return str(int(value))
    return repr(value)


def rendered(text: str, form: NumberFormat) -> str | None:
    """Return a number as its format shows it; None where this format is not known here."""
    if form.kind != "number":
        return None
    try:
        value = Decimal(text)
        if form.percent:
            value *= 100
        whole, _, fraction = form.digits.partition(".")
        places = len(fraction.replace(",", ""))
        if places > MAX_DECIMALS or abs(value) > Decimal(10) ** MAX_DECIMALS:
            return None
        rounded = abs(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None
    left, _, right = f"{rounded:f}".partition(".")
    needed = whole.replace(",", "").count("0")
    left = left.lstrip("0").zfill(needed) if needed else left.lstrip("0")
    if "," in whole:
        left = _grouped(left)
    kept = len(fraction.rstrip("#?"))
    right = right[:kept] + right[kept:].rstrip("0")
    sign = "-" if value < 0 and rounded else ""
    point = "." if right or (fraction == "" and form.digits.endswith(".")) else ""
    return f"{sign}{form.before}{left}{point}{right}{form.after}"


def _grouped(digits: str) -> str:
    start = len(digits) % 3
    parts = [digits[:start]] if start else []
    return ",".join(parts + [digits[place : place + 3] for place in range(start, len(digits), 3)])


def date_text(serial: float, *, since_1904: bool = False) -> str | None:
    """Return a date's number as ISO text: a date, with its time, or a time of the day; None out of range."""
    if not 0 <= serial < LAST_SERIAL:
        return None
    days, part = divmod(serial, 1)
    seconds = round(part * 86_400)
    if not days and not since_1904:
        clock = timedelta(seconds=seconds)
        return str(FIRST_DAY + clock)[11:] if seconds < 86_400 else None  # noqa: PLR2004 - a day
    first = FIRST_DAY_1904 if since_1904 else FIRST_DAY
    if not since_1904 and days < FALSE_LEAP_DAY:
        days += 1
    moment = first + timedelta(days=days, seconds=seconds)
    return moment.date().isoformat() if not seconds else moment.isoformat()


def number_text(text: str) -> str:
    """Return a stored number as text; what is none, as it stands."""
    try:
        return plain_number(text)
    except ValueError:
        return text


def shown_number(text: str, form: NumberFormat, *, since_1904: bool) -> tuple[str, CellNote]:
    """Return a stored number as its format shows it, with what is told of that."""
    plain = number_text(text)
    if form.kind == "date":
        try:
            date = date_text(float(text), since_1904=since_1904)
        except ValueError:
            date = None
        return (date, CellNote(Aside.DATE, plain)) if date is not None else (plain, NUMBER_NOTE)
    shown = rendered(plain, form)
    if shown is None or shown == plain:
        return plain, NUMBER_NOTE
    return shown, CellNote(Aside.SHOWN, plain)
