"""What is known of one image file, apart from its labels."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a scan found a file to be; ``ok`` and ``damaged`` images are trained on."""

    OK = "ok"
    DAMAGED = "damaged"
    CORRUPT = "corrupt"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    MISSING = "missing"
    EXCLUDED = "excluded"


TRAINABLE = (Status.OK, Status.DAMAGED)
SPLITS = ("train", "val", "test")
