"""Pictures and their labels, joined by what their arrays are called."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from labelprep.errors import SourceError, UsageError, shown
from labelprep.formats.array_kinds import LIKELY, NUMPY, looked_at
from labelprep.formats.array_names import said_by
from labelprep.formats.cifar_files import BINARY, PICKLED, binary_set, is_pickle, pickled_set
from labelprep.formats.idx_files import first_bytes, header_of, idx_labels, idx_pictures
from labelprep.formats.label_files import walk
from labelprep.formats.numpy_files import MAGIC, arrays_in
from labelprep.formats.picture_arrays import COLOUR, UNUSED, Labels, PictureSet, class_rows
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelprep.formats.array_names import Named
    from labelprep.formats.numpy_files import Array
    from labelprep.formats.picture_arrays import Pictures

CLASS_NAMES: Final = frozenset({"classes", "class_names", "label_names"})
PACKED: Final = ".gz"


@dataclass(frozen=True, slots=True)
class _Found:
    """One array, not yet read: what it is called and where, and what opens it as either of the two."""

    place: str
    where: str
    said: Named
    is_labels: bool
    pictures: Callable[[], Pictures]
    labels: Callable[[], Labels]


class Pairs:
    """The arrays of one source."""

    def __init__(self, source: Path, issues: list[Issue]) -> None:
        """Find them; what is odd becomes an issue."""
        self._source = source
        self._issues = issues
        self._names: dict[str, tuple[str, ...]] = {}

    def sets(self) -> list[PictureSet]:
        """Return pictures with their labels.

        Raises: SourceError where something is damaged, or one has not the other.
        """
        whole: list[PictureSet] = []
        groups: dict[str, list[_Found]] = defaultdict(list)
        for file in self._files():
            head = first_bytes(file)
            if file.suffix.lower() in NUMPY or head.startswith(MAGIC):
                group = str(file.parent) if head.startswith(MAGIC) else str(file)
                groups[group].extend(self._arrays(file))
            elif is_pickle(file, head):
                whole.append(pickled_set(file))
            elif file.suffix.lower() == BINARY:
                whole.append(binary_set(file))
            else:
                groups[str(file.parent)].append(self._idx(file))
        joined = [one for found in groups.values() for one in self._joined(found)]
        return self._checked([*whole, *joined])

    def _files(self) -> Iterator[Path]:
        """Yield the files to read: the one that is named first, what may belong to it after it."""
        if self._source.is_dir():
            paths = [Path(path) for path, _ in walk(str(self._source), "")]
            names = {str(path) for path in paths}
            for path in paths:
                if path.suffix.lower() == PACKED and str(path.with_suffix("")) in names:
                    continue
                if looked_at(path).confidence >= LIKELY and _is_batch(path):
                    yield path
            return
        yield self._source
        key = said_by(self._source.name).key
        if self._source.suffix.lower() in {".npz", BINARY} or is_pickle(
            self._source, first_bytes(self._source)
        ):
            return
        for path in sorted(self._source.parent.iterdir()):
            is_akin = path.suffix.lower() not in {".npz", BINARY} and said_by(path.name).key == key
            if is_akin and path != self._source and path.is_file() and self._may_belong(path):
                yield path

    def _may_belong(self, path: Path) -> bool:
        """Tell whether a file beside the one named can be its other half, by its name."""
        said, own = said_by(path.name), said_by(self._source.name)
        if said.is_labels == own.is_labels:
            return False
        is_twice = path.suffix.lower() == PACKED and path.with_suffix("").is_file()
        return not is_twice and looked_at(path).confidence > 0

    def _idx(self, file: Path) -> _Found:
        said = said_by(file.name)
        header = header_of(first_bytes(file))
        one_axis = header is not None and len(header.shape) == 1
        is_labels = said.is_labels if said.is_labels != said.is_pictures else one_axis

        def labels() -> Labels:
            return Labels(file.name, *class_rows(idx_labels(file, self._issues), (), str(file)))

        return _Found(file.name, str(file), said, is_labels, lambda: idx_pictures(file, self._issues), labels)

    def _arrays(self, file: Path) -> Iterator[_Found]:
        arrays = arrays_in(file)
        for array in arrays:
            if array.name in CLASS_NAMES and array.dtype.kind == "U" and len(array.shape) == 1:
                self._names[str(file)] = tuple(map(str, array.whole().tolist()))
        for array in arrays:
            if array.name not in CLASS_NAMES or array.dtype.kind != "U":
                yield self._array(array)

    def _array(self, array: Array) -> _Found:
        said = said_by(array.name)
        is_flat = len(array.shape) < COLOUR
        is_labels = said.is_labels if said.is_labels != said.is_pictures else is_flat
        where = str(array.source) + (f":{array.part}" if array.part else "")

        def labels() -> Labels:
            if array.dtype.kind == "U" and len(array.shape) == 1:
                return _named_rows(array)
            if array.dtype.kind not in "uib":
                raise SourceError(
                    f"{array.dtype.name} of shape {array.shape} are no classes",
                    where=where,
                    fix="store one integer for each picture, from 0",
                )
            names = self._names.get(str(array.source), ())
            return Labels(array.place, *class_rows(array.whole().astype(np.int64), names, where))

        return _Found(array.place, where, said, is_labels, array.pictures, labels)

    def _joined(self, found: list[_Found]) -> Iterator[PictureSet]:
        pictures = [one for one in found if not one.is_labels]
        labels = [one for one in found if one.is_labels]
        # What is named is looked into first: what is wrong with it says more than what is not beside it.
        for one in found[:1] if not self._source.is_dir() else ():
            _ = one.labels() if one.is_labels else one.pictures()
        if len(pictures) == len(labels) == 1:
            yield self._pair(pictures[0], labels[0])
            return
        for one in pictures:
            fitting = [other for other in labels if other.said.key == one.said.key]
            if len(fitting) != 1:
                raise _lacking(one, fitting)
            labels.remove(fitting[0])
            yield self._pair(one, fitting[0])
        if labels and not pictures:
            raise SourceError(
                "there are no pictures to these labels",
                where=labels[0].where,
                fix="put them beside it, under the same name with images instead of labels",
            )
        for one in labels:
            problem = "there are no pictures to these labels, and they were left out"
            self._issues.append(Issue(UNUSED, Severity.WARNING, one.place, problem, "compare the names"))

    def _pair(self, one: _Found, other: _Found) -> PictureSet:
        pictures, labels = one.pictures(), other.labels()
        if pictures.count != len(labels.rows):
            raise SourceError(
                f"{len(labels.rows):,} labels for {pictures.count:,} pictures ({one.place})",
                where=other.where,
                fix="copy or download both again: no picture can be joined to its label by order",
            )
        stem = one.said.stem or said_by(self._source.stem).stem or "picture"
        return PictureSet(stem, one.said.split, pictures, labels)

    def _checked(self, sets: list[PictureSet]) -> list[PictureSet]:
        """Return the sets in the order of their names.

        Raises: SourceError where there are none; UsageError where two would give files of the same names.
        """
        if not sets:
            raise SourceError(
                "there are no pictures in arrays",
                where=str(self._source),
                fix="name an IDX, CIFAR or NumPy file",
            )
        known: dict[str, PictureSet] = {}
        taken: set[str] = set()
        for one in sets:
            first = one.image(0)
            if first in known:
                raise UsageError(
                    f"{one.pictures.place} and {known[first].pictures.place} hold pictures of the same names",
                    where=str(self._source),
                    fix="name one of them",
                )
            known[first] = one
            if one.names:
                repeated = taken.intersection(
                    one.image(number).casefold() for number in range(len(one.names))
                )
                if repeated:
                    raise UsageError(
                        f"several of its files hold a picture {shown(min(repeated))}",
                        where=str(self._source),
                        fix="name one of them",
                    )
                taken.update(one.image(number).casefold() for number in range(len(one.names)))
        return [known[first] for first in sorted(known)]


def _is_batch(path: Path) -> bool:
    """Tell whether a pickle is one of pictures; others, such as batches.meta, are read with those."""
    return not is_pickle(path, first_bytes(path)) or PICKLED.fullmatch(path.stem) is not None


def _named_rows(array: Array) -> Labels:
    """Return labels that are texts: their numbers are their places in order."""
    texts = [str(text) for text in array.whole().tolist()]
    numbers = {name: number for number, name in enumerate(sorted({*texts}))}
    rows = {name: (name,) for name in numbers}
    return Labels(array.place, [rows[text] for text in texts], numbers)


def _lacking(one: _Found, fitting: Iterable[_Found]) -> SourceError:
    several = ", ".join(other.place for other in fitting)
    problem = (
        f"several arrays may be the labels of these pictures: {several}"
        if several
        else "there are no labels to these pictures"
    )
    fix = (
        "put them beside it, under the same name with labels instead of images (IDX: train-labels-idx1-ubyte)"
    )
    return SourceError(problem, where=one.where, fix="name one of them only" if several else fix)
