"""What a worker can do with one file, by name: the bodies behind ``engine.Work``.

========= ============================================= ===========================================
work      item                                          value of the result, beside status, problem
========= ============================================= ===========================================
scan      path                                          ``Facts.as_json()``
proxy     path                                          sha256, size_bytes, mtime_ns, own_proxy, proxy
array     ``{"row": n, "source": Source.as_json()}``    row
pixels    path                                          sha256; payload: height × width × channels
thumbnail ``Source.as_json()``                          payload: a JPEG
thumb     ``Source.as_json()``                          thumb: side × side × 3 bytes in base64
views     ``Source.as_json()``                          prints: 24 bytes a view in base64
digest    path                                          sha256, pixel_sha256
unlike    two paths                                     sizes (upright, of both), mean (difference, 0-255)
========= ============================================= ===========================================

Options: ``cache`` (folder), ``proxy_size``, ``max_bytes``, ``pixel_limit`` for scan and proxy; ``cache``,
``file``, ``height``, ``width``, ``channels``, ``fit``, ``pixel_limit`` for array;
``height`` to ``fit``, ``proxy_size``, ``max_bytes`` for pixels; ``cache``, ``side`` (of the square it fits
into) and ``pixel_limit`` for thumbnail, the same for thumb, ``cache``, ``views`` (crops or turns) and
``pixel_limit`` for views; ``max_bytes``, ``pixel_limit`` for digest and unlike.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from labelprep.errors import PixelsError
from labelprep.model.images import TRAINABLE, Status
from labelprep.pixels.decoding import decode
from labelprep.pixels.digests import Digest
from labelprep.pixels.fitting import ArrayShape, fitted_pixels, original_pixels
from labelprep.pixels.proxies import PackWriter, is_own_proxy, make_proxy, proxy_decode_px
from labelprep.pixels.reading import ReadOptions, Unreadable, read_bytes, read_facts
from labelprep.pixels.sources import Changed, Source, read_source
from labelprep.pixels.thumbnails import thumbnail_jpeg
from labelprep.pixels.thumbs import Thumb
from labelprep.pixels.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable

Value = dict[str, Any]


class Session(Protocol):
    """One work with its options, held by one worker from batch to batch."""

    def do(self, item: Any) -> tuple[Value, bytes]:  # noqa: ANN401 - JSON
        """Return the value and the payload for one item."""

    def finish(self, values: list[Value]) -> None:
        """Make what was written for these values last: called once at the end of a batch."""

    def close(self) -> None:
        """Let go of open files."""


class Scan:
    """Read facts and write proxies."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder and the limits."""
        self._options = _read_options(options)
        self._packs = PackWriter(Path(options["cache"]))

    def do(self, item: str) -> tuple[Value, bytes]:
        """Return the facts of one path."""
        facts, proxy = read_facts(item, self._options)
        if proxy is not None:
            facts = replace(facts, proxy=self._packs.append(proxy))
        return facts.as_json(), b""

    def finish(self, values: list[Value]) -> None:
        """Sync every pack that these values point into."""
        self._packs.sync(_packs_of(values))

    def close(self) -> None:
        """Close the pack."""
        self._packs.close()


class Proxy:
    """Make the proxies of originals again, where the cache was deleted or another size is wanted."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder and the limits."""
        self._options = _read_options(options)
        self._packs = PackWriter(Path(options["cache"]))

    def do(self, item: str) -> tuple[Value, bytes]:
        """Return the place of the new proxy of one path."""
        try:
            content = read_bytes(item, self._options.max_bytes)
        except Unreadable as unreadable:
            return {"status": unreadable.facts.status, "problem": unreadable.facts.problem}, b""
        size = self._options.proxy_size
        decoded = decode(content.data, at_least=proxy_decode_px(size), pixel_limit=self._options.pixel_limit)
        value: Value = {
            "status": decoded.status,
            "problem": decoded.problem,
            "sha256": hashlib.sha256(content.data).hexdigest(),
            "size_bytes": content.size_bytes,
            "mtime_ns": content.mtime_ns,
            "own_proxy": is_own_proxy(decoded, content.size_bytes),
            "proxy": None,
        }
        if decoded.status in TRAINABLE and not value["own_proxy"]:
            place = self._packs.append(make_proxy(decoded, size)[0])
            value["proxy"] = [place.pack, place.offset, place.length]
        return value, b""

    def finish(self, values: list[Value]) -> None:
        """Sync every pack that these values point into."""
        self._packs.sync(_packs_of(values))

    def close(self) -> None:
        """Close the pack."""
        self._packs.close()


