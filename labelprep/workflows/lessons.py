"""`lesson`: what one training step does, in figures from a person's own pictures and network."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from labelprep.errors import TrainingError, UsageError
from labelprep.manifest import classes
from labelprep.manifest.places import find
from labelprep.manifest.store import Store, open_store
from labelprep.ml.options import TrainingOptions
from labelprep.ml.recipes import PictureFacts, Recipe, resolve
from labelprep.model.ranks import Rank
from labelprep.workflows.feeding import Feeder, FeedPlan
from labelprep.workflows.preparing import is_manifest
from labelprep.workflows.reporting import check_target
from labelprep.workflows.scanning import existing_for, readable_folder
from labelprep.workflows.selecting import Picture, usable
from labelprep.workflows.showing import explain
from labelprep.workflows.thumbnails import thumbnails
from labelprep.workflows.training import TrainRequest, array_shape, open_target

if TYPE_CHECKING:
    from labelprep.ml.lesson_values import Lesson
    from labelprep.progress import Progress

LARGEST_SIDE_PX: Final = 64
MOST_BATCH: Final = 32
LEAST_STEPS: Final = 4
MOST_STEPS: Final = 40
EPOCHS: Final = 5
# What an epoch of the lesson may hold at most, so that larger pictures take no longer: 40 batches at 64 px.
MOST_PIXELS: Final = MOST_STEPS * MOST_BATCH * LARGEST_SIDE_PX**2
MOST_VAL: Final = 320
THUMBNAIL_PX: Final = 240


@dataclass(frozen=True, slots=True)
class LessonRequest:
    """What to learn on: a manifest, a folder, or None for the manifest of the working folder; and how.

    ``page`` is the page that is going to be written, ``overwrite`` allows to write over it.
    """

    target: Path | None = None
    manifest: Path | None = None
    options: TrainingOptions = field(default_factory=lambda: TrainingOptions(model="simple"))
    page: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the label of one picture comes from: the statement that decides, and how many it overrules.

    ``place`` is what the source says it with: a folder, a cell, a file. ``split`` may be None.
    """

    image_id: int
    path: str
    label: str
    split: str | None
    rank: str
    source: str
    place: str
    agreeing: int
    overruled: int

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "image_id"}


