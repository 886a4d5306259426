"""`template` and `export`: sheets of the images to fill in or to edit, and to import again."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelprep.errors import SourceError, UsageError
from labelprep.formats.base import OF_CLASSES, says_more
from labelprep.formats.cells import cell_of
from labelprep.manifest import classes
from labelprep.model.images import TRAINABLE
from labelprep.model.ranks import Rank
from labelprep.pixels.engine import Batch, LocalEngine, Work
from labelprep.progress import Progress, Silent
from labelprep.workflows.exporting import check_loss, most_first
from labelprep.workflows.reading import located
from labelprep.workflows.sheet_writing import THUMBNAIL_PX, Mark, Sheet, checked_target, write_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labelprep.manifest.store import Store

BATCH = 64
MOST_PICTURES = 20_000
PRESENT = "status NOT IN ('missing', 'excluded')"
SAID = f"""
    FROM annotation
    JOIN statement ON statement.id = statement_id AND removed_by IS NULL
    JOIN source ON source.id = source_id AND rank > ?
    JOIN image ON image.id = image_id AND {PRESENT}
    WHERE true
"""


@dataclass(frozen=True, slots=True)
class SheetReport:
    """A sheet that was written: where, for how many images, with how many classes to choose from.

    ``lost`` counts by kind the shapes, and attributes and confidences of labels, that it does not hold; they
    stay in the manifest.
    """

    sheet: Path
    images: int
    labelled: int
    classes: int
    lost: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the report under its contract names."""
        return {
            "sheet": str(self.sheet),
            "images": self.images,
            "labelled": self.labelled,
            "classes": self.classes,
            "lost": [{"kind": kind, "n": number} for kind, number in self.lost.items()],
        }


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """Which images a template lists (all, or those without a label), with pictures, over an existing file."""

    unlabeled: bool = False
    thumbnails: bool = False
    overwrite: bool = False


def write_template(
    store: Store, target: Path, options: TemplateOptions | None = None, progress: Progress | None = None
) -> SheetReport:
    """Write a sheet with a row an image and an empty label cell.

    Raises: UsageError where the target is no sheet, exists, or cannot hold pictures; SourceError where it
    cannot be written or there is no image for it.
    """
    settings = options or TemplateOptions()
    checked_target(target, overwrite=settings.overwrite)
    condition = f"{PRESENT} AND labels = '[]'" if settings.unlabeled else PRESENT
    images = _count(store, condition)
    if not images:
        problem = "every image has a label" if settings.unlabeled else "there are no images"
        raise SourceError(problem, where=str(store.path), fix="there is nothing to fill in")
    header: tuple[str, ...] = ("file", "label")
    pictures = None
    if settings.thumbnails:
        _check_pictures(target, images)
        header = ("file", "label", "picture")
        pictures = _Pictures(store, condition, progress or Silent())
    sheet = Sheet(
        header=header,
        rows=lambda: ((path, *("" for _ in header[1:])) for path in _paths(store, condition)),
        mark=_mark(store, "template"),
        classes=_names(store),
        pictures=pictures,
    )
    number = write_sheet(target, sheet)
    return SheetReport(target, number, 0, len(sheet.classes))


def write_export(
    store: Store, target: Path, *, overwrite: bool = False, allow_loss: bool = False
) -> SheetReport:
    """Write a sheet of all images with the labels, splits and groups of today.

    Raises: as `write_template`; UsageError where shapes would be lost and that was not allowed.
    """
    checked_target(target, overwrite=overwrite)
    if not _count(store, PRESENT):
        raise SourceError("there are no images", where=str(store.path), fix="there is nothing to export")
    lost = most_first(_shapes(store) + _of_labels(store))
    check_loss(target.suffix.lower().removeprefix("."), target, lost, allowed=allow_loss)
    has_groups = _count(store, f"{PRESENT} AND group_key IS NOT NULL") > 0
    header = ("file", "label", "split", *(("group",) if has_groups else ()))
    sheet = Sheet(
        header=header,
        rows=lambda: _today(store, len(header)),
        mark=_mark(store, "export"),
        classes=_names(store),
    )
    number = write_sheet(target, sheet)
    labelled = _count(store, f"{PRESENT} AND labels <> '[]'")
    return SheetReport(target, number, labelled, len(sheet.classes), lost)


