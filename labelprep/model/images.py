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


LATEST_NS = (1 << 63) - 1


def storable_ns(time_ns: int) -> int:
    """Return a file's time as 64 bits can hold it: some file systems know dates after the year 2262."""
    return max(-LATEST_NS, min(time_ns, LATEST_NS))


TRAINABLE = (Status.OK, Status.DAMAGED)
SPLITS = ("train", "val", "test")
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "训练集": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "验证集": "val",
    "test": "test",
    "testing": "test",
    "测试集": "test",
}
