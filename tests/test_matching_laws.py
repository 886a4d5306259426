"""What holds for every set of images and every name."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from labelprep.matching import Match, Matcher, NoMatch, Rule, Why

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHABET = "aAbB01 _-.%\\()é\u0301猫（１#+"
STEMS = st.text(ALPHABET, min_size=1, max_size=4)
EXTENSIONS = st.sampled_from(["", ".jpg", ".JPG", ".png", ".jpg.png"])
NAMES = st.builds("{}{}".format, STEMS, EXTENSIONS).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
IMAGES = st.lists(PATHS, min_size=1, max_size=8, unique=True)
CHANGES: list[Callable[[str], str]] = [
    str,
    str.upper,
    lambda path: f"./{path}",
    lambda path: path.replace("/", "\\"),
    lambda path: f"D:\\data\\{path}",
    lambda path: path.rsplit("/", 1)[-1],
    lambda path: path.rsplit(".", 1)[0],
    lambda path: path.replace("0", "00"),
    lambda path: path.replace(" ", "_"),
    lambda path: unicodedata.normalize("NFD", path),
    lambda path: unicodedata.normalize("NFKC", path),
    lambda path: f"1a2b3c4d-{path.rsplit('/', 1)[-1]}",
]


@st.composite
def images_and_name(draw: st.DrawFn) -> tuple[list[str], str]:
    images = draw(IMAGES)
    written = draw(st.one_of(st.sampled_from(images), PATHS))
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=2)):
        written = change(written)
    return images, written


def answer(images: list[str], name: str) -> Match | NoMatch:
    return Matcher(enumerate(images)).find(name)


def found(images: list[str], name: str) -> tuple[str, int]:
    """Return the path that is meant and the rule, or nothing."""
    match = answer(images, name)
    return (images[match.image_id], match.rule) if isinstance(match, Match) else ("", 0)


def candidates(images: list[str], name: str) -> tuple[str, ...]:
    match = answer(images, name)
    return match.candidates if isinstance(match, NoMatch) else ()


@given(IMAGES)
def test_a_name_equal_to_a_path_means_it(images: list[str]) -> None:
    matcher = Matcher(enumerate(images))

    matches = [matcher.find(path) for path in images]

    assert matches == [Match(number, Rule.PATH) for number in range(len(images))]


@given(images_and_name(), st.data())
def test_the_order_of_images_does_not_matter(case: tuple[list[str], str], data: st.DataObject) -> None:
    images, name = case

    shuffled = data.draw(st.permutations(images))

    assert found(images, name) == found(shuffled, name)
    assert candidates(images, name) == candidates(shuffled, name)


@given(images_and_name())
def test_other_images_never_change_which_image_is_meant(case: tuple[list[str], str]) -> None:
    images, name = case
    match = found(images, name)
    assume(match[0])

    alone = [found([path], name) for path in images]

    assert match in alone


@given(images_and_name())
def test_an_image_of_the_same_name_makes_an_inferred_one_ambiguous(case: tuple[list[str], str]) -> None:
    images, name = case
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    path, rule = found(images, base)
    assume(rule > Rule.SUFFIX)

    twin = f"else where/{images[0]}/{path.rsplit('/', 1)[-1]}"

    assert answer([*images, twin], base) == NoMatch(Why.AMBIGUOUS, tuple(sorted([path, twin])))


@given(IMAGES, st.text(max_size=12), st.none() | st.sampled_from(["", "a", "../a"]))
def test_any_text_has_an_answer(images: list[str], name: str, beside: str | None) -> None:
    matcher = Matcher(enumerate(images), root_names=("a", "b"))

    given_answer = matcher.find(name, beside=beside)

    assert isinstance(given_answer, Match | NoMatch)
    assert set(matcher.nearest(name)) <= set(images)
