"""The ladder itself: the rules in their order, and what decides."""

from __future__ import annotations

import posixpath
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from labelprep.matching.indexes import BUCKET, Nearest, Paths
from labelprep.matching.rules import FORMS, SPELLING, STEM, WHOLE, Rule, folded, nfc
from labelprep.matching.written import leads_out, places, readings, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labelprep.matching.written import Placed

LAST_CERTAIN = 3
CANDIDATES = 5


class Why(IntEnum):
    """Why a name means no image."""

    MISSING = 1
    AMBIGUOUS = 2
    OUTSIDE = 3
    EMPTY = 4
    CONTENT = 5
    EMBEDDED = 6


@dataclass(frozen=True, slots=True)
class Match:
    """A name that means exactly one image."""

    image_id: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A name that means none, or several: ``candidates`` are the paths it could have meant, 5 at most."""

    why: Why
    candidates: tuple[str, ...] = ()


class Matcher:
    """Finds images by what sources call them. Indexes are made when a rule is first needed."""

    def __init__(
        self, images: Iterable[tuple[int, str]], *, root_names: Sequence[str] = (), strict: bool = False
    ) -> None:
        """Take the images as (id, path); ``root_names`` are the parts of the root's path, last one first.

        ``strict`` stops after the rules that are certain.
        """
        ordered = sorted(images, key=itemgetter(1, 0))
        self._ids = [identifier for identifier, _ in ordered]
        self._paths = [path for _, path in ordered]
        self._by_path = dict(zip(self._paths, self._ids, strict=True))
        # Two names that are no UTF-8 can be shown alike.
        self._twins = (
            frozenset(one for one, other in pairwise(self._paths) if one == other)
            if len(self._by_path) < len(self._paths)
            else frozenset()
        )
        self._root_names = [folded(name) for name in root_names if name.strip("/\\")]
        self._strict = strict
        self._indexed = Paths(self._paths)
        self._nearest = Nearest(self._paths)

    def find(self, name: str, *, beside: str | None = None) -> Match | NoMatch:
        """Return the one image a name means.

        ``beside`` is the folder of the label file where names are relative to it (below the root, POSIX,
        ``""`` for the root itself): that folder is looked into first, and ``../`` may lead out of it.
        """
        for path in (f"{beside}/{name}", name) if beside else (name,):
            identifier = self._by_path.get(path)
            if identifier is not None:
                return Match(identifier, Rule.PATH) if path not in self._twins else _several([path, path])
        below = places(name, beside, self._literal)
        if not below:
            return NoMatch(Why.EMPTY)
        found = self._certain(below)
        if found is None and not self._strict:
            # Without a label file to start from, `../` leads out of the root: nothing there is guessed at.
            found = self._inferred(
                [one for one in below if beside is not None or not leads_out(one.below[0])]
            )
        if found is not None:
            return found
        return NoMatch(Why.OUTSIDE if any(map(self._outside, below)) else Why.MISSING)

    def is_path(self, name: str, *, beside: str | None = None) -> bool:
        """Tell whether a name is the exact path of an image: rule 1, by a look into a table."""
        return name in self._by_path or (bool(beside) and f"{beside}/{name}" in self._by_path)

    def may_mean(self, text: str) -> bool:
        """Tell whether a text names an image, or several, by the coarsest rule that compares names.

        Stems come first, since names that have them are looked up by them later; the other rules are left
        out: each would make an index of all images, only to say no.
        """
        names = [posixpath.basename(one.path) for one in readings(text, frozenset())]
        return any(self._indexed.deepest(form, [name])[0] for form in (STEM, SPELLING) for name in names)

    def find_content(self, sha256: bytes, contents: Mapping[bytes, Sequence[int]]) -> Match | NoMatch:
        """Return the one image with this content; ``contents`` lists image ids by sha256."""
        found = () if self._strict else contents.get(sha256, ())
        if not found:
            return NoMatch(Why.MISSING)
        if len(found) == 1:
            return Match(found[0], Rule.CONTENT)
        return _several(sorted(self._path_of[identifier] for identifier in found))

    def nearest(self, name: str) -> tuple[str, ...]:
        """Return at most 3 paths whose stem looks most like a name's, for the first 500 names asked."""
        read = readings(name, self._literal)
        return self._nearest.find(read[0].path) if read else ()

    def _certain(self, below: Sequence[Placed]) -> Match | NoMatch | None:
        """Try the rules 2 and 3 on each reading, then on what is left of them past the root's own name."""
        foreign = [path for one in below for path in self._past_root(one)] if self._root_names else []
        for rule, look in ((Rule.CLEANED, self._exactly), (Rule.FOLDED, self._folded)):
            for one in below:
                for path in one.below:
                    if found := look(path):
                        return self._decided(rule, found)
            if foreign and (found := sorted({position for path in foreign for position in look(path)})):
                return self._decided(rule, found)
        return None

    def _inferred(self, below: Sequence[Placed]) -> Match | NoMatch | None:
        """Try the rules from 4 on."""
        split = [trimmed(one.below[0]).split("/") for one in below]
        for form in FORMS:
            best: Sequence[int] = ()
            most = 0
            for parts in split:
                found, depth = self._indexed.deepest(form, parts)
                if found and depth > most:
                    best, most = self._indexed.exact_first(form, found, parts, depth), depth
            if best:
                return self._decided(Rule.SUFFIX if form.rule is Rule.NAME and most > 1 else form.rule, best)
        return None

    def _decided(self, rule: Rule, found: Sequence[int]) -> Match | NoMatch:
        if len(found) == 1:
            return Match(self._ids[found[0]], rule)
        return _several([self._paths[position] for position in found])

    def _outside(self, one: Placed) -> bool:
        """Tell whether a name states a place outside the root: past the root's own name it lies inside."""
        return (one.absolute or all(map(leads_out, one.below))) and not any(self._past_root(one))

    def _past_root(self, one: Placed) -> Iterator[str]:
        """Yield what is left of a path behind the root's own name.

        In an absolute path that is any folder of this name; in others it and the folders before it, up to
        where the path begins, must be the root's.
        """
        for path in one.below if self._root_names else ():
            if "/" not in path or self._root_names[0] not in folded(path):
                continue
            parts = path.split("/")
            up = sum(part == ".." for part in parts)
            for end in range(up, len(parts) - 1):
                if folded(parts[end]) != self._root_names[0]:
                    continue
                upwards = [folded(part) for part in parts[end : up - 1 if up else None : -1]]
                same = upwards == self._root_names[: len(upwards)] and up in {0, len(upwards)}
                if one.absolute or same:
                    yield "/".join(parts[end + 1 :])

    def _exactly(self, path: str) -> Sequence[int]:
        if path not in self._by_path:
            return ()
        first = bisect_left(self._paths, path)
        return range(first, bisect_right(self._paths, path, first))

    def _folded(self, path: str) -> Sequence[int]:
        """Return the paths that differ in case or Unicode form; of several, those that do not in case."""
        if "/" not in path and not self._any_at_top:
            return ()
        found = self._indexed.look(WHOLE, 1, (folded(path),))
        if not 1 < len(found) <= BUCKET:
            return found
        same = nfc(path)
        return [position for position in found if nfc(self._paths[position]) == same] or found

    @cached_property
    def _literal(self) -> frozenset[str]:
        r"""Which of ``\`` and ``%`` stand in paths: only then a name is first read with them as they are."""
        return frozenset(mark for mark in "\\%" if any(mark in path for path in self._paths))

    @cached_property
    def _any_at_top(self) -> bool:
        """Whether an image lies in no folder: where none does, a bare name is nobody's whole path."""
        return any("/" not in path for path in self._paths)

    @cached_property
    def _path_of(self) -> dict[int, str]:
        return dict(zip(self._ids, self._paths, strict=True))


def _several(paths: Sequence[str]) -> NoMatch:
    return NoMatch(Why.AMBIGUOUS, tuple(paths[:CANDIDATES]))
