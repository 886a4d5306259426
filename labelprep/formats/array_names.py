"""What the name of an array says: pictures or labels, of which split, of which set.

::

    train-images-idx3-ubyte.gz   x_train   test_images   X.npy     pictures
    train-labels-idx1-ubyte.gz   y_train   test_labels   y.npy     their labels

Source: the names that MNIST, Keras and MedMNIST use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from labelprep.model.images import SPLIT_NAMES

PICTURES: Final = frozenset(
    {"x", "images", "image", "imgs", "img", "pictures", "pixels", "data", "idx3", "idx4"}
)
LABELS: Final = frozenset({"y", "labels", "label", "targets", "target", "idx1"})
SAYS_NOTHING: Final = frozenset({"ubyte", "npy", "gz", "idx"})
UNNAMED: Final = re.compile(r"arr_\d+")
"""What NumPy calls arrays that are saved without names."""
SPLITS: Final = SPLIT_NAMES | {"t10k": "test"}
JOINTS: Final = re.compile(r"[-_.\s]+")


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says.

    ``key`` is the same for pictures and their labels; ``stem`` is what pictures are called.
    """

    is_pictures: bool
    is_labels: bool
    split: str | None
    key: tuple[str, ...]
    stem: str


def said_by(name: str) -> Named:
    """Return what the name of a file or array says, in any case."""
    words = [word for word in JOINTS.split(UNNAMED.sub("", name.casefold())) if word]
    rest = [word for word in words if word not in PICTURES | LABELS | SAYS_NOTHING]
    splits = [SPLITS[word] for word in rest if word in SPLITS]
    return Named(
        is_pictures=any(word in PICTURES for word in words),
        is_labels=any(word in LABELS for word in words),
        split=splits[0] if len(splits) == 1 else None,
        key=tuple(rest),
        stem="_".join(rest),
    )
