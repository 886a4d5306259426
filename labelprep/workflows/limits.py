"""How large a file may be to be read: chosen at a scan, and held by all that reads originals later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labelprep.pixels.opening import PIXEL_LIMIT
from labelprep.pixels.reading import MAX_BYTES

if TYPE_CHECKING:
    from labelprep.manifest.store import Store

BYTES_KEY: Final = "max_bytes"
PIXELS_KEY: Final = "max_pixels"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes a file and the most pixels a picture may have; what has more is ``too_large``."""

    max_bytes: int = MAX_BYTES
    max_pixels: int = PIXEL_LIMIT

    def as_options(self) -> dict[str, int]:
        """Return them as workers take them."""
        return {"max_bytes": self.max_bytes, "pixel_limit": self.max_pixels}


def limits_of(store: Store) -> Limits:
    """Return the limits that the last scan held."""
    return Limits(int(store.meta(BYTES_KEY) or MAX_BYTES), int(store.meta(PIXELS_KEY) or PIXEL_LIMIT))


def keep_limits(store: Store, limits: Limits) -> None:
    """Hold these limits from now on; inside ``store.writing()``."""
    store.set_meta(BYTES_KEY, str(limits.max_bytes))
    store.set_meta(PIXELS_KEY, str(limits.max_pixels))
