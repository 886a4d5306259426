from __future__ import annotations

import numpy as np

from labelprep.ml.views import Views, averaged, views_for


def numbered(height: int, width: int) -> np.ndarray:
    """Return one picture whose pixels are their own numbers."""
    return np.arange(height * width, dtype=np.uint8).reshape(1, height, width, 1)


def test_five_views_are_the_picture_and_its_shifts() -> None:
    views = list(Views(1, mirrored=False).of(numbered(3, 3)))

    assert [view[0, :, :, 0].tolist() for view in views] == [
        [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
        [[3, 4, 5], [0, 1, 2], [3, 4, 5]],
        [[3, 4, 5], [6, 7, 8], [3, 4, 5]],
        [[1, 0, 1], [4, 3, 4], [7, 6, 7]],
        [[1, 2, 1], [4, 5, 4], [7, 8, 7]],
    ]


def test_mirrored_views_follow_each_one() -> None:
    views = list(Views(1, mirrored=True).of(numbered(2, 3)))

    assert len(views) == len(Views(1, mirrored=True)) == 10
    for plain, mirrored in zip(views[::2], views[1::2], strict=True):
        np.testing.assert_array_equal(mirrored, plain[:, :, ::-1])


def test_what_is_said_of_the_views_is_averaged() -> None:
    corner = averaged(lambda pictures: pictures[:, 0, 0, :].astype(np.float32), Views(1, mirrored=False))

    said = corner(np.concatenate([numbered(3, 3), numbered(3, 3) + 10]))

    np.testing.assert_allclose(said, [[(0 + 3 + 3 + 1 + 1) / 5], [(10 + 13 + 13 + 11 + 11) / 5]])


def test_views_suit_what_the_network_was_trained_on() -> None:
    digits, photos, unknown = (
        views_for(28, {"augment": "shift"}),
        views_for(224, {"augment": "flip"}),
        views_for(224, {}),
    )

    assert (digits, photos) == (Views(1, mirrored=False), Views(7, mirrored=True))
    assert unknown == Views(7, mirrored=False)
    assert str(photos) == "10 views of each picture, shifted by 7 px in each direction, as it is and mirrored"
