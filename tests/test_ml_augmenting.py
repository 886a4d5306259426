from __future__ import annotations

import numpy as np

from labelprep.ml.augmenting import Augment, augmented, usual_shift_px


def ramp(count: int) -> np.ndarray:
    """Return pictures of 4 by 5 px whose pixel at row y, column x is 10·y + x + 1."""
    picture = (10 * np.arange(4)[:, None] + np.arange(5) + 1).astype(np.uint8)
    return np.repeat(picture[None, :, :, None], count, axis=0)


def test_every_picture_is_shifted_on_its_own_by_at_most_the_shift() -> None:
    pictures = ramp(300)

    moved = augmented(pictures, Augment(1, edge="black"), np.random.default_rng(0))

    centres = moved[:, 1, 1, 0].tolist()
    assert set(centres) == {1, 2, 3, 11, 12, 13, 21, 22, 23}
    assert moved.dtype == np.uint8
    assert moved.shape == pictures.shape


def test_black_edge_is_black_and_mirrored_edge_repeats_the_neighbours() -> None:
    pictures = ramp(200)

    black = augmented(pictures, Augment(1, edge="black"), np.random.default_rng(3))
    mirrored = augmented(pictures, Augment(1, edge="reflect"), np.random.default_rng(3))

    from_upper_left = black[:, 1, 1, 0] == 1
    assert black[from_upper_left][0, :, :, 0].tolist()[:2] == [[0, 0, 0, 0, 0], [0, 1, 2, 3, 4]]
    assert mirrored[from_upper_left][0, :, :, 0].tolist()[:2] == [[12, 11, 12, 13, 14], [2, 1, 2, 3, 4]]


def test_flip_mirrors_about_half_of_the_pictures_and_is_off_unless_asked_for() -> None:
    pictures = ramp(400)

    flipped = augmented(pictures, Augment(0, flip=True), np.random.default_rng(0))
    plain = augmented(pictures, Augment(0), np.random.default_rng(0))

    mirrored = (flipped[:, 0, 0, 0] == 5).sum()
    assert 150 < mirrored < 250
    assert (flipped[:, 0, 0, 0] == 1).sum() == 400 - mirrored
    assert np.array_equal(plain, pictures)


def test_same_generator_gives_the_same_pictures_and_the_originals_stay() -> None:
    pictures = ramp(20)

    first = augmented(pictures, Augment(2), np.random.default_rng((7, 1)))
    second = augmented(pictures, Augment(2), np.random.default_rng((7, 1)))

    assert np.array_equal(first, second)
    assert np.array_equal(pictures, ramp(20))


def test_shift_is_2_px_for_small_pictures_and_a_sixteenth_for_larger_ones() -> None:
    assert [usual_shift_px(side) for side in (8, 28, 64, 128, 224)] == [2, 2, 2, 8, 14]
