"""The picture that training receives is the one a person sees, for every file of a hard collection."""

from __future__ import annotations

import csv
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labelprep.model.images import TRAINABLE
from labelprep.pixels.decoding import decode
from labelprep.pixels.fitting import fitted, fitted_pixels
from labelprep.pixels.reading import read_facts
from seen import apart, as_seen

TORTURE = Path(__file__).parents[1].parent / "shared" / "torture"
SIDE = 64
GREY_LEVELS = 2.0

XMP = (
    "Pillow follows the orientation in XMP; browsers and viewers do not, and no camera writes it there alone"
)
FINE = "noise as fine as its pixels: a picture reduced in two steps keeps a little more of it than in one"
EXCEPTIONS = {
    "jpegdecoder_crash/subtract-with-overflow.jpg": FINE,
    "pillow/avif__exif.avif": FINE,
    "pillow/avif__xmp_tags_orientation.avif": XMP,
    "pillow/hopper_bad_exif.jpg": FINE,
    "pillow/xmp_tags_orientation_exiftool.png": XMP,
}
"""File → why its picture differs by a mean of more than 2 grey levels."""


@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
def test_training_receives_what_a_person_sees() -> None:
    with (TORTURE / "images.csv").open(encoding="utf-8", newline="") as file:
        names = sorted(row["file"] for row in csv.DictReader(file) if readable(row["labelprep_status"]))

    differences = {name: differences_of(TORTURE / "images" / name) for name in names}

    assert len(differences) > 700
    differing = {name for name, found in differences.items() if max(found, default=0) > GREY_LEVELS}
    assert differing == set(EXCEPTIONS)


@pytest.mark.parametrize("name", [name for name, reason in EXCEPTIONS.items() if reason == FINE])
@pytest.mark.skipif(not TORTURE.is_dir(), reason="needs the shared data, which is not here")
def test_pictures_of_fine_noise_are_equal_before_they_are_reduced(name: str) -> None:
    data = (TORTURE / "images" / name).read_bytes()

    picture = decode(data).picture

    assert picture is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(np.asarray(picture.convert("RGB")), np.asarray(as_seen(opened(data))))


def opened(data: bytes) -> Image.Image:
    """Open a file as any program that uses Pillow does."""
    return Image.open(BytesIO(data))


def readable(statuses: str) -> bool:
    """Say whether a file is expected to be one that is trained on."""
    return any(status in TRAINABLE for status in statuses.split("|"))


def differences_of(path: Path) -> tuple[float, ...]:
    """Return how far, in mean grey levels, the fed picture is from the proxy shown and from the original."""
    facts, proxy = read_facts(str(path))
    if facts.status not in TRAINABLE:
        return ()
    original = path.read_bytes()
    fed = fitted_pixels(proxy or original, SIDE, 3, "stretch")
    with warnings.catch_warnings():
        # What Pillow warns of (large, oddly compressed, odd EXIF) is what this collection is made of.
        warnings.simplefilter("ignore")
        seen = fitted(as_seen(opened(original)), SIDE, 3, "stretch")
        shown = seen if proxy is None else fitted(as_seen(opened(proxy)), SIDE, 3, "stretch")
    return apart(fed, shown), apart(fed, seen)
