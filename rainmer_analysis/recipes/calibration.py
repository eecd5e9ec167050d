"""Hold the simulated datasets against the measurements of the real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rainmer_analysis.images.measures import brightness, density, psnr_y
from rainmer_analysis.recipes.simulate import Progress, shared_out
from rainmer_analysis.weather import simulate

__all__ = ["MIXTURES", "PROPERTIES", "calibration", "measured"]

PROPERTIES = ("density", "brightness_clean", "brightness_rainy", "psnr")
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


def measured() -> dict[str, Any]:
    """Give the measurements of the real sets: per set and property n, mean, sd, 101 quantiles.

    Density on images in [0, 1]; brightness is the mean level on 0 to 255; PSNR on luma in dB.
    """
    text = (files("rainmer_analysis.images") / "measured.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def calibration(
    *,
    per_dataset: int = 120,
    size: tuple[int, int] = (256, 256),
    seed: int = 42,
    split: str = "figure",
    workers: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare simulated with measured distributions at the size that is simulated.

    Returns
    -------
    A row per set and property: ``set``, ``property``, ``n`` (simulated pairs), ``real_mean``,
    ``real_sd``, ``mean``, ``sd``, ``difference`` of the means in real standard deviations,
    ``ratio`` of the standard deviations, and the Wasserstein-1 distance in the property's unit.
    """
    names = [name for mixture in MIXTURES.values() for name in mixture]
    jobs = [(name, index) for name in names for index in range(per_dataset)]

    def measure(job: tuple[str, int]) -> tuple[float, float, float, float]:
        pair = simulate(job[0], job[1], split=split, size=size, seed=seed)
        return (
            density(pair.rainy, pair.clean),
            brightness(pair.clean),
            brightness(pair.rainy),
            psnr_y(pair.rainy, pair.clean),
        )

    values = np.array(shared_out(measure, jobs, workers=workers, progress=progress))
    by_name = dict(zip(names, values.reshape(len(names), per_dataset, -1), strict=True))
    real = measured()
    rows = []
    for real_set, mixture in MIXTURES.items():
        pooled = np.concatenate([by_name[name] for name in mixture])
        weights = np.repeat(list(mixture.values()), per_dataset) / per_dataset
        for column, name in enumerate(PROPERTIES):
            facts = real[real_set][name]
            rows.append(
                {"set": real_set, "property": name, "n": len(pooled)}
                | _compared(pooled[:, column], weights / weights.sum(), facts)
            )
    return pd.DataFrame(rows)


def _compared(
    values: NDArray[np.float64], weights: NDArray[np.float64], facts: Mapping[str, Any]
) -> dict[str, float]:
    mean = float(weights @ values)
    sd = float(np.sqrt(weights @ (values - mean) ** 2))
    return {
        "real_mean": facts["mean"],
        "real_sd": facts["sd"],
        "mean": mean,
        "sd": sd,
        "difference": (mean - facts["mean"]) / facts["sd"],
        "ratio": sd / facts["sd"],
        "wasserstein": wasserstein(values, weights, np.asarray(facts["quantiles"])),
    }


def wasserstein(
    values: NDArray[np.float64], weights: NDArray[np.float64], quantiles: NDArray[np.float64]
) -> float:
    """Give the Wasserstein-1 distance of a weighted sample to a law known by equal quantiles.

    It is the mean distance of the two quantile functions; the law's is linear between quantiles.
    """
    order = np.argsort(values, kind="stable")
    steps = np.cumsum(weights[order])
    levels = (np.arange(1000) + 0.5) / 1000
    places = np.minimum(np.searchsorted(steps / steps[-1], levels), len(values) - 1)
    law = np.interp(levels, np.linspace(0.0, 1.0, len(quantiles)), quantiles)
    return float(np.abs(values[order][places] - law).mean())
