"""The pages of the checks say what the code says."""

from __future__ import annotations

import pytest

import check_pages
from labelprep.checks import CHECKS


def test_every_check_has_its_page_as_it_is_written_now() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in check_pages.FOLDER.glob("*.md")}

    assert written == check_pages.pages()


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [check.code for check in CHECKS]

    assert codes == sorted(set(codes))
    assert len({check.name for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_check_tells_what_why_and_what_to_do(check: object) -> None:
    words = [getattr(check, name) for name in ("title", "why", "fix", "example", "name")]

    assert all(word.strip() == word and word for word in words)
    assert check.why.endswith(".")  # type: ignore[attr-defined] # a Check
