"""Pictures in arrays, as small data sets for learning are passed around.

::

    train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz    MNIST: IDX, plain or packed
    data_batch_1.bin; data_batch_1                            CIFAR-10 and -100: binary; Python's pickles
    mnist.npz: x_train, y_train, x_test, y_test               NumPy: pictures and labels, told by their names
    images.npy, labels.npy

What is read is a file, with the one of its labels beside it, or a folder of such. The pictures become PNG
files first (`convert`); read here are their labels, which name those files.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from labelprep.errors import SourceError, UsageError
from labelprep.formats.array_kinds import LIKELY, MODEST, looked_at
from labelprep.formats.array_pairs import Pairs
from labelprep.formats.base import Keeps, ReadContext, Reading, Sniffed
from labelprep.formats.label_files import walk
from labelprep.formats.picture_arrays import NO_NAMES
from labelprep.model.annotation import Annotation, Kind, Record
from labelprep.model.issues import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelprep.formats.base import Item
    from labelprep.formats.picture_arrays import PictureSet

COARSE: Final = "cifar:coarse"
SNIFFED_FILES: Final = 40


class ArrayFiles:
    """Read the labels of pictures in arrays."""

    name: ClassVar[str] = "arrays"
    keeps: ClassVar[frozenset[Keeps]] = frozenset({Keeps.CLASS, Keeps.CLASSES, Keeps.SPLIT, Keeps.ATTRIBUTES})

    def sniff(self, source: Path) -> Sniffed:
        """Look at the first bytes and the name of a file, or of the first few in a folder."""
        if source.is_dir():
            files = [Path(path) for path, _ in islice(walk(str(source), ""), SNIFFED_FILES)]
            found = next((file.name for file in files if looked_at(file).confidence >= LIKELY), None)
            return (
                Sniffed(MODEST, f"{found} is an array")
                if found
                else Sniffed(0.0, "there are no arrays in it")
            )
        return looked_at(source)

    def read(self, source: Path, context: ReadContext) -> Reading:
        """Open the labels of a file or folder: one item a picture, in order.

        ``class_ids`` are the numbers of the classes.

        Raises: SourceError where a file is damaged or has no labels; UsageError where its pictures are no
        images of the manifest.
        """
        issues: list[Issue] = []
        sets = picture_sets(source, issues)
        if not any(context.is_image(one.image(0)) for one in sets):
            raise UsageError(
                "its pictures are inside the array, and the manifest has no files of them",
                where=str(source),
                fix=f"write them as PNG with their labels: labelprep convert {source.name} OUT --to folders",
            )
        ids = {name: number for one in sets for name, number in one.labels.numbers.items()}
        facts = {"pictures": sum(one.pictures.count for one in sets), "arrays": len(sets)}
        return Reading(facts, _items(sets, source), issues, ids)


def picture_sets(source: Path, issues: list[Issue]) -> list[PictureSet]:
    """Return the pictures of a file or folder with their labels, in the order of names.

    Raises: SourceError where a file is damaged, pictures have no labels, or labels no pictures.
    """
    if not source.exists():
        raise SourceError("there is no such file or folder", where=str(source), fix="check the path")
    pairs = Pairs(source, issues)
    sets = pairs.sets()
    if all(name.isdigit() for one in sets for name in one.labels.numbers):
        fix = "give them names afterwards: labelprep classes"
        issues.append(Issue(NO_NAMES, Severity.NOTE, source.name, "its classes have numbers, no names", fix))
    return sets


def _items(sets: list[PictureSet], source: Path) -> Iterator[Item]:
    for one in sets:
        # A file says its own name already.
        place = (
            one.labels.place.removeprefix(source.name).removeprefix(":")
            if source.is_file()
            else one.labels.place
        )
        for number, names in enumerate(one.labels.rows):
            locator = f"{place}[{number}]"
            attributes = {COARSE: one.labels.coarse[number]} if one.labels.coarse else {}
            classes = tuple(Annotation(Kind.CLASS, name, None, attributes, locator) for name in names)
            yield Record(one.image(number), locator, classes, split=one.split)