def _shapes(store: Store) -> Counter[str]:
    """Return how many shapes of each kind people and sources have given the images of a sheet."""
    rows = store.connection.execute(
        f"SELECT annotation.kind, count(*) {SAID} AND annotation.kind <> 'class' GROUP BY 1",
        (int(Rank.MODEL),),
    )
    return Counter(dict(rows.fetchall()))


def _of_labels(store: Store) -> Counter[str]:
    """Return how many labels of whole images have attributes, and how many a confidence."""
    rows = store.connection.execute(
        f"""
        SELECT annotation.attributes, iif(rank < {int(Rank.PERSON)}, annotation.confidence, NULL)
        {SAID} AND annotation.kind = 'class'
        AND (annotation.attributes IS NOT NULL OR annotation.confidence IS NOT NULL)
        """,
        (int(Rank.MODEL),),
    )
    lost: Counter[str] = Counter()
    for attributes, confidence in rows:
        lost[OF_CLASSES] += says_more(json.loads(attributes or "{}"))
        lost["confidence"] += confidence is not None
    return +lost


def _count(store: Store, condition: str) -> int:
    query = f"SELECT count(*) FROM image WHERE {condition}"  # noqa: S608 - constants
    return int(store.connection.execute(query).fetchone()[0])


def _paths(store: Store, condition: str) -> Iterator[str]:
    query = f"SELECT path FROM image WHERE {condition} ORDER BY path, path_bytes"  # noqa: S608 - constants
    for (path,) in store.connection.execute(query):
        yield path


def _today(store: Store, columns: int) -> Iterator[Sequence[str]]:
    query = f"""
        SELECT path, labels, split, group_key FROM image WHERE {PRESENT} ORDER BY path, path_bytes
    """  # noqa: S608 - constants
    for path, labels, split, group in store.connection.execute(query):
        yield (path, cell_of(json.loads(labels)), split or "", group or "")[:columns]


def _mark(store: Store, kind: str) -> Mark:
    newest = store.connection.execute("SELECT ifnull(max(number), 0) FROM command").fetchone()[0]
    return Mark(kind, str(store.meta("id")), int(newest))


def _names(store: Store) -> tuple[str, ...]:
    known = classes.listed(store.connection)
    return tuple(item.name for item in known if item.merged_into is None and not item.retired)


def _check_pictures(target: Path, images: int) -> None:
    if target.suffix.lower() != ".xlsx":
        raise UsageError("only a workbook holds pictures", where="--thumbnails", fix="name the sheet .xlsx")
    if images > MOST_PICTURES:
        raise UsageError(
            f"{images:,} pictures are too many for one workbook",
            where="--thumbnails",
            fix=f"leave --thumbnails out above {MOST_PICTURES:,} images",
        )


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Small pictures of the images, in the order of the rows; None for one that cannot be read."""

    store: Store
    condition: str
    progress: Progress

    def __call__(self) -> Iterator[bytes | None]:
        query = f"""
            SELECT path, path_bytes, status FROM image WHERE {self.condition} ORDER BY path, path_bytes
        """  # noqa: S608 - constants
        rows = self.store.connection.execute(query).fetchall()
        usable = [number for number, (_, _, status) in enumerate(rows) if status in TRAINABLE]
        batches = [usable[start : start + BATCH] for start in range(0, len(usable), BATCH)]
        root = self.store.root
        work = Work("pixels", {"height": THUMBNAIL_PX, "width": THUMBNAIL_PX, "channels": 3, "fit": "pad"})
        items = (
            Batch(number, [located(root, *rows[row][:2]) for row in batch])
            for number, batch in enumerate(batches)
        )
        found: dict[int, bytes] = {}
        with LocalEngine() as engine, self.progress.track("pictures", len(usable)) as bar:
            for answer in engine.run(items, work):
                for row, result in zip(batches[answer.number], answer.results, strict=True):
                    if result.payload:
                        found[row] = _jpeg(result.payload)
                bar.advance(len(answer.results))
        for number in range(len(rows)):
            yield found.get(number)


def _jpeg(pixels: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 - loads with the first picture

    file = io.BytesIO()
    Image.frombytes("RGB", (THUMBNAIL_PX, THUMBNAIL_PX), pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
