"""Fit the weights by which an audit tells which image of a pair is degraded, and try them.

The weights come from pairs of all recipes over scenes of the split ``train``; they are tried on
scenes of the split ``figure`` and, where a folder with a PAIRS.csv is named, on real pairs.

::

    python -m benchmarks.audit.orientation [--fit] [--per-recipe 40] [--real FOLDER...]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from rainmer_analysis.auditing.degraded_side import (
    FEATURES,
    degraded_side_features,
    log_odds_partner_degraded,
)
from rainmer_analysis.auditing.luma_and_colour_thumbnails import full_range_luma
from rainmer_analysis.images import read_image
from rainmer_analysis.weather import RECIPES, simulate

Pairs = list[tuple[str, npt.NDArray[np.float32], npt.NDArray[np.float32]]]


def simulated(split: str, count: int, seed: int) -> Pairs:
    """Return the luma of pairs of every recipe, 192x256 pixels."""
    return [
        (name, full_range_luma(pair.rainy), full_range_luma(pair.clean))
        for name in RECIPES
        for pair in (
            simulate(name, index, split=split, size=(192, 256), seed=seed) for index in range(count)
        )
    ]


def real(folder: Path) -> Pairs:
    """Return the luma of the pairs that a folder lists."""
    with (folder / "PAIRS.csv").open(newline="", encoding="utf-8") as file:
        return [
            (
                row["dataset"],
                *(full_range_luma(read_image(folder / row[side])) for side in ("input", "target")),
            )
            for row in csv.DictReader(file)
        ]


def report(pairs: Pairs, title: str) -> None:
    """Print, per set, how many pairs are told the right way, and the least certain one."""
    print(title)
    for name in dict.fromkeys(each for each, _, _ in pairs):
        odds = np.array(
            [-log_odds_partner_degraded(one, two) for each, one, two in pairs if each == name]
        )
        print(
            f"  {name:20} {len(odds):4} pairs, {np.mean(odds > 0):7.2%} right, "
            f"least log odds {odds.min():7.2f}, median {np.median(odds):7.2f}"
        )


def main() -> None:
    """Print the weights, then how the shipped ones do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-recipe", type=int, default=40)
    parser.add_argument("--fit", action="store_true", help="fit weights anew, too")
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    if given.fit:
        fit(given.per_recipe)
    report(simulated("figure", max(1, given.per_recipe // 2), 11), "simulated, other scenes:")
    for folder in given.real:
        report(real(folder), f"real pairs of {folder.name}:")


def fit(per_recipe: int) -> None:
    """Print weights fitted to simulated pairs of training scenes."""
    features = np.array(
        [degraded_side_features(one, two) for _, one, two in simulated("train", per_recipe, 3)]
    )
    model = LogisticRegression(C=3.0, fit_intercept=False, max_iter=1000)
    model.fit(np.concatenate([features, -features]), np.repeat([1, 0], len(features)))
    print("weights fitted now:")
    for name, value in zip(FEATURES, model.coef_[0], strict=True):
        print(f"    {value:.3f},  # {name}")


if __name__ == "__main__":
    main()
