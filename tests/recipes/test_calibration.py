from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from rainmer_analysis.recipes.datasets.compare_simulated_with_real import (
    MIXTURES,
    PROPERTIES,
    compare_simulated_with_real,
    load_real_measurements,
    wasserstein_to_quantiles,
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
    return compare_simulated_with_real(per_dataset=30)


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
    found = wasserstein_to_quantiles(sample, weights, np.percentile(law, np.arange(101)))
    assert found == pytest.approx(expected, rel=0.02)


# Number, mean, sd, least and largest of the published measurements, as they were printed.
PRINTED = {
    "SynRain": {
        "density": (13_711, 0.1290, 0.0733, 0.0131, 0.5983),
        "brightness_clean": (13_711, 107.77, 23.64, 31.4, 215.4),
        "brightness_rainy": (13_711, 128.29, 26.67, 26.5, 241.7),
        "psnr": (13_711, 22.21, 5.24, 6.03, 35.56),
    },
    "GT-Rain": {
        "density": (26_124, 0.1397, 0.0696, 0.0188, 0.3585),
        "brightness_clean": (26_124, 92.26, 28.26, 31.9, 171.7),
        "brightness_rainy": (26_124, 100.07, 31.84, 31.9, 176.3),
        "psnr": (26_124, 23.67, 4.71, 13.43, 35.44),
    },
    "GTAV-balance": {
        "density": (12_321, 0.0971, 0.0404, 0.0057, 0.5701),
        "brightness_clean": (12_321, 26.65, 14.49, 2.93, 137.2),
        "brightness_rainy": (12_321, 27.95, 14.79, 2.88, 137.7),
        "psnr": (12_321, 33.39, 5.26, 10.36, 52.55),
    },
}
# Percentiles 5, 25, 50, 75 and 95 of the densities.
DENSITIES = {
    "SynRain": (0.0437, 0.0709, 0.1158, 0.1638, 0.2731),
    "GT-Rain": (0.0429, 0.0852, 0.1378, 0.1790, 0.2589),
    "GTAV-balance": (0.0416, 0.0751, 0.0936, 0.1168, 0.1663),
}


@pytest.mark.parametrize("name", list(MIXTURES))
def test_shipped_facts_are_the_printed_ones(name):
    facts = load_real_measurements()[name]
    for key, (count, mean, sd, least, largest) in PRINTED[name].items():
        digit = 5e-5 if key == "density" else 5e-3
        assert facts[key]["n"] == count
        assert facts[key]["mean"] == pytest.approx(mean, abs=1.01 * digit)
        assert facts[key]["sd"] == pytest.approx(sd, abs=1.01 * digit)
        quantiles = facts[key]["quantiles"]
        bound = digit if key in ("density", "psnr") else 0.05
        assert quantiles[0] == pytest.approx(least, abs=1.01 * bound)
        assert quantiles[100] == pytest.approx(largest, abs=1.01 * bound)
    chosen = [facts["density"]["quantiles"][q] for q in (5, 25, 50, 75, 95)]
    np.testing.assert_allclose(chosen, DENSITIES[name], rtol=0, atol=6e-5)


@pytest.mark.parametrize("name", list(MIXTURES))
def test_shipped_facts_are_those_of_the_measurements(shared, name):
    facts = load_real_measurements()[name]
    properties = np.load(shared / "measured" / f"{name}_properties.npz")
    arrays = {key: properties[array] for key, array in ARRAYS.items()}
    arrays["density"] = np.load(shared / "measured" / f"{name}_density.npy")
    for key, values in arrays.items():
        assert facts[key]["n"] == values.size
        assert facts[key]["mean"] == pytest.approx(values.mean(dtype=float), rel=1e-4)
        assert facts[key]["sd"] == pytest.approx(values.std(dtype=float), rel=1e-4)
        quantiles = np.percentile(values.astype(float), np.arange(101))
        np.testing.assert_allclose(facts[key]["quantiles"], quantiles, rtol=1e-4)
