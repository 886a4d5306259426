"""The pages of the checks say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import check_pages
import labelprep
from labelprep.checks import CHECKS


def test_every_check_has_its_page_as_it_is_written_now() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in check_pages.FOLDER.glob("*.md")}

    assert written == check_pages.pages()


def test_every_code_in_the_sources_is_listed() -> None:
    package = Path(labelprep.__file__).parent
    told = {
        int(code)
        for path in package.rglob("*.py")
        for code in re.findall(r'"LP(\d{3})"', path.read_text(encoding="utf-8"))
    }
    listed = {int(check.code.removeprefix("LP")) for check in CHECKS}
    listed |= {code for first, last, _ in check_pages.ELSEWHERE for code in range(first, last + 1)}

    assert told - listed == set()


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [check.code for check in CHECKS]

    assert codes == sorted(set(codes))
    assert len({check.name for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_check_tells_what_why_and_what_to_do(check: object) -> None:
    words = [getattr(check, name) for name in ("title", "why", "fix", "example", "name")]

    assert all(word.strip() == word and word for word in words)
    assert check.why.endswith(".")  # type: ignore[attr-defined] # a Check
