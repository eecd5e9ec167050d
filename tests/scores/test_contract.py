"""What every registered score must keep to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores import DEFAULT_SCORE, SCORES, Context, Reference, Score, relate
from rainmer_analysis.scores.score import Batch
from rainmer_analysis.values import EmbeddingTable

Make = Callable[..., EmbeddingTable]
EVERY = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
STREAMING = [score for score in SCORES.values() if score.is_streaming]
SAMPLED = [score for score in SCORES.values() if not score.is_streaming]
SEEDS = st.integers(0, 2**32 - 1)
CONTEXT = Context(resamples=5, sample=400, reference=Reference("x", np.full(8, 0.05)))


def batch(seed: int, scenes: int, *, shift: float = 0.3, per_scene: int = 2) -> Batch:
    """Draw scenes of some images each, around one direction."""
    generator = np.random.default_rng(seed)
    places = generator.normal(size=(scenes, 1, 8)) * 0.3 + np.eye(8)[0]
    rows = places + generator.normal(size=(scenes, per_scene, 8)) * 0.2 + shift * np.eye(8)[1]
    keys = generator.integers(0, 2**63, size=scenes).astype(np.uint64)
    images = generator.integers(0, 2**63, size=scenes * per_scene).astype(np.uint64)
    return Batch(unit_rows(rows.reshape(-1, 8)), np.repeat(keys, per_scene), images)


def part(whole: Batch, low: int, high: int) -> Batch:
    """Cut whole scenes of two images out of a batch."""
    cut = slice(2 * low, 2 * high)
    return Batch(whole.unit[cut], whole.scenes[cut], whole.images[cut])


def compared(score: Score, first: Batch, second: Batch, context: Context = CONTEXT) -> float:
    summaries = (score.summarise(each, context) for each in (first, second))
    return score.compare(*summaries, context)


def test_registry() -> None:
    assert list(SCORES) == [
        "cosine",
        "paper",
        "centred",
        "direction",
        "energy",
        "mmd",
        "frechet",
        "sliced-wasserstein",
        "classifier",
        "neighbours",
    ]
    assert [score.name for score in STREAMING] == ["cosine", "paper", "centred", "direction"]
    assert DEFAULT_SCORE in SCORES
    assert all(name == score.name for name, score in SCORES.items())
    with pytest.raises(TypeError):
        SCORES["new"] = SCORES["paper"]  # type: ignore[index]


@EVERY
def test_is_frozen_and_describes_itself(score: Score) -> None:
    assert score.about
    assert score.source
    assert score.fewest_images >= score.fewest_scenes >= 1
    assert score.bounds[0] < score.bounds[1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.name = "other"  # type: ignore[misc]


@EVERY
@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_symmetry(score: Score, seed: int) -> None:
    a, b = batch(seed, 24), batch(seed + 1, 22, shift=0.0)
    forth, back = compared(score, a, b), compared(score, b, a)
    assert (forth == pytest.approx(back, abs=1e-10)) is score.symmetric


@EVERY
@given(seed=SEEDS, cuts=st.tuples(st.integers(1, 8), st.integers(9, 19)))
@settings(max_examples=5, deadline=None)
def test_merging_is_associative_and_equals_one_pass(
    score: Score, seed: int, cuts: tuple[int, int]
) -> None:
    context = dataclasses.replace(CONTEXT, sample=44)  # fewer than there are
    whole, other = batch(seed, 24), score.summarise(batch(seed + 1, 22), context)
    borders = [0, *cuts, 24]
    a, b, c = (score.summarise(part(whole, low, high), context) for low, high in pairwise(borders))

    def joined(one: object, two: object) -> object:
        return score.merge(one, two, context)

    ways = [joined(joined(a, b), c), joined(a, joined(b, c)), joined(joined(c, a), b)]
    expected = score.compare(score.summarise(whole, context), other, context)
    for way in ways:
        assert score.compare(way, other, context) == pytest.approx(expected, abs=1e-10)


def many(make: Make, *, shift: float = 1.0, scenes: int = 24) -> EmbeddingTable:
    """Three datasets, two of which are of one kind and share a third of their scenes."""
    generator = np.random.default_rng(3)
    rows, names, groups = [], [], []
    for number, name in enumerate("abc"):
        for scene in range(scenes):
            shared = number < 2 and scene < scenes // 3
            group = f"s{scene}" if shared else f"{name}{scene}"
            place = np.random.default_rng(hash_of(group)).normal(size=8) * 0.3 + np.eye(8)[0]
            for _ in range(2):
                moved = shift * np.eye(8)[1] * (number == 2)
                rows.append(place + moved + generator.normal(size=8) * 0.2)
                names.append(name)
                groups.append(group)
    return make(np.array(rows), names, groups)


def hash_of(text: str) -> int:
    return sum(ord(letter) * 131**place for place, letter in enumerate(text))


@EVERY
def test_order_of_rows_does_not_matter(score: Score, make: Make) -> None:
    table = many(make).take(range(96))  # a and b, which share scenes
    options = {"score": score.name, "resamples": 20, "null": 9}
    expected = relate(table, **options)
    order = np.random.default_rng(5).permutation(len(table))
    found = relate(table.take(order), **options)
    places = [found.datasets.index(name) for name in expected.datasets]
    for name in ("values", "low", "high", "p", "q"):
        before, after = getattr(expected, name), getattr(found, name)[np.ix_(places, places)]
        assert np.nanmax(np.abs(after - before)) < 1e-9, name


@EVERY
def test_adding_a_dataset_changes_no_other_cell(score: Score, make: Make) -> None:
    table = many(make)
    two = table.take(np.flatnonzero(table.rows.column("dataset") != "c"))
    before, after = (relate(each, score=score.name).values for each in (two, table))
    assert np.abs(after[:2, :2] - before).max() < 1e-12


@EVERY
def test_rotation_does_not_matter(score: Score, make: Make) -> None:
    table = many(make)
    turn, _ = np.linalg.qr(np.random.default_rng(6).normal(size=(8, 8)))
    turned = EmbeddingTable(table.vectors @ turn, table.rows, table.space)
    before, after = (relate(each, score=score.name).values for each in (table, turned))
    # directions of a slice stay where they are: what is left of whole bases is their number's
    tolerance = 0.1 * np.abs(before).max() if score.name == "sliced-wasserstein" else 1e-5
    assert np.abs(before - after).max() < tolerance


@EVERY
def test_similarity_says_which_way_is_alike(score: Score) -> None:
    alike = compared(score, batch(1, 30), batch(2, 30))
    unlike = compared(score, batch(1, 30), batch(3, 30, shift=1.5))
    assert (alike > unlike) is score.similarity


@pytest.mark.parametrize("score", SAMPLED, ids=lambda score: score.name)
def test_two_halves_of_one_set_give_nothing(score: Score) -> None:
    null = float(score.similarity)
    found = [compared(score, batch(seed, 24), batch(seed + 500, 24)) for seed in range(12)]
    apart = compared(score, batch(1, 24), batch(2, 24, shift=1.5))
    assert abs(np.mean(found) - null) < 3 * np.std(found) / np.sqrt(len(found)) + 1e-12
    assert abs(np.mean(found) - null) < 0.2 * abs(apart - null)


@EVERY
def test_a_set_with_itself(score: Score, make: Make) -> None:
    matrix = relate(many(make), score=score.name)
    diagonal = np.diag(matrix.values)
    if not score.is_streaming:
        assert diagonal.tolist() == [float(score.similarity)] * 3
    assert (diagonal <= 1).all()


@EVERY
def test_intervals_hold_their_value_and_p_tells_kinds_apart(score: Score, make: Make) -> None:
    matrix = relate(many(make), score=score.name, resamples=40, null=39)
    assert matrix.low is not None
    assert matrix.high is not None
    assert matrix.p is not None
    a, b, c = (matrix.datasets.index(name) for name in "abc")
    for one, other in ((a, b), (a, c), (b, c)):
        low, value, high = (cells[one, other] for cells in (matrix.low, matrix.values, matrix.high))
        assert low <= value <= high
        assert low < high
        # nothing that the score cannot be, unless its own estimate is
        assert min(score.bounds[0], value) <= low
        assert high <= max(score.bounds[1], value)
    assert matrix.p[a, c] == pytest.approx(1 / 40)
    assert matrix.p[a, b] > 0.05
    assert matrix.undecided[a, b]
    assert not matrix.undecided[a, c]


@EVERY
def test_too_few_images_are_refused_or_a_missing_cell(score: Score, make: Make) -> None:
    table = many(make)
    few = np.flatnonzero(table.rows.column("dataset") == "a")[:1]
    rest = np.flatnonzero(table.rows.column("dataset") != "a")
    left = relate(table.take([*few, *rest]), score=score.name)
    assert np.isnan(left.values[0, 0]) == (score.fewest_same > 1 or score.fewest_images > 1)
    assert np.isnan(left.values[0, 1]) == (score.fewest_images > 1)
    assert np.isfinite(left.values[1, 2])
    if score.fewest_images > 1:
        assert "a has 1 image(s) of 1 scene(s)" in left.parameters["left_out"]["a"]
        with pytest.raises(ParameterError, match="fewer than two datasets are left: a has 1"):
            relate(table.take([*few, *rest[:48]]), score=score.name)


@EVERY
def test_one_dataset_only_is_refused(score: Score, make: Make) -> None:
    table = many(make)
    with pytest.raises(ParameterError, match="only 'a' came; give at least two"):
        relate(table.take(range(48)), score=score.name)
