"""``import --compare-embedded``: whether pictures inside LabelMe files show what their images show."""

from __future__ import annotations

import binascii
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelprep.errors import UsageError, shown
from labelprep.formats import embedded_pictures
from labelprep.formats.base import ReadContext, Rejected
from labelprep.formats.labelme import LabelMe
from labelprep.formats.labelme_files import PICTURE
from labelprep.manifest.paths import on_disk
from labelprep.matching import Match
from labelprep.model.issues import Issue, Severity
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.workflows.finding import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelprep.manifest.store import Store
    from labelprep.progress import Progress
    from labelprep.workflows.import_report import ImportOptions

_FIX = "find out which of the two was labelled: the image that is named is used"


def check_comparable(name: str) -> None:
    """Refuse formats whose files hold no pictures.

    Raises: UsageError.
    """
    if name != LabelMe.name:
        raise UsageError(
            f"{name} files hold no pictures",
            where="--compare-embedded",
            fix="leave it out, or --from labelme",
        )


def differences(store: Store, source: Path, options: ImportOptions, progress: Progress) -> Iterator[Issue]:
    """Yield an issue for each label file whose picture has other pixels than the image that it means.

    Equal bytes are equal pictures; others are decoded in workers, which a hostile picture may crash without
    harm, and their upright pixels compared. In the order of the label files.
    """
    with store.telling(), tempfile.TemporaryDirectory(prefix="labelprep-") as folder, LocalEngine() as engine:
        finder = Finder(store, strict=options.strict)
        context = ReadContext(store.root, finder.is_image, (), options.for_reading())
        pairs = _Pairs(Path(folder))

        def batches() -> Iterator[Batch]:
            """Give the workers each pair of pictures whose bytes differ."""
            for file, item, picture in LabelMe().pictures(source, context):
                bar.advance()
                if isinstance(item, Rejected) or picture is None:
                    continue
                found = finder.find(item)
                if not isinstance(found, Match):
                    continue
                query = "SELECT path, path_bytes FROM image WHERE id = ?"
                path, raw = store.connection.execute(query, (found.image_id,)).fetchone()
                if (
                    batch := pairs.batch(file.name, picture, store.root / on_disk(path, raw), path)
                ) is not None:
                    yield batch

        with progress.track("comparing pictures", None) as bar:
            for done in engine.run(batches(), Work("unlike", {})):
                pairs.take(done.number, done.results[0].value)
    for number in sorted(pairs.found):
        yield pairs.found[number]


@dataclass(slots=True)
class _Pairs:
    """Pictures on their way to the workers, and what was found: an issue by the number of its label file."""

    folder: Path
    found: dict[int, Issue] = field(default_factory=dict)
    _names: list[tuple[str, str]] = field(default_factory=list)

    def batch(self, label_file: str, picture: memoryview, file: Path, name: str) -> Batch | None:
        """Return a picture inside a label file and its image as work, nothing where they have equal bytes."""
        number = len(self._names)
        self._names.append((label_file, name))
        try:
            inside, outside = b"".join(embedded_pictures.parts_of(picture)), file.read_bytes()
        except (binascii.Error, OSError) as error:
            self._tell(number, f"the picture in imageData cannot be compared with {shown(name)}: {error}")
            return None
        if inside == outside:
            return None
        copy = self._copy(number)
        copy.write_bytes(inside)
        return Batch(number, [[str(copy), str(file)]])

    def take(self, number: int, value: dict[str, Any]) -> None:
        """Take what a worker says of a pair."""
        self._copy(number).unlink(missing_ok=True)
        name = shown(self._names[number][1])
        if value.get("sizes") is None:
            problem = (
                f"the picture in imageData cannot be compared with {name}: one of them cannot be decoded"
            )
            self._tell(number, problem)
            return
        one, other = value["sizes"]
        if one != other:
            self._tell(number, f"the picture in imageData is {_size(one)} pixels, {name} is {_size(other)}")
        elif value["mean"]:
            problem = (
                f"the picture in imageData differs from {name} by {value['mean']:.1f} of 255 in the mean"
            )
            self._tell(number, problem)

    def _copy(self, number: int) -> Path:
        return self.folder / str(number)

    def _tell(self, number: int, problem: str) -> None:
        self.found[number] = Issue(PICTURE, Severity.WARNING, self._names[number][0], problem, _FIX)


def _size(size_wh: Sequence[int]) -> str:
    return f"{size_wh[0]} × {size_wh[1]}"