@dataclass(frozen=True, eq=False, slots=True)
class Taught:
    """A lesson with where it comes from: the manifest, the origin of each label shown, the pictures used.

    ``available`` are the pictures that could train, of which the lesson takes some; ``thumbnails`` are the
    originals as small JPEG by image, where a page is written.
    """

    manifest: Path
    name: str
    lesson: Lesson
    origins: tuple[Origin, ...]
    available: int
    thumbnails: dict[int, bytes] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return all figures under their names; what is no number any more is null."""
        figures = {
            item: getattr(self.lesson, item)
            for item in self.lesson.__slots__
            if item not in {"pictures", "maps", "map_numbers"}
        }
        return {
            "manifest": str(self.manifest),
            "images_available": self.available,
            "origins": [origin.as_json() for origin in self.origins],
            **{item: _plain(value) for item, value in figures.items()},
        }


def teach(request: LessonRequest, progress: Progress) -> Taught:
    """Take one step and a few short epochs on a person's pictures, and return the figures.

    A folder without a manifest is scanned first, as `train` does it; nothing else is written but caches.

    Raises: UsageError for options that cannot be; SourceError, ManifestError, PixelsError for data that
    cannot be read; TrainingError where nothing can be learned.
    """
    with _opened(request, progress) as store:
        if request.page is not None:
            check_target(request.page, overwrite=request.overwrite, root=store.root)
        pictures = usable(store)
        train = _learnable(store, pictures)
        names = _class_names(store, train)
        val = [item for item in pictures if item.split == "val" and item.label in names]
        recipe = _recipe(request.options, pictures, len(train), len(names))
        taken = _some(train, _most_images(recipe), recipe.seed)
        judged = _some(val, MOST_VAL, recipe.seed)
        feeder = Feeder(store, [*taken, *judged], FeedPlan(array_shape(recipe)), progress)
        numbers = {name: number for number, name in enumerate(names)}
        samples, val_samples = (
            feeder.samples(part, np.array([numbers[item.label] for item in part], np.int32))
            for part in (taken, judged)
        )
        with progress.track("loading TensorFlow", None):
            from labelprep.ml.lesson import make_lesson  # noqa: PLC0415 - loads TensorFlow

        lesson = make_lesson(recipe, names, samples, val_samples, progress)
        by_path = {item.path: item for item in taken}
        origins = tuple(_origin(store, by_path[answer.path]) for answer in lesson.answers)
        shown = [item.image_id for item in origins] if request.page is not None else []
        small = thumbnails(store, shown, THUMBNAIL_PX, progress) if shown else {}
        return Taught(store.path, store.root.name, lesson, origins, len(train), small)


def _opened(request: LessonRequest, progress: Progress) -> Store:
    """Open the manifest that is meant; a folder that has none is scanned.

    Raises: UsageError where the target is a file, but no manifest.
    """
    target = request.target
    if target is None:
        return open_store(request.manifest or find(Path.cwd()))
    if target.is_file():
        if not is_manifest(target):
            raise UsageError(
                "this is no manifest",
                where=str(target),
                fix=f"import it first: labelprep import {target}; then: labelprep lesson",
            )
        return open_store(target)
    root = readable_folder(target)
    place = request.manifest or existing_for(root)
    if place is not None and place.is_file():
        store = open_store(place)
        if root == store.root or store.root in root.parents:
            return store
        store.close()
    return open_target(TrainRequest(target, request.manifest), progress)


def _learnable(store: Store, pictures: list[Picture]) -> list[Picture]:
    """Return the training pictures; where there is no split, all that have a label.

    Raises: TrainingError where there are none, or all are of one class.
    """
    train = [item for item in pictures if item.split == "train"] or [
        item for item in pictures if item.split is None
    ]
    if not train:
        raise TrainingError(
            "no readable image with a label may be learned from",
            where=str(store.path),
            fix="put the images into a folder a class and scan again; `labelprep show` tells what there is",
        )
    if len({item.label for item in train}) == 1:
        raise TrainingError(
            f"all {len(train):,} images are of one class, {train[0].label!r}",
            where=str(store.path),
            fix="a network learns to tell classes apart: add images of another class",
        )
    return train


def _class_names(store: Store, train: list[Picture]) -> list[str]:
    """Return the classes that can be learned, in the order of the manifest."""
    names = {item.label for item in train}
    return [item.name for item in classes.listed(store.connection) if item.name in names]


def _recipe(asked: TrainingOptions, pictures: list[Picture], images: int, number: int) -> Recipe:
    """Return the recipe of a lesson: plain gradient descent, with nothing that would hide the step."""
    facts = PictureFacts(
        median_side_px=sorted(item.short_side_px for item in pictures)[(len(pictures) - 1) // 2],
        grey=all(item.channels == 1 for item in pictures),
        images=images,
        classes=number,
    )
    size_px = asked.size_px if asked.size_px is not None else min(facts.median_side_px, LARGEST_SIDE_PX)
    batch = asked.batch_size or max(min(MOST_BATCH, images // LEAST_STEPS), 2)
    plain = replace(
        asked,
        size_px=size_px,
        batch_size=min(batch, images),
        epochs=EPOCHS,
        optimizer="sgd",
        schedule="constant",
        augment="none",
        loss="cross-entropy",
        weight_decay=0.0,
        precision="float32",
    )
    return resolve(plain, facts)


def _most_images(recipe: Recipe) -> int:
    """Return how many pictures an epoch of the lesson may hold."""
    by_steps = MOST_STEPS * recipe.batch_size
    by_pixels = MOST_PIXELS // recipe.size_px**2
    return max(min(by_steps, by_pixels), LEAST_STEPS * recipe.batch_size)


def _some(pictures: list[Picture], most: int, seed: int) -> list[Picture]:
    """Return at most so many pictures, drawn with the seed, in path order."""
    if len(pictures) <= most:
        return pictures
    drawn = np.random.default_rng(seed).permutation(len(pictures))[:most]
    return [pictures[place] for place in sorted(drawn.tolist())]


def _origin(store: Store, picture: Picture) -> Origin:
    """Return which statement gives a picture its label."""
    found = explain(store, picture.path)
    living = [said for said in found.said if said.removed_by is None and said.rank != Rank.MODEL]
    deciding = [said for said in living if said.classes] or [said for said in living if said.shapes]
    first = deciding[0]
    same = [said for said in deciding if said.rank == first.rank]
    lower = [said for said in deciding if said.rank < first.rank and set(said.classes) != set(first.classes)]
    locator = first.locator.removeprefix("folder ") if first.rank == Rank.FOLDER else first.locator
    place = locator if first.location in {".", first.locator} else f"{first.location}:{locator}"
    return Origin(
        image_id=picture.image_id,
        path=picture.path,
        label=picture.label,
        split=found.split,
        rank=Rank(first.rank).name.lower(),
        source=first.source,
        place=place,
        agreeing=len(same),
        overruled=len(lower),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - figures of any depth
    """Return a figure as JSON values."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return _plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else value
