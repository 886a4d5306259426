"""Checks of a manifest, one module each; this table is all that has to know a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labelprep.checks import missing_files

if TYPE_CHECKING:
    from labelprep.checks.base import Check

CHECKS: Final[tuple[Check, ...]] = (missing_files.CHECK,)
"""In the order of their codes."""

BY_CODE: Final[dict[str, Check]] = {check.code: check for check in CHECKS}
