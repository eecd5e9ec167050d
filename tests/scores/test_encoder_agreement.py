"""Two encoders about the same images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group, spearmanr

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores import compare, relate
from rainmer_analysis.scores.between import (
    debiased_cka,
    linear_cka,
    rsa_correlation,
)
from rainmer_analysis.scores.between.representation_similarity import procrustes_similarity
from rainmer_analysis.values import EmbeddingTable, Rows

Make = Callable[..., EmbeddingTable]


def pair(seed: int = 0, *, count: int = 40, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 6))
    return x, x @ generator.normal(size=(6, 9)) + noise * generator.normal(size=(count, 9))


def centring(count: int) -> np.ndarray:
    return np.eye(count) - 1 / count


def test_cka_equals_hsic_of_gram_matrices() -> None:
    x, y = pair()
    h = centring(40)
    k, m = h @ x @ x.T @ h, h @ y @ y.T @ h
    expected = np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))
    assert linear_cka(x, y) == pytest.approx(expected, abs=1e-12)


def test_debiased_cka_equals_its_gram_form() -> None:
    x, y = pair()

    def hsic(a: np.ndarray, b: np.ndarray) -> float:  # Song et al. 2012, equation 5
        k, m, n = a @ a.T, b @ b.T, len(a)
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        one = np.ones(n)
        middle = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        last = 2 * (one @ k @ m @ one) / (n - 2)
        return float((np.trace(k @ m) + middle - last) / (n * (n - 3)))

    expected = hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))
    assert debiased_cka(x, y) == pytest.approx(expected, abs=1e-10)


def test_debiased_cka_of_unrelated_encodings_is_zero_where_cka_is_not() -> None:
    generator = np.random.default_rng(1)
    drawn = [generator.normal(size=(2, 12, 30)) for _ in range(60)]
    assert abs(np.mean([debiased_cka(*each) for each in drawn])) < 0.05
    assert np.mean([linear_cka(*each) for each in drawn]) > 0.6


def test_procrustes_equals_scipys() -> None:
    x, y = pair()
    x, y = x - x.mean(axis=0), (y - y.mean(axis=0))[:, :6]
    expected = orthogonal_procrustes(x / np.linalg.norm(x), y / np.linalg.norm(y))[1]
    assert procrustes_similarity(x, y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, procrustes_similarity])
def test_rotation_scale_and_shift_do_not_matter(
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    x, y = pair()
    turn = ortho_group.rvs(9, random_state=np.random.default_rng(2))
    assert measure(x, 3 * y @ turn + 1) == pytest.approx(measure(x, y), abs=1e-10)
    assert measure(x, y) == pytest.approx(measure(y, x), abs=1e-12)
    assert measure(y, 2 * y @ turn) == pytest.approx(1, abs=1e-10)


def test_rank_correlation_equals_scipys() -> None:
    generator = np.random.default_rng(3)
    a, b = (m + m.T for m in generator.normal(size=(2, 6, 6)))
    upper = np.triu_indices(6, k=1)
    assert rsa_correlation(a, b) == pytest.approx(spearmanr(a[upper], b[upper])[0])
    assert np.isnan(rsa_correlation(np.ones((4, 4)), b[:4, :4]))


def tables(make: Make, *, noise: float = 0.1, sets: int = 5) -> tuple[EmbeddingTable, ...]:
    """Two encodings of the same sets: the second a noisy rotation of the first."""
    generator = np.random.default_rng(4)
    names = [f"d{i % sets}" for i in range(40 * sets)]
    groups = [f"g{i // 2}" for i in range(40 * sets)]
    centres = generator.normal(size=(sets, 12))
    x = centres[np.arange(40 * sets) % sets] + 0.7 * generator.normal(size=(40 * sets, 12))
    turn = ortho_group.rvs(12, random_state=generator)
    return make(x, names, groups), make(
        x @ turn + noise * generator.normal(size=x.shape), names, groups
    )


def test_compares_what_both_hold(make: Make) -> None:
    first, second = tables(make)
    found = compare(first, second.take(range(10, 200)), resamples=100)
    assert (found.images, found.scenes, found.left_out) == (190, 95, (10, 0))
    assert (
        found.datasets
        == first.take(range(10, 200))
        .take(np.argsort(first.rows.column("image_id")[10:].astype(str), kind="stable"))
        .rows.datasets
    )
    for name, estimate in found.estimates.items():
        assert estimate is not None, name
        assert estimate.low < estimate.value < estimate.high, name
        assert estimate.value > 0.8, name
    assert found.rsa_ceiling is not None
    assert 0.8 < found.rsa_ceiling <= 1


def test_rsa_is_that_of_the_printed_matrices(make: Make) -> None:
    first, second = tables(make, noise=2.0)
    found = compare(first, second, resamples=10).estimates["rsa"]
    matrices = [relate(each).to_frame().sort_index().sort_index(axis=1) for each in (first, second)]
    assert found is not None
    assert found.value == pytest.approx(rsa_correlation(*(m.to_numpy() for m in matrices)))


def test_order_of_rows_does_not_matter_and_resamples_repeat(make: Make) -> None:
    first, second = tables(make)
    order = np.random.default_rng(5).permutation(len(second))
    one, two = (
        compare(first, second, resamples=20),
        compare(first, second.take(order), resamples=20),
    )
    for name in one.estimates:
        assert one.estimates[name] == pytest.approx(two.estimates[name]), name
    assert one.rsa_ceiling == two.rsa_ceiling


def test_few_datasets_have_no_rsa(make: Make) -> None:
    found = compare(*tables(make, sets=3), resamples=10)
    assert found.estimates["rsa"] is None
    assert found.rsa_ceiling is None


def test_what_cannot_be_compared_is_refused(make: Make) -> None:
    first, second = tables(make)
    with pytest.raises(ParameterError, match=r"share 10 image\(s\) of 5 scene\(s\), and comparing"):
        compare(first.take(range(10)), second)
    frame = second.rows.frame
    frame["group"] = "other " + frame["group"]
    with pytest.raises(ParameterError, match="has another group in the second table"):
        compare(first, dataclasses.replace(second, rows=Rows(frame)))
    with pytest.raises(ParameterError, match="a level of 2 and 100 resamples"):
        compare(first, second, level=2, resamples=100)


@pytest.mark.parametrize("name", ["cka", "rsa", "procrustes", "CKA"])
def test_relate_says_why_they_are_no_scores_between_datasets(
    clouds: EmbeddingTable, name: str
) -> None:
    with pytest.raises(ParameterError, match="needs the same images on both sides, and two data"):
        relate(clouds, score=name)


def test_intervals_stay_within_what_a_measure_can_be(make: Make) -> None:
    for noise in (0.0, 0.02, 0.3):
        for estimate in compare(*tables(make, noise=noise), resamples=40).estimates.values():
            assert estimate is not None
            assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
