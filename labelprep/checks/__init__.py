"""Checks of a manifest, one module each; this table is all that has to know a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.checks import (
    alike_classes,
    brightness_shift,
    classes_of_splits,
    conflicts,
    equal_leaks,
    group_leaks,
    imbalance,
    long_names,
    lookalike_letters,
    missing_files,
    mistyped_classes,
    near_leaks,
    older_labels,
    overruled,
    raw_names,
    retired_classes,
    several_labels,
    size_shift,
    small_classes,
    split_sizes,
    twin_names,
    twins,
    unlabelled,
    unmatched_rows,
    unportable_names,
    unused_classes,
)

if TYPE_CHECKING:
    from labelprep.checks.base import Check

CHECKS: Final[tuple[Check, ...]] = (
    missing_files.CHECK,
    conflicts.CHECK,
    unlabelled.CHECK,
    twins.CHECK,
    overruled.CHECK,
    unmatched_rows.CHECK,
    older_labels.CHECK,
    several_labels.CHECK,
    alike_classes.CHECK,
    mistyped_classes.CHECK,
    small_classes.CHECK,
    imbalance.CHECK,
    unused_classes.CHECK,
    retired_classes.CHECK,
    lookalike_letters.CHECK,
    equal_leaks.CHECK,
    near_leaks.CHECK,
    group_leaks.CHECK,
    classes_of_splits.CHECK,
    split_sizes.CHECK,
    size_shift.CHECK,
    brightness_shift.CHECK,
    raw_names.CHECK,
    unportable_names.CHECK,
    twin_names.CHECK,
    long_names.CHECK,
)
"""In the order of their codes."""

BY_CODE: Final[dict[str, Check]] = {check.code: check for check in CHECKS}
