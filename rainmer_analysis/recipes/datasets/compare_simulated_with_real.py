"""Hold the simulated datasets against the measurements of the real ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.images import map_in_threads
from rainmer_analysis.images.image_and_pair_measures import (
    brightness,
    entropy,
    non_monochromaticity,
    psnr_y,
    rain_density,
    vertical_gradient,
)
from rainmer_analysis.recipes.datasets.write_simulated_datasets import Progress
from rainmer_analysis.weather import simulate

__all__ = ["MIXTURES", "PROPERTIES", "compare_simulated_with_real", "load_real_measurements"]

# The eight published properties: each a function of the rainy and the clean image.
_MEASURES: Mapping[str, Callable[[ArrayLike, ArrayLike], float]] = MappingProxyType(
    {
        "density": rain_density,
        "entropy_clean": lambda _, clean: entropy(clean),
        "entropy_rainy": lambda rainy, _: entropy(rainy),
        "gradient": vertical_gradient,
        "brightness_clean": lambda _, clean: brightness(clean),
        "brightness_rainy": lambda rainy, _: brightness(rainy),
        "non_monochromaticity": non_monochromaticity,
        "psnr": psnr_y,
    }
)
PROPERTIES = tuple(_MEASURES)
# What stands for each measured set. SynRain (Rain13K) draws most of its images from DDN's types.
MIXTURES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "SynRain": {
            "sim-DDN_1": 0.41,
            "sim-DDN_5": 0.41,
            "sim-Rain200H": 0.13,
            "sim-Rain800": 0.05,
        },
        "GT-Rain": {"sim-GT-Rain": 1.0},
        "GTAV-balance": {"sim-GTAV-balance": 1.0},
    }
)


def load_real_measurements() -> dict[str, Any]:
    """Return the measurements of the real sets: per set and property n, mean, sd, 101 quantiles.

    Density on images in [0, 1]; entropy in bits; gradient, brightness and non-monochromaticity on
    levels of 0 to 255; PSNR on luma in dB. See ``image_and_pair_measures``.
    """
    text = (files("rainmer_analysis.images") / "measured.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def compare_simulated_with_real(
    *,
    per_dataset: int = 120,
    size: tuple[int, int] = (256, 256),
    seed: int = 42,
    split: str = "figure",
    workers: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare simulated with measured distributions at the size that is simulated.

    The recipes are calibrated at the default, 256x256 pixels, which is what is simulated by
    default elsewhere too. The real images are larger (about 480x320, crops of 512x512); a
    simulated image stands for such an image reduced to 256 rows, with the levels, gradients and
    noise that the real one has per pixel. Other sizes give other gradients.

    Returns
    -------
    A row per set and property: ``set``, ``property``, ``n`` (simulated pairs), ``empty`` (pairs
    left out because no pixel changed by more than 8 levels), ``real_mean``,
    ``real_sd``, ``mean``, ``sd``, ``difference`` of the means in real standard deviations,
    ``ratio`` of the standard deviations, and the Wasserstein-1 distance in the property's unit.
    """
    names = [name for mixture in MIXTURES.values() for name in mixture]
    jobs = [(name, index) for name in names for index in range(per_dataset)]

    def simulate_and_measure(job: tuple[str, int]) -> list[float]:
        pair = simulate(job[0], job[1], split=split, size=size, seed=seed)
        return [function(pair.rainy, pair.clean) for function in _MEASURES.values()]

    values = np.array(
        map_in_threads(simulate_and_measure, jobs, workers=workers, progress=progress)
    )
    by_name = dict(zip(names, values.reshape(len(names), per_dataset, -1), strict=True))
    real = load_real_measurements()
    rows = []
    for real_set, mixture in MIXTURES.items():
        pooled = np.concatenate([by_name[name] for name in mixture])
        weights = np.repeat(list(mixture.values()), per_dataset) / per_dataset
        for column, name in enumerate(PROPERTIES):
            facts = real[real_set][name]
            rows.append(
                {"set": real_set, "property": name}
                | _compare_property(pooled[:, column], weights, facts)
            )
    return pd.DataFrame(rows)


def _compare_property(
    values: NDArray[np.float64], weights: NDArray[np.float64], facts: Mapping[str, Any]
) -> dict[str, float]:
    known = np.isfinite(values)
    empty = int((~known).sum())
    values, weights = values[known], weights[known] / weights[known].sum()
    mean = float(weights @ values)
    sd = float(np.sqrt(weights @ (values - mean) ** 2))
    return {
        "n": len(values),
        "empty": empty,
        "real_mean": facts["mean"],
        "real_sd": facts["sd"],
        "mean": mean,
        "sd": sd,
        "difference": (mean - facts["mean"]) / facts["sd"],
        "ratio": sd / facts["sd"],
        "wasserstein": wasserstein_to_quantiles(values, weights, np.asarray(facts["quantiles"])),
    }


def wasserstein_to_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], quantiles: NDArray[np.float64]
) -> float:
    """Return the Wasserstein-1 distance of a weighted sample to a law known by equal quantiles.

    It is the mean distance of the two quantile functions; the law's is linear between quantiles.
    """
    order = np.argsort(values, kind="stable")
    steps = np.cumsum(weights[order])
    levels = (np.arange(1000) + 0.5) / 1000
    places = np.minimum(np.searchsorted(steps / steps[-1], levels), len(values) - 1)
    law = np.interp(levels, np.linspace(0.0, 1.0, len(quantiles)), quantiles)
    return float(np.abs(values[order][places] - law).mean())
