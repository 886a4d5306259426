"""Grey pictures in a set of colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelprep.checks.base import Check, CheckContext, Finding
from labelprep.checks.typical import channels_share, pictures
from labelprep.model.issues import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST = 0.9


def _find(context: CheckContext) -> Iterator[Finding]:
    share = channels_share(context.connection, 3)
    if not MOST <= share < 1:
        return
    for identifier, path in pictures(context.connection, "", "channels = ?", 1):
        yield Finding(
            path, f"grey; {share:.0%} of the images are in colour".replace("%", " %"), image_id=identifier
        )


CHECK = Check(
    code="LP119",
    name="grey-among-colour",
    severity=Severity.NOTE,
    title="grey pictures among colour ones",
    why="Where the odd ones are of one class, a network learns the colour in place of what is shown.",
    fix="nothing has to be done where all classes have some; else make all of them alike",
    example="cat/0001.jpg: grey; 99 % of the images are in colour",
    find=_find,
)
