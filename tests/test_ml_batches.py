from __future__ import annotations

import numpy as np
import pytest

from labelprep.errors import PixelsError
from labelprep.ml.augmenting import Augment
from labelprep.ml.batches import Feed, FeedOptions, batches
from labelprep.ml.samples import ReadsInto, Samples
from ml_pictures import Pictures, numbered


class ReadingInto(Pictures):
    """Pictures that can be read into given memory."""

    def read_into(self, rows: np.ndarray, out: np.ndarray) -> None:
        out[:] = self.pictures[rows]


class Gone(Pictures):
    """Pictures of which row 5 has vanished."""

    def read(self, rows: np.ndarray) -> np.ndarray:
        if 5 in rows.tolist():
            raise PixelsError("the file is gone", where="5.png", fix="run labelprep scan")
        return super().read(rows)


def test_batches_hold_pictures_and_their_labels_in_order_and_keep_the_last_rest() -> None:
    samples = numbered(10)

    given = [(pictures.numpy(), labels.numpy()) for pictures, labels in batches(samples, batch_size=4)]

    assert [labels.tolist() for _, labels in given] == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]
    assert [pictures[:, 1, 2, 0].tolist() for pictures, _ in given] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [pictures.shape for pictures, _ in given] == [(4, 2, 3, 1), (4, 2, 3, 1), (2, 2, 3, 1)]
    assert {pictures.dtype for pictures, _ in given} == {np.dtype(np.uint8)}
    assert {labels.dtype for _, labels in given} == {np.dtype(np.int32)}


def test_shapes_and_number_of_batches_are_known_before_the_first_is_read() -> None:
    dataset = batches(numbered(10), batch_size=4)

    pictures, labels = dataset.element_spec

    assert pictures.shape.as_list() == [None, 2, 3, 1]
    assert labels.shape.as_list() == [None]
    assert int(dataset.cardinality()) == 3


def order(dataset: object) -> list[int]:
    """Return the rows in the order in which one pass gives them."""
    return [row for pictures, _ in dataset for row in pictures.numpy()[:, 0, 0, 0].tolist()]  # type: ignore[attr-defined]


def test_each_pass_is_the_permutation_of_its_seed_and_epoch() -> None:
    dataset = batches(numbered(50), batch_size=8, shuffle=True, seed=3)

    passes = [order(dataset) for _ in range(3)]

    expected = [np.random.default_rng((3, epoch)).permutation(50).tolist() for epoch in range(3)]
    assert passes == expected
    assert order(batches(numbered(50), batch_size=8, shuffle=True, seed=3, epoch=2)) == expected[2]


def test_augmentation_follows_from_seed_epoch_and_batch() -> None:
    random = np.random.default_rng(0)
    source = Pictures(random.integers(0, 255, (20, 6, 6, 3), dtype=np.uint8))
    samples = Samples([""] * 20, np.zeros(20, np.int32), np.arange(20), source)
    settings = {"batch_size": 8, "augment": Augment(2), "seed": 1}

    dataset = batches(samples, **settings)  # type: ignore[arg-type]
    first, second = (np.concatenate([pictures.numpy() for pictures, _ in dataset]) for _ in range(2))
    again = np.concatenate([pictures.numpy() for pictures, _ in batches(samples, **settings)])  # type: ignore[arg-type]

    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, source.pictures)


def test_batches_that_are_kept_are_not_overwritten_by_later_ones() -> None:
    plain = numbered(240, (9, 9, 1))
    samples = Samples(plain.paths, plain.labels, plain.rows, ReadingInto(plain.source.read(plain.rows)))
    assert isinstance(samples.source, ReadsInto)

    kept = [pictures for pictures, _ in batches(samples, batch_size=10)]
    views = [pictures.numpy() for pictures in kept]

    assert [view[:, 4, 4, 0].tolist() for view in views] == [
        list(range(at, at + 10)) for at in range(0, 240, 10)
    ]


def test_even_batches_differ_by_one_at_most() -> None:
    feed = Feed(numbered(10), FeedOptions(batch_size=4, even=True))

    sizes = [int(labels.shape[0]) for _, labels in feed]

    assert sizes == [4, 3, 3]
    assert len(feed) == 3


def test_an_error_of_the_source_arrives_as_it_was_raised() -> None:
    samples = numbered(10)
    feed = Feed(
        Samples(samples.paths, samples.labels, samples.rows, Gone(samples.source.read(samples.rows))),
        FeedOptions(4),
    )

    with pytest.raises(PixelsError) as caught:
        list(feed)

    assert str(caught.value) == "5.png: the file is gone — run labelprep scan"


def test_no_samples_give_no_batch() -> None:
    assert list(batches(numbered(0), batch_size=4)) == []
