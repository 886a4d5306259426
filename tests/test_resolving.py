"""From what sources say to the label of an image, and that the stored columns are always just that."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelprep.errors import LabelprepError
from labelprep.manifest.resolving import Claim, Resolved, resolve
from labelprep.model.ranks import Rank
from labelprep.workflows.editing import merge_classes, rename_class, retire_class, undo
from labelprep.workflows.showing import explain
from labelprep.workflows.splitting import split_images
from pictures import draw
from running import Place, labels_of, rows, scan
from saying import say, unsay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labelprep.manifest.store import Store

NAMES = {
    Rank.PERSON: "person",
    Rank.SHEET: "sheet",
    Rank.FILE_NAME: "file_name",
    Rank.FOLDER: "folder",
    Rank.MODEL: "model",
}


def claim(rank: Rank, *classes: str) -> Claim:
    """Return what one statement of a rank says."""
    return Claim(rank, NAMES[rank], frozenset(classes))


def test_nothing_said_is_no_label() -> None:
    assert resolve([]) == Resolved(None, (), None, conflict=False)


@pytest.mark.parametrize(
    ("higher", "lower"),
    [(Rank.PERSON, Rank.SHEET), (Rank.SHEET, Rank.FILE_NAME), (Rank.FILE_NAME, Rank.FOLDER)],
)
def test_a_higher_rank_wins_and_a_lower_one_that_disagrees_is_no_conflict(higher: Rank, lower: Rank) -> None:
    found = resolve([claim(lower, "cat"), claim(higher, "dog")])

    assert found == Resolved("dog", ("dog",), NAMES[higher], conflict=False)


def test_statements_of_one_rank_that_agree_give_their_label() -> None:
    found = resolve([claim(Rank.SHEET, "cat"), claim(Rank.SHEET, "cat")])

    assert found == Resolved("cat", ("cat",), "sheet", conflict=False)


def test_statements_of_one_rank_that_differ_conflict_and_give_no_label() -> None:
    found = resolve([claim(Rank.SHEET, "cat"), claim(Rank.SHEET, "dog")])

    assert found == Resolved(None, (), "sheet", conflict=True)


def test_a_conflict_of_a_high_rank_is_not_settled_by_a_lower_one() -> None:
    found = resolve([claim(Rank.SHEET, "cat"), claim(Rank.SHEET, "dog"), claim(Rank.FOLDER, "cat")])

    assert found.conflict


def test_a_conflict_of_a_low_rank_is_settled_by_a_higher_one() -> None:
    found = resolve([claim(Rank.SHEET, "cat"), claim(Rank.SHEET, "dog"), claim(Rank.PERSON, "cat")])

    assert found == Resolved("cat", ("cat",), "person", conflict=False)


def test_several_classes_of_one_statement_are_several_labels_in_natural_order() -> None:
    found = resolve([claim(Rank.SHEET, "class 10", "class 2")])

    assert found == Resolved(None, ("class 2", "class 10"), "sheet", conflict=False)


def test_agreement_is_of_sets() -> None:
    same = resolve([claim(Rank.SHEET, "cat", "dog"), claim(Rank.SHEET, "dog", "cat")])
    part = resolve([claim(Rank.SHEET, "cat", "dog"), claim(Rank.SHEET, "dog")])

    assert (same.labels, same.conflict) == (("cat", "dog"), False)
    assert (part.labels, part.conflict) == ((), True)


def test_a_model_never_wins() -> None:
    assert resolve([claim(Rank.MODEL, "cat")]) == Resolved(None, (), None, conflict=False)
    assert resolve([claim(Rank.MODEL, "cat"), claim(Rank.FOLDER, "dog")]).label == "dog"


def test_a_statement_without_a_class_decides_nothing() -> None:
    assert resolve([claim(Rank.PERSON), claim(Rank.FOLDER, "dog")]).label == "dog"


CLAIMS = st.lists(
    st.builds(
        Claim,
        st.sampled_from(list(Rank)),
        st.sampled_from(["sheet", "coco", "person", "folder"]),
        st.frozensets(st.sampled_from(["cat", "dog", "fox"]), max_size=2),
    ),
    max_size=6,
)


@given(CLAIMS, st.randoms(use_true_random=False))
def test_the_order_of_statements_never_matters(claims: list[Claim], rng: random.Random) -> None:
    mixed = list(claims)
    rng.shuffle(mixed)

    assert resolve(mixed) == resolve(claims)


@given(CLAIMS)
def test_saying_all_of_it_twice_changes_nothing(claims: list[Claim]) -> None:
    assert resolve(claims + claims) == resolve(claims)


def test_a_person_wins_over_the_folder(store: Store) -> None:
    say(store, "fox/1.png", "dog")

    found = explain(store, "fox/1.png")

    assert (found.label, found.conflict) == ("dog", False)
    assert found.reason == "rank person decides over 1 of lower rank that disagree"


def test_two_sheets_that_disagree_conflict(store: Store) -> None:
    say(store, "fox/1.png", "dog", rank=Rank.SHEET, location="a.csv")
    say(store, "fox/1.png", "cat", rank=Rank.SHEET, location="b.csv")

    found = explain(store, "fox/1.png")

    assert (found.label, found.labels, found.conflict) == (None, [], True)
    assert found.reason == "2 statements of rank sheet disagree, so there is no label"


def test_sheets_that_disagree_agree_once_their_classes_are_merged(store: Store) -> None:
    say(store, "fox/1.png", "dog", rank=Rank.SHEET, location="a.csv")
    say(store, "fox/1.png", "wolf", rank=Rank.SHEET, location="b.csv")

    merge_classes(store, ["wolf"], "dog")

    found = explain(store, "fox/1.png")
    assert (found.label, found.conflict) == ("dog", False)


def test_a_model_is_listed_and_decides_nothing(store: Store) -> None:
    say(store, "fox/1.png", "dog", rank=Rank.MODEL, location="runs/0001")

    found = explain(store, "fox/1.png")

    assert (found.label, found.reason) == ("fox", "rank folder decides")
    assert [said.rank for said in found.said] == [Rank.FOLDER, Rank.MODEL]


def stored_columns(store: Store) -> dict[str, Any]:
    """Return label, labels, label_source and conflict of every image as they are stored."""
    found = rows(store, "SELECT path, label, labels, label_source, conflict FROM image ORDER BY path")
    return {
        path: (label, json.loads(labels), source, conflict) for path, label, labels, source, conflict in found
    }


def recomputed_columns(store: Store) -> dict[str, Any]:
    """Work the same out from statements and classes alone, in another way than the manifest does."""
    merged = dict(rows(store, "SELECT id, merged_into FROM class"))
    names = dict(rows(store, "SELECT id, name FROM class"))
    living = rows(
        store,
        """
        SELECT path, statement.id, rank, source.kind, class_id FROM statement
        JOIN image ON image.id = image_id JOIN source ON source.id = source_id
        JOIN annotation ON statement_id = statement.id
        WHERE removed_by IS NULL AND annotation.kind = 'class' AND rank > ?
        """,
        int(Rank.MODEL),
    )
    said: dict[str, dict[tuple[int, int, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for path, statement, rank, kind, class_id in living:
        final = class_id
        while merged[final] is not None:
            final = merged[final]
        said[path][rank, statement, kind].add(names[final])
    return {path: decided(said[path]) for path in rows(store, "SELECT path FROM image ORDER BY path")}


def decided(said: dict[tuple[int, int, str], set[str]]) -> tuple[str | None, list[str], str | None, int]:
    """Return the four columns of one image, given what each statement says."""
    top = max((rank for rank, _, _ in said), default=0)
    best = {tuple(sorted(classes)) for (rank, _, _), classes in said.items() if rank == top}
    source = min((kind for rank, _, kind in said if rank == top), default=None)
    if len(best) != 1:
        return None, [], source, int(len(best) > 1)
    labels = list(best.pop())
    return (labels[0] if len(labels) == 1 else None), labels, source, 0


def remove(files: list[Path]) -> None:
    """Delete files."""
    for file in files:
        file.unlink()


def do_something(store: Store, place: Place, rng: random.Random, number: int) -> None:
    """Do one random thing to a manifest or to the files it is about."""
    names = rows(store, "SELECT name FROM class WHERE removed_by IS NULL ORDER BY id")
    paths = rows(store, "SELECT path FROM image ORDER BY path")
    files = sorted(place.root.rglob("*.png"))
    rank = rng.choice([Rank.PERSON, Rank.SHEET, Rank.MODEL])
    actions: list[Callable[[], object]] = [
        lambda: rename_class(store, rng.choice(names), f"name{number:02}"),
        lambda: merge_classes(store, [rng.choice(names)], rng.choice(names)),
        lambda: retire_class(store, rng.choice(names)),
        lambda: undo(store),
        lambda: undo(store, rng.randint(2, number + 2)),
        lambda: say(store, rng.choice(paths), rng.choice(names), rank=rank, location=f"s{number % 3}"),
        lambda: say(store, rng.choice(paths), rng.choice(names), f"new{number:02}", rank=rank),
        lambda: unsay(store, rng.choice(paths), rank=rank),
        lambda: split_images(store, {"train": 0.5, "val": 0.25, "test": 0.25}, seed=number),
        lambda: draw(rng.choice(files), 100 + number),
        lambda: remove(files[3:4]),
        lambda: draw(place.root / f"new{number % 4:02}" / f"{number}.png", 200 + number),
        lambda: files[0].rename(files[-1].with_name(f"moved{number}.png")),
    ]
    try:
        rng.choice(actions)()
    except LabelprepError:
        return


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_stored_columns_are_what_the_statements_amount_to(
    store: Store, animals: Place, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - no secret
    compared, reports = [], []
    for number in range(40):
        do_something(store, animals, rng, number)
        if number % 10 == 9:
            reports.append(scan(animals.root))
        compared.append((stored_columns(store), recomputed_columns(store)))

    assert [stored for stored, _ in compared] == [again for _, again in compared]
    assert len({repr(stored) for stored, _ in compared}) > 5
    files = sorted(file.relative_to(animals.root).as_posix() for file in animals.root.rglob("*.png"))
    assert list(labels_of(store)) == files
    assert all(one.added + one.changed + one.moved + one.unchanged == one.images for one in reports)
    assert all(sum(one.status.values()) == one.images + one.missing for one in reports)
