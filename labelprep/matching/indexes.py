"""The paths of all images, found by keys: small enough for a million of them."""

from __future__ import annotations

import posixpath
from array import array
from bisect import bisect_left
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from labelprep.matching.rules import WHOLE, folded, nfc, stem_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from labelprep.matching.rules import Form

BUCKET = 32
HASH_BITS = 64
NEAREST = 3
NEAREST_NAMES = 500
NEAREST_POOL = 24
NEAREST_CUTOFF = 0.75


class Index:
    """Positions by key, kept as sorted hashes: 16 bytes an image at most, however long the names are.

    The leading bits of a hash say where it stands: they lead to a slot of one or two hashes.
    """

    def __init__(self, ordered: Sequence[str], form: Form, depth: int) -> None:
        """Take the key of each path: that of its base name, behind ``depth`` - 1 folders."""
        self._ordered = ordered
        self._form = form
        self._depth = depth
        if depth == 1 and form is not WHOLE:  # the same as below, without a call of it for each image
            names = (path[path.rfind("/") + 1 :] for path in ordered)
            keys: Iterable[str] = map(form.key, map(form.of_image, names))
        else:
            keys = (key_of(form, depth, path) for path in ordered)
        hashes = np.fromiter(map(hash, keys), np.int64, len(ordered))
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        bits = max(len(ordered).bit_length() - 1, 1)
        self._shift = HASH_BITS - bits
        self._slots = 1 << bits
        starts = np.searchsorted(hashes >> self._shift, np.arange(-self._slots // 2, self._slots // 2 + 1))
        self._starts = array("i", starts.astype(np.intc).tobytes())
        self._hashes = array("q", hashes.tobytes())
        self._positions = array("i", order.astype(np.intc).tobytes())

    def find(self, key: str) -> Sequence[int]:
        """Return the positions with a key, in the order of paths; more than BUCKET are cut."""
        wanted = hash(key)
        hashes = self._hashes
        slot = (wanted >> self._shift) + self._slots // 2
        stop = self._starts[slot + 1]
        first = last = bisect_left(hashes, wanted, self._starts[slot], stop)
        end = min(stop, first + BUCKET + 1)
        while last < end and hashes[last] == wanted:
            last += 1
        if first == last:
            return ()
        if first + 1 == last:
            position = self._positions[first]
            same = key_of(self._form, self._depth, self._ordered[position]) == key
            return (position,) if same else ()
        found = self._positions[first:last]
        if len(found) > BUCKET:  # so many have one hash by no accident
            return found
        form, depth, ordered = self._form, self._depth, self._ordered
        return [position for position in found if key_of(form, depth, ordered[position]) == key]


class Paths:
    """Sorted paths with an index for each rule and number of folders, made when it is first needed."""

    def __init__(self, ordered: list[str]) -> None:
        """Take the paths in their order."""
        self._ordered = ordered
        self._indexes: dict[tuple[int, int], Index] = {}

    def look(self, form: Form, depth: int, keys: Sequence[str]) -> Sequence[int]:
        """Return the positions with one of some keys, in the order of paths; more than BUCKET are cut."""
        index = self._indexes.get((form.number, depth))
        if index is None:
            index = self._indexes[form.number, depth] = Index(self._ordered, form, depth)
        if len(keys) == 1:
            return index.find(keys[0])
        return sorted(position for key in keys for position in index.find(key))

    def deepest(self, form: Form, parts: Sequence[str]) -> tuple[Sequence[int], int]:
        """Return the images with a base name's key; of several, those that share most folders above it.

        The second value is how many last parts agree.
        """
        written = form.of_written(parts[-1])
        keys = [form.key(written[0])] if len(written) == 1 else list(dict.fromkeys(map(form.key, written)))
        # A name of brackets alone has no key, and means nothing.
        if "" in keys:
            keys.remove("")
        found, depth = self.look(form, 1, keys), 1
        while found and depth < len(parts):
            folders = folded("/".join(parts[-1 - depth : -1]))
            wanted = [f"{folders}/{key}" for key in keys]
            if len(found) == 1:
                return found, depth + (key_of(form, depth + 1, self._ordered[found[0]]) in wanted)
            deeper = self.look(form, depth + 1, wanted)
            if not deeper:
                break
            found, depth = deeper, depth + 1
        return found, depth

    def exact_first(
        self, form: Form, found: Sequence[int], parts: Sequence[str], depth: int
    ) -> Sequence[int]:
        """Keep, of several, those whose last parts are spelled exactly like the name's, or like it in NFC."""
        if not 1 < len(found) <= BUCKET:
            return found
        *folders, name = parts[-depth:]
        written = form.of_written(name)
        for same in (str, nfc):
            wanted = {same("/".join((*folders, text))) for text in written}
            alike = [position for position in found if same(self._text(form, depth, position)) in wanted]
            if alike:
                return alike
        return found

    def _text(self, form: Form, depth: int, position: int) -> str:
        *folders, name = self._ordered[position].split("/")[-depth:]
        return "/".join((*folders, form.of_image(name)))


class Nearest:
    """Finds names that look alike, for a report of what was not found.

    Only what is alike at the beginning or at the end is compared, and only for the first 500 names asked:
    nobody reads more, and a million would take hours.
    """

    def __init__(self, ordered: list[str]) -> None:
        """Take the paths in their order."""
        self._ordered = ordered
        self._left = NEAREST_NAMES

    def find(self, path: str) -> tuple[str, ...]:
        """Return at most 3 paths whose stem looks most like a path's."""
        if self._left <= 0:
            return ()
        self._left -= 1
        wanted = stem_key(posixpath.basename(path))
        pool: dict[str, list[str]] = {}
        for position in sorted(set(self._around(wanted))):
            pool.setdefault(self._stem_at(position), []).append(self._ordered[position])
        close = get_close_matches(wanted, pool, n=NEAREST, cutoff=NEAREST_CUTOFF)
        return tuple(path for stem in close for path in pool[stem])[:NEAREST]

    def _around(self, wanted: str) -> Iterator[int]:
        for order, key in self._orders:
            middle = bisect_left(order, key(wanted), key=lambda position: key(self._stem_at(position)))
            yield from order[max(0, middle - NEAREST_POOL) : middle + NEAREST_POOL]

    def _stem_at(self, position: int) -> str:
        return stem_key(posixpath.basename(self._ordered[position]))

    @cached_property
    def _orders(self) -> list[tuple[Sequence[int], Callable[[str], str]]]:
        """The positions in the order of their stems, read forwards and backwards."""
        stems = [self._stem_at(position) for position in range(len(self._ordered))]
        forwards = array("i", sorted(range(len(stems)), key=stems.__getitem__))
        stems = [stem[::-1] for stem in stems]
        backwards = array("i", sorted(range(len(stems)), key=stems.__getitem__))
        return [(forwards, str), (backwards, _backwards)]


def _backwards(text: str) -> str:
    return text[::-1]


def key_of(form: Form, depth: int, path: str) -> str:
    """Return what an image is found by: the key of its base name, behind ``depth`` - 1 folders."""
    if form is WHOLE:
        return folded(path)
    if depth == 1:
        return form.key(form.of_image(path[path.rfind("/") + 1 :]))
    *folders, name = path.rsplit("/", depth)[-depth:]
    key = form.key(form.of_image(name))
    return f"{folded('/'.join(folders))}/{key}" if folders else key
