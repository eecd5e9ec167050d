from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import hash_scene_names, poisson_weights
from rainmer_analysis.scores import bootstrap, make_separation_margin_statistic, relate
from rainmer_analysis.scores.dataset_summaries import Summariser, summaries_by_dataset
from rainmer_analysis.scores.matrix_bootstrap import cosine_matrices
from rainmer_analysis.scores.score import Context
from rainmer_analysis.scores.streaming import merge_sums, sum_scenes
from rainmer_analysis.values import EmbeddingTable

Make = Callable[..., EmbeddingTable]


def first_pair(values: np.ndarray, datasets: tuple[str, ...]) -> float:
    return float(values[datasets.index("a"), datasets.index("b")])


def by_hand(table: EmbeddingTable, weights: dict[str, int]) -> np.ndarray:
    """The matrix of a resample, with every copy of every image written out."""
    unit = table.vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    groups, codes = table.rows.column("group"), table.rows.codes
    copies = [(i, copy) for i in range(len(unit)) for copy in range(weights[groups[i]])]
    size = len(table.rows.datasets)
    sums, counts = np.zeros((size, size)), np.zeros((size, size))
    for i, first in copies:
        for j, second in copies:
            if i == j:
                continue
            # in one dataset copies of a scene are other scenes; shared ones pair as they come
            if codes[i] == codes[j] and groups[i] == groups[j] and first != second:
                continue
            sums[codes[i], codes[j]] += unit[i] @ unit[j]
            counts[codes[i], codes[j]] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def resampled(table: EmbeddingTable, resamples: int, seed: int) -> list[np.ndarray]:
    """The matrices that a statistic is taken of, before their means are moved."""
    context = Context(resamples=resamples, seed=seed)
    summariser = Summariser(sum_scenes, merge_sums)
    found = summaries_by_dataset(
        table, {"sums": summariser}, context, keep_scenes_whole=True, with_sampling_order=False
    )
    return list(cosine_matrices([each.summaries["sums"] for each in found.values()], context))


def test_weights_of_one_give_the_score(clouds: EmbeddingTable) -> None:
    assert np.abs(resampled(clouds, 1, 0)[0] - relate(clouds).values).max() < 1e-12


def test_resamples_equal_copies_written_out(clouds: EmbeddingTable) -> None:
    scenes = np.unique(clouds.rows.column("group").astype(str))
    weights = poisson_weights(hash_scene_names(scenes), resamples=3, seed=1)
    for row, found in zip(weights.T, resampled(clouds, 3, 1)[1:], strict=True):
        expected = by_hand(clouds, dict(zip(scenes, row.astype(int), strict=True)))
        assert np.abs(found - expected).max() < 1e-10


def test_shared_scenes_are_drawn_together(make: Make) -> None:
    # b is a copy of a: with joint draws their difference in score to c never varies
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(20, 6))
    other = generator.normal(size=(15, 6))
    scenes = [f"s{i}" for i in range(20)]
    table = make(
        np.concatenate([rows, rows, other]),
        ["a"] * 20 + ["b"] * 20 + ["c"] * 15,
        scenes + scenes + [f"c{i}" for i in range(15)],
    )
    found = bootstrap(table, lambda values, _: float(values[0, 2] - values[1, 2]), resamples=50)
    assert max(map(abs, found)) < 1e-12
    assert bootstrap(table, lambda values, _: float(values[0, 2]), resamples=50).high > 0


def test_interval_widens_when_images_share_scenes(make: Make) -> None:
    generator = np.random.default_rng(7)
    scenes = generator.normal(size=(2, 12, 10)) + 1
    rows = np.repeat(scenes, 10, axis=1).reshape(240, 10)
    names = ["a"] * 120 + ["b"] * 120
    alone = make(rows, names)
    grouped = make(rows, names, [f"{name}{i // 10}" for i, name in enumerate(names)])
    wide, narrow = (bootstrap(t, first_pair, resamples=400) for t in (grouped, alone))
    assert wide.value == pytest.approx(narrow.value)
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert 2.2 < ratio < 4.5  # the square root of 10 images a scene


def test_interval_covers_the_truth_about_as_often_as_it_says(make: Make) -> None:
    # unit vectors around two fixed directions; the truth is the product of expectations
    def drawn(seed: int, count: int) -> np.ndarray:
        generator = np.random.default_rng(seed)
        rows = generator.normal(size=(2, count, 3)) + np.array([[[1.5, 0, 0]], [[1, 1, 0]]])
        return rows / np.linalg.norm(rows, axis=-1, keepdims=True)

    means = drawn(10**6, 100_000).mean(axis=1)
    truth = float(means[0] @ means[1])
    hits = 0
    for seed in range(40):
        table = make(drawn(seed, 40).reshape(80, 3), ["a"] * 40 + ["b"] * 40)
        found = bootstrap(table, first_pair, resamples=200, level=0.9, seed=seed)
        hits += found.low <= truth <= found.high
    assert 30 <= hits <= 40  # 36 expected; below with probability 0.002


def test_is_seeded_and_independent_of_row_order(clouds: EmbeddingTable) -> None:
    order = np.random.default_rng(8).permutation(len(clouds))
    first = bootstrap(clouds, first_pair, resamples=60)
    assert bootstrap(clouds, first_pair, resamples=60) == first
    assert bootstrap(clouds.take(order), first_pair, resamples=60) == pytest.approx(first)
    assert bootstrap(clouds, first_pair, resamples=60, seed=1) != first
    assert first.low < first.value < first.high


def test_higher_level_is_wider(clouds: EmbeddingTable) -> None:
    narrow, wide = (bootstrap(clouds, first_pair, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_missing_statistic_has_no_bounds(make: Make) -> None:
    table = make(np.eye(3), ["a", "b", "b"])
    found = bootstrap(table, lambda values, _: float(values[0, 0]), resamples=5)
    assert np.isnan(found).all()


def test_night_margin(make: Make) -> None:
    day = np.array([[1, 0.1, 0], [1, -0.1, 0], [1, 0, 0.1], [1, 0, -0.1]])
    table = make(np.concatenate([day, -day]), ["d1", "d1", "d2", "d2", "n", "n", "n", "n"])
    values, names = relate(table).values, ("d1", "d2", "n")
    margin = make_separation_margin_statistic("n")
    assert margin(values, names) == pytest.approx(values[0, 1] - max(values[2, 0], values[2, 1]))
    assert margin(values, names) > 1.9
    assert make_separation_margin_statistic("d1")(values, names) < -1.9
    found = bootstrap(table, margin, resamples=30)
    assert found.low <= found.value == pytest.approx(margin(values, names))
    with pytest.raises(ParameterError, match="margin of 'x' over d1, d2, n is undefined"):
        make_separation_margin_statistic("x")(values, names)
    with pytest.raises(ParameterError, match="at least two others"):
        bootstrap(table.take([0, 1, 4]), margin)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, float("nan")])
def test_refuses_a_level_that_is_no_share(clouds: EmbeddingTable, level: float) -> None:
    with pytest.raises(ParameterError, match="give a share between 0 and 1"):
        bootstrap(clouds, first_pair, level=level)


def test_refuses_nothing(clouds: EmbeddingTable) -> None:
    with pytest.raises(ParameterError, match="0 resamples were asked for"):
        bootstrap(clouds, first_pair, resamples=0)
    with pytest.raises(ParameterError, match="holds no image"):
        bootstrap(clouds.take(np.array([], dtype=int)), first_pair)
