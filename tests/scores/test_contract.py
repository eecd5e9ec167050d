"""What every registered score must keep to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores import DEFAULT_SCORE, SCORES, Context, Score, relate
from rainmer_analysis.values import EmbeddingTable

EVERY = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
SEEDS = st.integers(0, 2**32 - 1)


def unit(seed: int, count: int) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, 8)) + 0.3)


def test_registry() -> None:
    assert list(SCORES) == ["cosine", "paper"]
    assert DEFAULT_SCORE in SCORES
    assert all(name == score.name for name, score in SCORES.items())
    with pytest.raises(TypeError):
        SCORES["new"] = SCORES["paper"]  # type: ignore[index]


@EVERY
def test_is_frozen_and_describes_itself(score: Score) -> None:
    assert score.about
    assert score.fewest >= 1
    assert score.fewest_same >= 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.name = "other"  # type: ignore[misc]


@EVERY
@given(seed=SEEDS)
@settings(max_examples=25)
def test_symmetry(score: Score, seed: int) -> None:
    a, b = score.summarise(unit(seed, 5)), score.summarise(unit(seed + 1, 3))
    forth = score.compare(a, b, Context(same=False))
    back = score.compare(b, a, Context(same=False))
    assert (forth == pytest.approx(back, abs=1e-12)) is score.symmetric


@EVERY
@given(seed=SEEDS, cuts=st.tuples(st.integers(1, 8), st.integers(9, 19)))
@settings(max_examples=25)
def test_merging_is_associative_and_equals_one_pass(
    score: Score, seed: int, cuts: tuple[int, int]
) -> None:
    rows = unit(seed, 20)
    a, b, c = (score.summarise(part) for part in np.split(rows, cuts))
    ways = [
        score.merge(score.merge(a, b), c),
        score.merge(a, score.merge(b, c)),
        score.merge(score.merge(c, a), b),
    ]
    whole, other = score.summarise(rows), score.summarise(unit(seed + 1, 4))
    for context, partner in ((Context(same=True), None), (Context(same=False), other)):
        expected = score.compare(whole, whole if partner is None else partner, context)
        for way in ways:
            found = score.compare(way, way if partner is None else partner, context)
            assert found == pytest.approx(expected, abs=1e-12)


@EVERY
def test_order_of_rows_does_not_matter(score: Score, clouds: EmbeddingTable) -> None:
    expected = relate(clouds, score=score.name).to_frame()
    order = np.random.default_rng(5).permutation(len(clouds))
    found = relate(clouds.take(order), score=score.name).to_frame()
    difference = found.loc[expected.index, expected.columns] - expected
    assert np.abs(difference.to_numpy()).max() < 1e-12


@EVERY
def test_rotation_does_not_matter(score: Score, clouds: EmbeddingTable) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(6).normal(size=(24, 24)))
    turned = EmbeddingTable(clouds.vectors @ turn, clouds.rows, clouds.space)
    before, after = (relate(table, score=score.name).values for table in (clouds, turned))
    assert np.abs(before - after).max() < 1e-6


@EVERY
def test_similarity_says_which_way_is_alike(score: Score) -> None:
    near = score.summarise(unit_rows([[1.0, 0.0], [1.0, 0.1]]))
    far = score.summarise(unit_rows([[-1.0, 0.0], [-1.0, 0.1]]))
    alike = score.compare(near, near, Context(same=False))
    unlike = score.compare(near, far, Context(same=False))
    assert (alike > unlike) is score.similarity


@EVERY
def test_too_few_images_are_a_missing_cell(score: Score, clouds: EmbeddingTable) -> None:
    one = relate(clouds.take([0, 30, 31]), score=score.name).values
    assert np.isnan(one[0, 0]) == (score.fewest_same > 1)
    assert np.isnan(one[0, 1]) == (score.fewest > 1)
