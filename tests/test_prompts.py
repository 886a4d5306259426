"""Words of a user's own in a command: whatever they hold, the shell hands them on as they are."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.model.prompts import quoted, typed

# At a prompt a shell reads ``!`` between double quotes; shlex knows nothing of it.
WORDS = st.text(st.characters(exclude_characters="!\\\n\r\x00", exclude_categories=["Cs", "Cc", "Zl", "Zp"]))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cat", "cat"),
        ("猫", "猫"),
        ("black cat", '"black cat"'),
        ("", '""'),
        ("$HOME", "'$HOME'"),
        ('5" screen', "'5\" screen'"),
        ("it's", '"it\'s"'),
        ("it's $5", '"it\'s \\$5"'),
    ],
)
def test_a_word_is_quoted_where_a_shell_would_take_it_apart(word: str, expected: str) -> None:
    assert quoted(word) == expected


@given(WORDS)
def test_a_shell_reads_the_word_back(word: str) -> None:
    assert shlex.split(quoted(word)) == [word]


def test_a_word_that_begins_with_a_hyphen_is_no_option() -> None:
    assert typed("labelprep classes merge", "-1", "1") == "labelprep classes merge -- -1 1"
