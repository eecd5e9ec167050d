from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from rainmer_analysis.recipes.calibration import (
    MIXTURES,
    PROPERTIES,
    calibration,
    measured,
    wasserstein,
)

ARRAYS = {
    "entropy_clean": "gt_entropies",
    "entropy_rainy": "rain_entropies",
    "gradient": "y_gradients",
    "brightness_clean": "gt_illus",
    "brightness_rainy": "rain_illus",
    "non_monochromaticity": "non_monos",
    "psnr": "psnrs",
}


@pytest.fixture(scope="module")
def table():
    return calibration(per_dataset=30)


@pytest.mark.slow
def test_simulated_sets_lie_within_the_bounds(table):
    assert list(zip(table["set"], table["property"], strict=True)) == [
        (name, prop) for name in MIXTURES for prop in PROPERTIES
    ]
    # 0.25 is what 120 pairs a dataset keep; the mean of 30 strays by 1 / sqrt(30) = 0.18 more.
    assert table["difference"].abs().max() <= 0.25 + 0.18, table.to_string()
    assert table["ratio"].between(0.5, 2.0).all(), table.to_string()


@pytest.mark.slow
def test_the_table_agrees_with_itself(table):
    difference = (table["mean"] - table["real_mean"]) / table["real_sd"]
    np.testing.assert_allclose(table["difference"], difference)
    np.testing.assert_allclose(table["ratio"], table["sd"] / table["real_sd"])
    # The distance of two laws is never less than the distance of their means (up to quantiles).
    gap = (table["mean"] - table["real_mean"]).abs() - table["wasserstein"]
    assert (gap <= 0.02 * table["real_sd"]).all()
    assert (table["n"] + table["empty"]).tolist() == [120] * 8 + [30] * 16


def test_weights_of_mixtures_sum_to_one():
    for mixture in MIXTURES.values():
        assert sum(mixture.values()) == pytest.approx(1.0)


def test_distance_to_quantiles_is_the_wasserstein_distance():
    rng = np.random.default_rng(0)
    law = rng.gamma(3.0, size=40_000)
    sample, weights = rng.gamma(4.0, size=200), rng.random(200)
    expected = wasserstein_distance(sample, law, u_weights=weights)
    found = wasserstein(sample, weights, np.percentile(law, np.arange(101)))
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("name", list(MIXTURES))
def test_shipped_facts_are_those_of_the_measurements(shared, name):
    facts = measured()[name]
    properties = np.load(shared / "measured" / f"{name}_properties.npz")
    arrays = {key: properties[array] for key, array in ARRAYS.items()}
    arrays["density"] = np.load(shared / "measured" / f"{name}_density.npy")
    for key, values in arrays.items():
        assert facts[key]["n"] == values.size
        assert facts[key]["mean"] == pytest.approx(values.mean(dtype=float), rel=1e-4)
        assert facts[key]["sd"] == pytest.approx(values.std(dtype=float), rel=1e-4)
        quantiles = np.percentile(values.astype(float), np.arange(101))
        np.testing.assert_allclose(facts[key]["quantiles"], quantiles, rtol=1e-4)
