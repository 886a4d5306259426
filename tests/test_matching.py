"""Names as sources write them, joined to images by the ladder of rules."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from labelprep.matching import Match, Matcher, NoMatch, Rule, Why

SHARED = Path(__file__).parents[1].parent / "shared"
NEEDS_SHARED = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data, which is not here")
PHOTOS = ("photos", "me", "home")


def found(images: list[str], name: str, *, beside: str | None = None) -> tuple[str, Rule]:
    """Return which of the images, of a root /home/me/photos, a name means, and by which rule."""
    match = Matcher(enumerate(images), root_names=PHOTOS).find(name, beside=beside)
    assert isinstance(match, Match), match
    return images[match.image_id], match.rule


def refused(images: list[str], name: str, *, beside: str | None = None) -> NoMatch:
    """Return why a name means none of the images of a root /home/me/photos."""
    match = Matcher(enumerate(images), root_names=PHOTOS).find(name, beside=beside)
    assert isinstance(match, NoMatch), match
    return match


def test_a_name_is_the_exact_path_of_an_image_or_is_not() -> None:
    matcher = Matcher(enumerate(["cat/1.jpg"]))

    assert matcher.is_path("cat/1.jpg")
    assert matcher.is_path("1.jpg", beside="cat")
    assert not matcher.is_path("1.jpg")
    assert not matcher.is_path("Cat/1.jpg", beside="")


@pytest.mark.parametrize(
    ("name", "path", "rule"),
    [
        ("cat/1.jpg", "cat/1.jpg", Rule.PATH),
        ("./cat//1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        (".\\cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("  cat/1.jpg \n", "cat/1.jpg", Rule.CLEANED),
        ("\ufeffcat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ('"cat\\1.jpg"', "cat/1.jpg", Rule.CLEANED),
        ("dog/../cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("cat/%31.jpg", "cat/1.jpg", Rule.CLEANED),
        ("cat%5C1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("D:\\cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("D:\\old\\photos\\cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("\\\\?\\D:\\old\\photos\\cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("\\\\server\\share\\photos\\cat\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("/home/me/photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("me/photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("../photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("../../me/photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("file:///D:/old/photos/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("file:///home/me/photos/cat/%31.jpg", "cat/1.jpg", Rule.CLEANED),
        ("https://host:8080/cat/1.jpg?sv=1&d#x", "cat/1.jpg", Rule.CLEANED),
        ("s3://bucket/cat/1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("/data/local-files/?d=cat%2F1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("CAT/1.JPG", "cat/1.jpg", Rule.FOLDED),
        ("D:\\Photos\\Cat\\1.JPG", "cat/1.jpg", Rule.FOLDED),
        ("D:\\data\\train\\cat\\1.jpg", "cat/1.jpg", Rule.SUFFIX),
        ("https://host/data/cat/1.jpg", "cat/1.jpg", Rule.SUFFIX),
        ("mine/cat/1.jpg", "cat/1.jpg", Rule.SUFFIX),
        ("D:\\data\\1.jpg", "cat/1.jpg", Rule.NAME),
        ("1.jpg", "cat/1.jpg", Rule.NAME),
        ("1.JPG", "cat/1.jpg", Rule.NAME),
        ("1", "cat/1.jpg", Rule.STEM),
        ("1.png", "cat/1.jpg", Rule.STEM),
        ("cat/1.json", "cat/1.jpg", Rule.STEM),
        ("1.jpg.json", "cat/1.jpg", Rule.STEM),
        ("/data/upload/7/1a2b3c4d-1.jpg", "cat/1.jpg", Rule.UPLOAD),
        ("1_jpg.rf.0b6f5a1c9d8e7f60.jpg", "cat/1.jpg", Rule.UPLOAD),
        ("1_jpg", "cat/1.jpg", Rule.UPLOAD),
        ("001", "cat/1.jpg", Rule.NUMBER),
        ("001.jpg", "cat/1.jpg", Rule.NUMBER),
        ("1.0", "cat/1.jpg", Rule.NUMBER),
        ("1a2b3c4d-001.jpg", "cat/1.jpg", Rule.NUMBER),
        ("１.jpg", "cat/1.jpg", Rule.SPELLING),
        ("（1）．ｊｐｇ", "cat/1.jpg", Rule.SPELLING),
    ],
)
def test_a_name_means_an_image_by_the_first_rule_that_finds_it(name: str, path: str, rule: Rule) -> None:
    images = ["cat/1.jpg", "dog/2.jpg"]

    assert found(images, name) == (path, rule)


@pytest.mark.parametrize(
    ("image", "name", "rule"),
    [
        ("001.jpg", "1", Rule.NUMBER),
        ("IMG_0007.jpg", "img_7", Rule.NUMBER),
        ("7f3e2a1b-cat.jpg", "cat.jpg", Rule.UPLOAD),
        ("cat_jpg.rf.0b6f5a1c.jpg", "cat.png", Rule.UPLOAD),
        ("猫_01.jpg", "猫 (1)", Rule.SPELLING),
        ("my photo (1).jpg", "1a2b3c4d-my_photo_1.jpg", Rule.SPELLING),
        ("a b.jpg", "a+b.jpg", Rule.SPELLING),
        ("a b.jpg", "a%20b.jpg", Rule.CLEANED),
        ("【猫】1.jpg", "猫1.jpg", Rule.SPELLING),
        ("nfd_only/Zoe\u0308.jpg", "nfd_only/Zo\u00eb.jpg", Rule.FOLDED),
        ("Zoe\u0308.jpg", "%5A%6F%C3%AB.jpg", Rule.FOLDED),
        ("cat.0.jpg", "cat.0", Rule.STEM),
        ("v1.2.final.jpg", "v1.2.final", Rule.STEM),
        ("photo.jpg.png", "photo.jpg", Rule.STEM),
        ("1e5.jpg", "1e5", Rule.STEM),
        ("100%.jpg", "./100%.jpg", Rule.CLEANED),
        ("a%20b.jpg", "./a%20b.jpg", Rule.CLEANED),
        ("%E7%8C.jpg", "x/%E7%8C.JPG", Rule.NAME),
    ],
)
def test_image_and_name_may_each_carry_the_difference(image: str, name: str, rule: Rule) -> None:
    images = [image, "other/picture.jpg"]

    assert found(images, name) == (image, rule)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("x_0.5.jpg", "x_0.05"),
        ("photo 12.jpg", "photo 1 2"),
        ("cat.jpg", "20240102-cat.jpg"),
        ("cat.jpg", "cat.1"),
        ("cat-5.jpg", "cat5"),
        ("photo.jpg", "photo.final"),
        ("a/b.jpg", "a_b.jpg"),
    ],
)
def test_names_that_tell_images_apart_are_not_taken_for_each_other(image: str, name: str) -> None:
    images = [image]

    assert refused(images, name) == NoMatch(Why.MISSING)


@pytest.mark.parametrize(
    ("images", "name", "candidates"),
    [
        (["img/001.jpg", "img/sub/001.jpg"], "001.jpg", ("img/001.jpg", "img/sub/001.jpg")),
        (["img/dup.jpg", "img/dup.png"], "dup", ("img/dup.jpg", "img/dup.png")),
        (["img/dup.jpg", "img/dup.png"], "img/dup.webp", ("img/dup.jpg", "img/dup.png")),
        (["a.jpg.png", "a.png"], "a.jpg", ("a.jpg.png", "a.png")),
        (["7.jpg", "007.jpg"], "0007", ("007.jpg", "7.jpg")),
        (["a/cat/1.jpg", "b/cat/1.jpg"], "cat/1.jpg", ("a/cat/1.jpg", "b/cat/1.jpg")),
        (["Cat/1.jpg", "cat/1.jpg"], "CAT/1.jpg", ("Cat/1.jpg", "cat/1.jpg")),
        (
            ["x_jpg.rf.aaaaaa.jpg", "x_jpg.rf.bbbbbb.jpg"],
            "x.jpg",
            ("x_jpg.rf.aaaaaa.jpg", "x_jpg.rf.bbbbbb.jpg"),
        ),
        (["1.jpg", "photos/1.jpg"], "/old/photos/photos/1.jpg", ("1.jpg", "photos/1.jpg")),
    ],
)
def test_two_candidates_end_the_ladder_and_both_are_named(
    images: list[str], name: str, candidates: tuple[str, ...]
) -> None:
    assert refused(images, name) == NoMatch(Why.AMBIGUOUS, candidates)


@pytest.mark.parametrize(
    ("images", "name", "path"),
    [
        (["a/IMG_1.jpg", "a/img_1.jpg", "a/IMG_1.JPG"], "IMG_1.jpg", "a/IMG_1.jpg"),
        (["a/IMG_1.jpg", "a/img_1.jpg"], "IMG_1", "a/IMG_1.jpg"),
        (["a/\u00c9.jpg", "a/\u00e9.jpg"], "e\u0301.jpg", "a/\u00e9.jpg"),
        (["\u00c9/1.jpg", "\u00e9/1.jpg"], "e\u0301/1.jpg", "\u00e9/1.jpg"),
        (["a/cat/1.jpg", "b/cat/1.jpg"], "x/b/cat/1.jpg", "b/cat/1.jpg"),
        (["cat/1.jpg", "dog/1.jpg"], "train/dog/1.jpg", "dog/1.jpg"),
        (["cat/1.jpg", "dog/1.jpg"], "train/dog/1", "dog/1.jpg"),
        (["cat/1.jpg", "dog/1.jpg"], "dog/001", "dog/1.jpg"),
        (["001.jpg", "sub/001.jpg"], "001.jpg", "001.jpg"),
    ],
)
def test_of_several_the_one_spelled_or_placed_like_the_name_is_meant(
    images: list[str], name: str, path: str
) -> None:
    assert found(images, name)[0] == path


def test_a_backslash_in_a_file_name_is_first_read_as_it_is() -> None:
    images = ["a\\b.jpg", "a/b.jpg", "back\\slash/c:\\temp\\x.jpg"]

    assert found(images, "a\\b.jpg") == ("a\\b.jpg", Rule.PATH)
    assert found(images, "./a\\b.jpg") == ("a\\b.jpg", Rule.CLEANED)
    assert found(images, "c:\\temp\\x.jpg") == ("back\\slash/c:\\temp\\x.jpg", Rule.NAME)


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd", "/etc/passwd", "..\\..\\windows\\win.ini", "img/../../../../etc/hosts",
        "/proc/self/environ", "/dev/zero", "../1.jpg", "..\\other\\1.jpg", "..", "C:\\windows\\win.ini",
        "%2e%2e/1.jpg",
    ],
)  # fmt: skip
def test_a_place_outside_the_root_is_refused(name: str) -> None:
    assert refused(["1.jpg"], name) == NoMatch(Why.OUTSIDE)


@pytest.mark.parametrize(
    "name", ["gone.jpg", "/home/me/photos/gone.jpg", "https://host/gone.jpg", "cat/gone"]
)
def test_a_name_without_an_image_is_missing(name: str) -> None:
    assert refused(["1.jpg"], name) == NoMatch(Why.MISSING)


@pytest.mark.parametrize("name", ["", "  ", "\ufeff", ".", "./", "/", '""'])
def test_a_blank_name_is_empty(name: str) -> None:
    assert refused(["1.jpg"], name) == NoMatch(Why.EMPTY)


@pytest.mark.parametrize(
    ("beside", "name", "path", "rule"),
    [
        ("cat", "1.jpg", "cat/1.jpg", Rule.PATH),
        ("", "1.jpg", "1.jpg", Rule.PATH),
        ("cat", ".\\1.jpg", "cat/1.jpg", Rule.CLEANED),
        ("cat", "1.JPG", "cat/1.jpg", Rule.FOLDED),
        ("cat", "dog/1.jpg", "dog/1.jpg", Rule.PATH),
        ("ann", "..\\img\\a.jpg", "img/a.jpg", Rule.CLEANED),
        ("ann", "..\\img\\A.JPG", "img/a.jpg", Rule.FOLDED),
        ("", "..\\img\\a.jpg", "img/a.jpg", Rule.SUFFIX),
        ("", "..\\pictures\\a.jpg", "img/a.jpg", Rule.NAME),
        ("../ann", "..\\photos\\img\\a.jpg", "img/a.jpg", Rule.CLEANED),
        ("../ann", "a.jpg", "img/a.jpg", Rule.NAME),
        ("labels/cat", "1", "cat/1.jpg", Rule.STEM),
        ("cat", "D:\\data\\a.jpg", "img/a.jpg", Rule.NAME),
    ],
)
def test_a_name_beside_its_image_is_looked_for_there_first(
    beside: str, name: str, path: str, rule: Rule
) -> None:
    images = ["1.jpg", "cat/1.jpg", "dog/1.jpg", "img/a.jpg"]

    assert found(images, name, beside=beside) == (path, rule)


@pytest.mark.parametrize("beside", ["csv", "", "a/b"])
@pytest.mark.parametrize("name", ["../../../../etc/passwd", "..\\..\\..\\windows\\win.ini", "/etc/passwd"])
def test_a_place_outside_the_root_is_refused_beside_it_too(beside: str, name: str) -> None:
    assert refused(["1.jpg"], name, beside=beside) == NoMatch(Why.OUTSIDE)


def test_an_image_that_is_gone_from_beside_its_label_file_is_missing() -> None:
    assert refused(["1.jpg"], "../img/gone.jpg", beside="ann") == NoMatch(Why.MISSING)
    assert refused(["1.jpg"], "gone.jpg", beside="../ann") == NoMatch(Why.MISSING)


def test_strict_stops_behind_the_rules_that_are_certain() -> None:
    matcher = Matcher([(1, "cat/1.jpg")], strict=True)

    assert matcher.find("CAT\\1.jpg") == Match(1, Rule.FOLDED)
    assert matcher.find("1.jpg") == NoMatch(Why.MISSING)
    assert matcher.find_content(b"x", {b"x": [1]}) == NoMatch(Why.MISSING)


def test_content_decides_last() -> None:
    matcher = Matcher([(1, "b.jpg"), (2, "a.jpg"), (3, "c.jpg")])
    contents = {b"one": [3], b"two": [1, 2]}

    assert matcher.find_content(b"one", contents) == Match(3, Rule.CONTENT)
    assert matcher.find_content(b"two", contents) == NoMatch(Why.AMBIGUOUS, ("a.jpg", "b.jpg"))
    assert matcher.find_content(b"none", contents) == NoMatch(Why.MISSING)


def test_two_images_that_are_shown_alike_are_ambiguous() -> None:
    matcher = Matcher([(1, "caf\\xe9.jpg"), (2, "caf\\xe9.jpg"), (3, "b.jpg")])

    assert matcher.find("caf\\xe9.jpg") == NoMatch(Why.AMBIGUOUS, ("caf\\xe9.jpg", "caf\\xe9.jpg"))
    assert matcher.find("b.jpg") == Match(3, Rule.PATH)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("IMG_O123.jpg", ("a/IMG_0123.jpg",)),
        ("IMG_0l23.jpg", ("a/IMG_0123.jpg",)),
        ("IMH_0123.jpg", ("a/IMG_0123.jpg",)),
        ("a\\IMG_01234", ("a/IMG_0123.jpg",)),
        ("golden_retreiver.png", ("b/golden_retriever.jpg",)),
        ("xyz.jpg", ()),
        ("", ()),
    ],
)
def test_the_nearest_names_are_proposed(name: str, nearest: tuple[str, ...]) -> None:
    matcher = Matcher(enumerate(["a/IMG_0123.jpg", "a/DSC_9.jpg", "b/golden_retriever.jpg"]))

    assert matcher.nearest(name) == nearest


def test_nearest_names_are_found_among_many() -> None:
    paths = [f"{folder}/IMG_{number:05}.jpg" for folder in "ab" for number in range(0, 5000, 5)]
    matcher = Matcher(enumerate(paths))

    assert matcher.nearest("IMH_01235.jpg") == ("a/IMG_01235.jpg", "b/IMG_01235.jpg", "a/IMG_04235.jpg")


def test_nearest_names_are_looked_for_five_hundred_times() -> None:
    matcher = Matcher([(1, "picture.jpg")])

    answers = [matcher.nearest("pictura.jpg") for _ in range(501)]

    assert answers == [("picture.jpg",)] * 500 + [()]


def test_a_name_that_very_many_images_share_is_ambiguous() -> None:
    paths = [f"{number:03}/image.jpg" for number in range(300)]
    matcher = Matcher(enumerate(paths))

    assert matcher.find("image.jpg") == NoMatch(Why.AMBIGUOUS, tuple(paths[:5]))
    assert matcher.find("x/image.jpg") == NoMatch(Why.AMBIGUOUS, tuple(paths[:5]))
    assert matcher.find("x/250/image.jpg") == Match(250, Rule.SUFFIX)
    assert matcher.find("x/250/image") == Match(250, Rule.STEM)


def rows(sheet: Path) -> list[str]:
    """Return the first cells of a table below its header."""
    with sheet.open(encoding="utf-8", newline="") as file:
        return [row[0] for row in csv.reader(file)][1:]


@NEEDS_SHARED
def test_the_sheets_beside_the_eggs_mean_every_image_once() -> None:
    root = SHARED / "data" / "onehot_eggs"
    images = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    matcher = Matcher(enumerate(images), root_names=("onehot_eggs",))

    beside = Counter(
        matcher.find(name, beside=split)
        for split in ("train", "valid", "test")
        for name in rows(root / split / "_classes.csv")
    )
    alone = Counter(
        matcher.find(name)
        for split in ("train", "valid", "test")
        for name in rows(root / split / "_classes.csv")
    )

    assert beside == Counter(Match(number, Rule.PATH) for number in range(662))
    assert alone == Counter(Match(number, Rule.NAME) for number in range(662))


@NEEDS_SHARED
@pytest.mark.parametrize(
    ("sheet", "root", "expected"),
    [
        ("paths_traversal", "labels", ["OUTSIDE"] * 6 + ["MISSING"]),
        ("two_matches", "labels", ["AMBIGUOUS", "AMBIGUOUS"]),
        ("two_matches", "labels/img", ["PATH", "AMBIGUOUS"]),
        ("leading_zero_ids", "labels/img", ["MISSING", "MISSING", "MISSING"]),
        ("conflict", "labels", ["AMBIGUOUS", "AMBIGUOUS", "AMBIGUOUS"]),
        ("conflict", "labels/img", ["PATH", "PATH", "PATH"]),
    ],
)
def test_hostile_tables_mean_what_they_should(sheet: str, root: str, expected: list[str]) -> None:
    folder = SHARED / "torture" / root
    pictures = (SHARED / "torture" / "labels" / "img").rglob("*.*")
    images = [(number, path.relative_to(folder).as_posix()) for number, path in enumerate(sorted(pictures))]
    matcher = Matcher(images, root_names=tuple(reversed(folder.parts)))
    names = rows(SHARED / "torture" / "labels" / "csv" / f"{sheet}.csv")

    answers = [matcher.find(name, beside="csv") for name in names]

    assert [(one.rule if isinstance(one, Match) else one.why).name for one in answers] == expected
