"""How many images of each class each part gets: whole numbers, as near to the shares as these can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelprep.errors import UsageError
from labelprep.model.images import SPLITS

if TYPE_CHECKING:
    import numpy.typing as npt

    from labelprep.splits.members import Ints

TOLERANCE = 1e-9
DEFAULT_SHARES = (0.8, 0.1, 0.1)


def checked_shares(
    train: float | None = None, val: float | None = None, test: float | None = None
) -> dict[str, float]:
    """Return the shares by split; what is left out is 0 where the others add up to 1, else its default.

    Raises: UsageError where one is negative, train is zero, or they do not add up to 1.
    """
    given = (train, val, test)
    is_whole = abs(sum(share for share in given if share is not None) - 1) <= TOLERANCE
    rest = (0.0, 0.0, 0.0) if is_whole else DEFAULT_SHARES
    filled = [usual if share is None else share for share, usual in zip(given, rest, strict=True)]
    shares = dict(zip(SPLITS, filled, strict=True))
    total = sum(filled)
    # Written so that "nan", which compares with nothing, is refused too.
    if not (min(filled) >= 0 and shares["train"] > 0 and abs(total - 1) <= TOLERANCE):
        text = " ".join(f"--{name} {share:g}" for name, share in shares.items())
        raise UsageError(
            f"the shares {text} add up to {total:g}", fix="give three shares, train above 0, that add up to 1"
        )
    return shares


def quotas(totals: Ints, shares: npt.NDArray[np.float64], *, first_never_empty: bool) -> Ints:
    """Return how many images of each class each part gets, ``(classes, parts)``, given those of each class.

    Each number is the exact share rounded down or up. What rounding leaves over goes to the parts that lack
    most in all classes so far, so that the parts as a whole come out right too. With ``first_never_empty``
    the first part, which trains, has one image of every class that has any.
    """
    exact = totals[:, None] * shares
    whole = np.floor(exact + TOLERANCE).astype(np.int64)
    behind = np.zeros(len(shares))
    for number, total in enumerate(totals):
        row = whole[number]
        left = int(total - row.sum())
        part = np.maximum(exact[number] - row, 0)
        lacking = np.where(part > TOLERANCE, behind + part, -np.inf)
        # A stable sort: among equals the first part comes first.
        row[np.argsort(-lacking, kind="stable")[:left]] += 1
        if first_never_empty and total and not row[0]:
            row[int(np.argmax(row))] -= 1
            row[0] += 1
        behind += exact[number] - row
    return whole
