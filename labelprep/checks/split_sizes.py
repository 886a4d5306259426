"""Splits that are too small, or larger than what trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.manifest.images import splits_in_use
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    counts = splits_in_use(context.connection)
    if not counts:
        return
    train = counts.get("train", 0)
    if not train:
        yield Finding("train", "no image lies in it")
    for name in ("val", "test"):
        number = counts.get(name, 0)
        if 0 < number < context.limits.small_split:
            images = "1 image" if number == 1 else f"{number:,} images"
            said = f"{images} only: one more or less right is {100 / number:.0f} points"
            yield Finding(name, said, key="small")
        elif number > train > 0:
            yield Finding(name, f"{number:,} images, more than the {train:,} that train", key="large")
    waiting = context.connection.execute(
        "SELECT count(*) FROM image WHERE split IS NULL AND labels <> '[]' AND status IN ('ok', 'damaged')"
    ).fetchone()[0]
    if waiting:
        said = "1 labelled image has" if waiting == 1 else f"{waiting:,} labelled images have"
        yield Finding("splits", f"{said} no split: not trained on", fix="labelprep split", key="waiting")


CHECK = Check(
    code="LP405",
    name="split-size",
    severity=Severity.WARNING,
    title="splits of a doubtful size",
    why="A small test split judges by chance; a small training split learns little.",
    fix="labelprep split --train .8 --val .1 --test .1, where no split is given by folders or columns",
    example="test: 6 images only: one more or less right is 17 points",
    find=_find,
)
