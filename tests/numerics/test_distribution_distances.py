from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import energy_distance as energy_on_a_line
from scipy.stats import ks_2samp

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import (
    energy_distance,
    equal_mixture,
    ks_statistic,
    wasserstein1,
    weighted_quantiles,
)


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=40), rng.normal(0.5, 2.0, size=70).round(1)


def test_distances_are_metrics(samples: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = samples
    for distance in (wasserstein1, ks_statistic):
        assert distance(one, one) == 0.0
        assert distance(one, other) == pytest.approx(distance(other, one))
        assert distance(one, other) > 0.0


def test_a_shift_is_as_far_as_it_goes(samples: tuple[np.ndarray, np.ndarray]) -> None:
    assert wasserstein1(samples[0], samples[0] + 3.0) == pytest.approx(3.0)
    assert ks_statistic(samples[0], samples[0] + 100.0) == 1.0


def test_kolmogorov_smirnov_agrees_with_scipy(samples: tuple[np.ndarray, np.ndarray]) -> None:
    assert ks_statistic(*samples) == pytest.approx(ks_2samp(*samples).statistic)


def test_a_weight_of_two_is_a_value_twice() -> None:
    values, weights = np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 1.0])
    twice = np.array([1.0, 2.0, 2.0, 5.0])
    other = np.array([0.0, 4.0])
    for distance in (wasserstein1, ks_statistic):
        assert distance(other, values, second_weights=weights) == pytest.approx(
            distance(twice, other)
        )
    levels = np.array([0.2, 0.3, 0.5, 0.75, 0.76])
    assert weighted_quantiles(values, weights, levels).tolist() == [1.0, 2.0, 2.0, 2.0, 5.0]


def test_a_mixture_weighs_its_samples_alike() -> None:
    values, weights = equal_mixture([np.zeros(10), np.ones(1000)])
    assert weights[values == 0.0].sum() == pytest.approx(0.5)
    with pytest.raises(ParameterError, match="of no values"):
        equal_mixture([np.zeros(3), np.zeros(0)])


def test_energy_distance_is_that_of_one_dimension_squared() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=70), rng.normal(0.4, 1.3, size=90)
    weights = rng.random(90)
    found = energy_distance(one[:, None], other[:, None], second_weights=weights)
    assert found == pytest.approx(energy_on_a_line(one, other, v_weights=weights) ** 2, rel=1e-9)
    assert energy_distance(one[:, None], one[::-1, None]) == pytest.approx(0, abs=1e-12)
