"""Whose word counts more: the ranks of sources, highest first."""

from __future__ import annotations

from enum import IntEnum


class Rank(IntEnum):
    """A statement of a higher rank wins; a model's never does until a person accepts it."""

    PERSON = 50
    SHEET = 40
    FILE_NAME = 30
    FOLDER = 20
    MODEL = 10
