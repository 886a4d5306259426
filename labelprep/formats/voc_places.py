"""Where the image of a VOC file lies, by the disk, by the layout of folders, or as the file itself says."""

from __future__ import annotations

import os
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from labelprep.formats.label_files import below_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelprep.formats.label_files import LabelFile

DEVKIT_IMAGES: Final = "JPEGImages"
IMAGES_OF: Final = {
    **dict.fromkeys(("Annotations", "Annotation"), DEVKIT_IMAGES),
    **dict.fromkeys(("annotations", "annotation", "xmls", "xml", "labels"), "images"),
}
"""Where the images lie whose label files are in a folder called so."""


def placed(name: str, folder: str, file: LabelFile, root: str) -> str:
    """Return the name of an image with the folder that disk, layout or the file itself gives.

    What lies on the disk counts first: images in the folder that goes with that of the labels, or beside.
    ``root`` is that of the images, absolute, with forward slashes and none at its end.
    """
    layout = layout_of(file.way)
    here = os.path.dirname(file.path)  # noqa: PTH120 - a hundred thousand files: no Path for each
    mirrored = ""
    if layout is not None:
        base, images, inner = layout
        way = posixpath.join(base, images, inner)
        mirrored = below_root(root, way, name) or posixpath.join(images, inner, name)
        up = "../" * (inner.count("/") + 2 if inner else 1)
        if images == DEVKIT_IMAGES or os.path.lexists(f"{here}/{up}{images}/{inner}/{name}"):
            return mirrored
    if os.path.lexists(f"{here}/{name}"):
        return name
    if folder and ".." not in folder:
        return f"{folder.strip('/')}/{name}"
    return mirrored or name


@lru_cache(1)
def layout_of(way: str | None) -> tuple[str, str, str] | None:
    """Return where the images of a folder of label files lie by its name: base, folder, what is below it.

    None where it is not called after labels.
    """
    parts = (way or "").split("/")
    at = label_folder(parts)
    if at is None:
        return None
    return "/".join(parts[:at]), IMAGES_OF[parts[at]], "/".join(parts[at + 1 :])


def label_folder(parts: Sequence[str]) -> int | None:
    """Return which of the folders of a path is called after labels: the devkit's name, else the last."""
    named = [at for at, part in enumerate(parts) if part in IMAGES_OF]
    return next((at for at in named if parts[at] == "Annotations"), named[-1] if named else None)
