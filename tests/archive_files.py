"""Archives for tests: zips and tars of given files, also such as no friend packs."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

from labelme_documents import document, shape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def labels(image: str = "a.jpg", label: str = "cat") -> bytes:
    """Return a LabelMe file of one shape."""
    small = shape(label=label, points=[[1, 1], [6, 1], [6, 6]])
    return json.dumps(document(small, imagePath=image, imageWidth=8, imageHeight=8)).encode()


def zipped(file: Path, entries: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file


def zipped_raw(file: Path, entries: Mapping[bytes, bytes]) -> Path:
    """Write a zip archive whose names are these bytes and do not tell their encoding."""
    stand_ins = {name: f"{number:0{len(name)}}" for number, name in enumerate(entries)}
    zipped(file, {stand_ins[name]: data for name, data in entries.items()})
    data = file.read_bytes()
    for name, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode(), name)
    file.write_bytes(data)
    return file


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """Return what stands before a file of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tarred(file: Path, *entries: tuple[tarfile.TarInfo | str, bytes], mode: str = "w:gz") -> Path:
    """Write a tar archive."""
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]  # mode is a text
        for name, data in entries:
            info = member(name) if isinstance(name, str) else name
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file
