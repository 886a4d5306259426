"""`check --fix`: what can be mended in the manifest without guessing, all of it one undoable command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelprep.checks import CHECKS
from labelprep.checks.base import CheckContext
from labelprep.manifest import journal, resolving

if TYPE_CHECKING:
    from collections.abc import Collection

    from labelprep.manifest.store import Store

MENDED = frozenset(check.code for check in CHECKS if check.repairs is not None)


@dataclass(frozen=True, slots=True)
class Mending:
    """One repair: the code it is for, what is done in words, and the command that does the same by hand."""

    code: str
    says: str
    by_hand: str


def mend(store: Store, codes: Collection[str], *, dry_run: bool = False) -> list[Mending]:
    """Mend what these codes find, as far as it is safe; return what was done, or would be.

    A dry run does the same and takes it back, so that what it says is what will be done.
    """
    done: list[Mending] = []
    with store.writing() as connection:
        connection.execute("SAVEPOINT mending")
        command = journal.begin(connection, "check --fix", {"codes": sorted(MENDED.intersection(codes))})
        for check in CHECKS:
            if check.repairs is None or check.code not in codes:
                continue
            touched: set[int] = set()
            # A context of its own: what was mended before shows in what is found now.
            for repair in check.repairs(CheckContext(connection)):
                touched.update(repair.apply(connection, command))
                done.append(Mending(check.code, repair.says, repair.by_hand))
            resolving.refresh(connection, sorted(touched))
        if dry_run or not done:
            connection.execute("ROLLBACK TO mending")
        connection.execute("RELEASE mending")
    return done