class Array:
    """Write fitted pixels into rows of an array file."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Open the array file, which is there already."""
        self._cache = Path(options["cache"])
        self._shape = ArrayShape(options["height"], options["width"], options["channels"], options["fit"])
        self._pixel_limit = _read_options(options).pixel_limit
        self._path = options["file"]
        self._file = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))

    def do(self, item: dict[str, Any]) -> tuple[Value, bytes]:
        """Decode one source into its row; a source that is gone or changed is a status."""
        source, row, shape = Source.from_json(item["source"]), item["row"], self._shape
        try:
            data = read_source(self._cache, source)
            size = (shape.height, shape.width)
            pixels = fitted_pixels(data, size, shape.channels, shape.fit, self._pixel_limit)
        except Changed as changed:
            return {"row": row, "status": Status.MISSING, "problem": changed.problem}, b""
        except PixelsError as error:
            return {"row": row, "status": Status.CORRUPT, "problem": error.problem}, b""
        self._write(pixels.tobytes(), row * shape.row_bytes)
        return {"row": row, "status": Status.OK, "problem": ""}, b""

    def _write(self, data: bytes, offset: int) -> None:
        """Write one row at its place; seek and write, since Windows has no pwrite."""
        view = memoryview(data)
        try:
            os.lseek(self._file, offset, os.SEEK_SET)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise PixelsError(
                f"the array cannot be written: {error.strerror or error}",
                where=str(self._path),
                fix="free disk space, or choose a smaller --image-size",
            ) from error

    def finish(self, values: list[Value]) -> None:  # noqa: ARG002 - one file holds all rows
        """Sync the array file."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the array file."""
        os.close(self._file)


class PixelsOf:
    """Return the fitted pixels of files that no scan knows: what prediction feeds on."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take size, channels and fit."""
        self._limits = _read_options(options)
        self._shape = ArrayShape(options["height"], options["width"], options["channels"], options["fit"])

    def do(self, item: str) -> tuple[Value, bytes]:
        """Return the pixels of one path as payload, row by row."""
        shape = self._shape
        try:
            data = read_bytes(item, self._limits.max_bytes).data
        except Unreadable as unreadable:
            return {
                "status": unreadable.facts.status,
                "problem": unreadable.facts.problem,
                "sha256": None,
            }, b""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            size = (shape.height, shape.width)
            pixels = original_pixels(data, size, shape.channels, shape.fit, self._limits.proxy_size)
        except PixelsError as error:
            return {"status": Status.CORRUPT, "problem": error.problem, "sha256": sha256}, b""
        return {"status": Status.OK, "problem": "", "sha256": sha256}, pixels.tobytes()

    def finish(self, values: list[Value]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


class Thumbnail:
    """Return small JPEGs of proxies or originals: what a report or a page shows."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the cache folder, the side and the limit of pixels."""
        self._cache = Path(options["cache"])
        self._side = int(options["side"])
        self._pixel_limit = _read_options(options).pixel_limit

    def do(self, item: list[Any]) -> tuple[Value, bytes]:
        """Return one picture as payload; one that cannot be had is a status."""
        try:
            data = read_source(self._cache, Source.from_json(item))
            jpeg = thumbnail_jpeg(data, self._side, self._pixel_limit)
        except Changed as changed:
            return {"status": Status.MISSING, "problem": changed.problem}, b""
        except PixelsError as error:
            return {"status": Status.CORRUPT, "problem": error.problem}, b""
        return {"status": Status.OK, "problem": ""}, jpeg

    def finish(self, values: list[Value]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


class Unlike:
    """Hold two pictures against each other: upright, in RGB."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Take the limits."""
        self._limits = _read_options(options)

    def do(self, item: list[str]) -> tuple[Value, bytes]:
        """Return the sizes of both, and by how much they differ in the mean where these are equal.

        Of a picture that cannot be decoded there is a status, and nothing else.
        """
        pictures = []
        for path in item:
            try:
                data = read_bytes(path, self._limits.max_bytes).data
            except Unreadable as unreadable:
                return {"status": unreadable.facts.status, "problem": unreadable.facts.problem}, b""
            decoded = decode(data, pixel_limit=self._limits.pixel_limit)
            if decoded.picture is None:
                return {"status": decoded.status, "problem": decoded.problem}, b""
            pictures.append(decoded.picture.convert("RGB"))
        one, other = pictures
        value: Value = {"status": Status.OK, "problem": "", "sizes": [one.size, other.size], "mean": None}
        if one.size == other.size:
            first, second = (np.frombuffer(picture.tobytes(), np.uint8) for picture in pictures)
            value["mean"] = float(np.abs(first.astype(np.int16) - second).mean())
        return value, b""

    def finish(self, values: list[Value]) -> None:
        """Do nothing: nothing was written."""

    def close(self) -> None:
        """Do nothing."""


WORKS: Final[dict[str, Callable[[dict[str, Any]], Session]]] = {
    "scan": Scan,
    "proxy": Proxy,
    "array": Array,
    "pixels": PixelsOf,
    "thumbnail": Thumbnail,
    "thumb": Thumb,
    "views": Views,
    "digest": Digest,
    "unlike": Unlike,
}


def _read_options(options: dict[str, Any]) -> ReadOptions:
    """Take the options of a reading that are given, the defaults for the others."""
    names = ReadOptions.__dataclass_fields__
    return ReadOptions(**{name: options[name] for name in names if options.get(name) is not None})


def _packs_of(values: list[Value]) -> frozenset[str]:
    """Return the names of the packs that values point into."""
    return frozenset(value["proxy"][0] for value in values if value.get("proxy"))
