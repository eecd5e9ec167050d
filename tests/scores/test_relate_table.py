from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores import relate
from rainmer_analysis.values import EmbeddingTable
from rainmer_analysis.values.immutable.embedding_table_and_map import BATCH
from tests.conftest import ORACLES, SHARED
from tests.oracles import build
from tests.oracles.build import analysed

Make = Callable[..., EmbeddingTable]
RECORDED = Path(build.__file__).with_name("recorded.npz")


def brute(table: EmbeddingTable, *, self_pairs: bool) -> np.ndarray:
    vectors = table.vectors.astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = table.rows.codes
    size = len(table.rows.datasets)
    values = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            pairs = [
                float(vectors[i] @ vectors[j])
                for i in np.flatnonzero(codes == a)
                for j in np.flatnonzero(codes == b)
                if self_pairs or i != j
            ]
            values[a, b] = np.mean(pairs)
    return values


@pytest.mark.parametrize(("score", "self_pairs"), [("cosine", False), ("paper", True)])
def test_equals_brute_force(clouds: EmbeddingTable, score: str, self_pairs: bool) -> None:
    matrix = relate(clouds, score=score)
    assert np.abs(matrix.values - brute(clouds, self_pairs=self_pairs)).max() < 1e-12
    assert (matrix.datasets, matrix.counts) == (("a", "b", "c"), (30, 20, 12))
    assert matrix.groups == (15, 20, 11)
    assert matrix.score == score
    assert matrix.space == clouds.space


def published_analysis(name: str) -> dict[str, np.ndarray]:
    """What the published code made of clusters, or what it is held to without its outputs."""
    if name == "published":
        with np.load(SHARED / "oracle" / "umap_io.npz") as stored:
            return dict(stored)
    with np.load(RECORDED) as stored:
        return analysed(stored["angles"])


@pytest.mark.parametrize("name", ORACLES)
def test_equals_published_scores(name: str, make: Make) -> None:
    stored = published_analysis(name)
    table = make(stored["X"], [f"set {i // 120}" for i in range(480)])
    published, without = stored["S"], stored["S_diag_noself"]
    assert np.abs(relate(table, score="paper").values - published).max() < 1e-6
    matrix = relate(table).values
    assert np.abs(np.diag(matrix) - without).max() < 1e-6
    off = ~np.eye(4, dtype=bool)
    assert np.abs(matrix[off] - published[off]).max() < 1e-6


def test_a_single_image_has_no_pair_with_itself(make: Make) -> None:
    table = make(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), ["one", "two", "two"])
    found = relate(table).values
    assert np.isnan(found[0, 0])
    assert found[0, 1] == pytest.approx(np.sqrt(0.5) / 2)
    assert relate(table, score="paper").values[0, 0] == pytest.approx(1.0)


def test_more_rows_than_a_batch(make: Make) -> None:
    count = BATCH + 101
    vectors = np.random.default_rng(3).normal(size=(count, 4)) + 1
    names = ["a" if i % 3 else "b" for i in range(count)]
    table = make(vectors, names)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    means = [unit[np.array(names) == name].mean(axis=0) for name in "ba"]
    assert relate(table).values[0, 1] == pytest.approx(float(means[0] @ means[1]), abs=1e-7)


def test_unknown_score_names_what_there_is(clouds: EmbeddingTable) -> None:
    with pytest.raises(ParameterError, match="no score 'mnd'; use one of cosine, paper"):
        relate(clouds, score="mnd")


def test_empty_table_is_refused(clouds: EmbeddingTable) -> None:
    with pytest.raises(ParameterError, match="holds no image"):
        relate(clouds.take(np.array([], dtype=int)))


def test_intervals_do_not_depend_on_threads(make: Make) -> None:
    vectors = np.random.default_rng(0).normal(size=(700, 128))
    table = make(vectors, ["a"] * 400 + ["b"] * 300)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(relate(table, resamples=200))
    assert found[0].content_sha256 == found[1].content_sha256
