"""A balanced subset, and how its properties lie before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.numerics import (
    energy_distance,
    equal_mixture,
    ks_statistic,
    wasserstein1,
    weighted_quantiles,
)
from rainmer_analysis.recipes.properties.density_strata import Stratum
from rainmer_analysis.values import Rows

__all__ = ["Balance", "PropertyChange", "energy_distances_before_and_after", "property_changes"]

_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class PropertyChange:
    """How one property lies before and after, and in the sets to be like.

    ``wasserstein`` (in the property's unit) and ``ks`` are distances to the mixture of the sets,
    each with the same weight, before and after; the others are mean, sd and the quantiles at 5,
    25, 50, 75 and 95 %.
    """

    name: str
    wasserstein: tuple[float, float]
    ks: tuple[float, float]
    before: tuple[float, ...]
    after: tuple[float, ...]
    like: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Balance:
    """A subset, and what it changed.

    Parameters
    ----------
    name
        Of the set that was chosen from.
    method
        ``paper`` or ``optimal``.
    rows
        Sorted positions of the chosen rows, from 0.
    candidates, undefined
        Rows of the set, and those of them that lack a property and cannot be chosen.
    like
        Names of the sets to be like and how many rows of each count.
    changes
        One a property.
    strata
        Of the published rule; else empty.
    energy
        Energy distances of embeddings to the mixture of the sets, before and after; else None.
    labels
        Of the chosen images; None for an array.
    path, up_to_date
        The manifest, and whether it was there already.
    """

    name: str
    method: str
    rows: NDArray[np.int64]
    candidates: int
    undefined: int
    like: tuple[tuple[str, int], ...]
    changes: tuple[PropertyChange, ...]
    strata: tuple[Stratum, ...] = ()
    energy: tuple[float, float] | None = None
    labels: Rows | None = None
    path: Path | None = None
    up_to_date: bool = False

    def document(self) -> dict[str, Any]:
        """Return the account as JSON types, without the rows, which the manifest lists."""
        keys = ("mean", "sd", "p5", "p25", "p50", "p75", "p95")
        return {
            "kind": "balance",
            "set": self.name,
            "method": self.method,
            "candidates": self.candidates,
            "undefined": self.undefined,
            "chosen": len(self.rows),
            "like": dict(self.like),
            "properties": {
                each.name: {
                    "wasserstein": dict(zip(("before", "after"), each.wasserstein, strict=True)),
                    "ks": dict(zip(("before", "after"), each.ks, strict=True)),
                    **{
                        state: dict(zip(keys, getattr(each, state), strict=True))
                        for state in ("before", "after", "like")
                    },
                }
                for each in self.changes
            },
            "strata": [vars(each) for each in self.strata],
            "energy": None
            if self.energy is None
            else dict(zip(("before", "after"), self.energy, strict=True)),
        }


def property_changes(
    names: Sequence[str],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    references: list[NDArray[np.float64]],
) -> tuple[PropertyChange, ...]:
    """Compare each property before and after with the mixture of the sets to be like."""
    mixture, weights = equal_mixture(references)
    found = []
    for column, name in enumerate(names):
        target = mixture[:, column]
        pair = [each[:, column] for each in (before, after)]
        first, last = (wasserstein1(each, target, second_weights=weights) for each in pair)
        low, high = (ks_statistic(each, target, second_weights=weights) for each in pair)
        own, chosen = (_mean_sd_and_quantiles(each, np.ones(len(each))) for each in pair)
        found.append(
            PropertyChange(
                name,
                (first, last),
                (low, high),
                own,
                chosen,
                _mean_sd_and_quantiles(target, weights),
            )
        )
    return tuple(found)


def energy_distances_before_and_after(
    before: NDArray[np.float64], after: NDArray[np.float64], references: list[NDArray[np.float64]]
) -> tuple[float, float]:
    """Return the energy distances to the mixture of the sets to be like, before and after."""
    mixture, weights = equal_mixture(references)
    first, last = (
        energy_distance(each, mixture, second_weights=weights) for each in (before, after)
    )
    return first, last


def _mean_sd_and_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, ...]:
    shares = weights / weights.sum()
    mean = float(shares @ values)
    sd = float(np.sqrt(shares @ (values - mean) ** 2))
    return (mean, sd, *map(float, weighted_quantiles(values, shares, _LEVELS)))
