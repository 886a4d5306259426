"""Numbers of a lesson as a person reads them."""

from __future__ import annotations

import math
from typing import Final

LEAST_FIXED: Final = 1e-4
MOST_FIXED: Final = 1e6


def number(value: float) -> str:
    """Return a number with four significant digits, without an exponent where that is short."""
    if not math.isfinite(value):
        return str(value)
    if value == 0 or (float(value).is_integer() and abs(value) < MOST_FIXED):
        return f"{value:.0f}"
    if LEAST_FIXED <= abs(value) < MOST_FIXED:
        digits = max(3 - math.floor(math.log10(abs(value))), 0)
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}"


def precise(value: float) -> str:
    """Return a number with eight significant digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 7 - math.floor(math.log10(abs(value)))
    return f"{value:.{digits}f}" if digits <= 12 else f"{value:.7e}"  # noqa: PLR2004 - still readable


def shape(sides: tuple[int, ...]) -> str:
    """Return a shape as it is read: 28 × 28 × 32."""
    return " × ".join(str(side) for side in sides)
