"""`check --fix`: what can be mended in the manifest without guessing, each as one undoable command.

Class names that differ only in case, spaces or width become one, the most used. Classes that nothing is of
are retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.checks import unused_classes
from labelprep.checks.base import CheckContext
from labelprep.manifest import classes
from labelprep.model.classes import alike
from labelprep.workflows.editing import merge_classes, retire_class

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from labelprep.manifest.store import Store

ALIKE, UNUSED = "LP301", "LP306"
MENDED = (ALIKE, UNUSED)


@dataclass(frozen=True, slots=True)
class Mending:
    """One repair: the code it is for, what is done in words, and the command that does the same by hand."""

    code: str
    says: str
    by_hand: str


def mend(store: Store, codes: Collection[str], *, dry_run: bool = False) -> list[Mending]:
    """Mend what these codes find, as far as it is safe; return what was done, or would be."""
    done = []
    if ALIKE in codes:
        for names, target in _alike(store):
            if not dry_run:
                merge_classes(store, names, target)
            said = " and ".join(repr(name) for name in names)
            by_hand = " ".join(f'"{name}"' for name in (*names, target))
            done.append(Mending(ALIKE, f"{said} becomes {target!r}", f"labelprep classes merge {by_hand}"))
    if UNUSED in codes:
        for name in _unused(store):
            if not dry_run:
                retire_class(store, name)
            done.append(Mending(UNUSED, f"{name!r} is retired", f'labelprep classes retire "{name}"'))
    return done


def _alike(store: Store) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield names to merge and the name they get: the one most images have, the older among equals."""
    known = [
        item for item in classes.listed(store.connection) if item.merged_into is None and not item.retired
    ]
    counts = classes.class_counts(store.connection)
    age = {item.name: item.id for item in known}
    for group in alike(age):
        target = min(group, key=lambda name: (-counts.get(name, 0), age[name]))
        yield tuple(name for name in group if name != target), target


def _unused(store: Store) -> list[str]:
    context = CheckContext(store.connection)
    return [finding.where for finding in unused_classes.CHECK.find(context)]
