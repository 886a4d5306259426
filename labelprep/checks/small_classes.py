"""Classes with too few images to be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(context: CheckContext) -> Iterator[Finding]:
    few = context.limits.few_images
    for name, number in sorted(context.counts.items(), key=lambda item: (item[1], item[0])):
        if number < few:
            images = "1 image" if number == 1 else f"{number:,} images"
            yield Finding(name, f"{images} only; {few} are a beginning")


CHECK = Check(
    code="LP304",
    name="few-images",
    severity=Severity.WARNING,
    title="classes with few images",
    why="What a network says of them rests on chance, and with fewer than three a class cannot be in all of "
    "train, validation and test.",
    fix="add images of it, merge it into another class, or: labelprep classes retire CLASS",
    example="fox: 1 image only; 10 are a beginning",
    find=_find,
)
