"""Which rows a balanced subset has: by the published rule, or by the best match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import sample_ids
from rainmer_analysis.numerics import equal_mixture, match_points, match_scalars, weighted_quantiles

__all__ = ["METHODS", "choose_balance_method", "optimal_subset_rows"]

METHODS = ("paper", "optimal")


def choose_balance_method(method: str | None, size: int | None, names: Sequence[str]) -> str:
    """Settle the method, and refuse what does not go with it."""
    found = method or ("paper" if size is None else "optimal")
    if found not in METHODS:
        raise ParameterError(f"unknown method {found!r}; allowed are {', '.join(METHODS)}")
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"the properties are {list(names)}; name each once, and at least one")
    if found == "optimal" and (size is None or size < 1):
        raise ParameterError(
            f"the method optimal came with the size {size}; say how many rows to choose, from 1"
        )
    if found == "paper" and (size is not None or tuple(names) != ("density",)):
        what = f"the size {size}" if size is not None else f"the properties {', '.join(names)}"
        raise ParameterError(
            f"the published rule came with {what}; it is one of density and fixes the size itself: "
            "use the method optimal with a size"
        )
    return found


def optimal_subset_rows(
    values: NDArray[np.float64],
    references: list[NDArray[np.float64]],
    size: int,
    seed: int,
    *,
    scaled: bool,
) -> NDArray[np.int64]:
    """Choose the rows that lie nearest to quantiles, or to points, of the mixture."""
    if size > len(values):
        raise ParameterError(
            f"a subset of {size:,} rows was asked for, but {len(values):,} have all properties; "
            "ask for fewer"
        )
    mixture, weights = equal_mixture(references)
    if values.shape[1] == 1:
        levels = (np.arange(size) + 0.5) / size
        return match_scalars(values[:, 0], weighted_quantiles(mixture[:, 0], weights, levels))
    mean = weights @ mixture
    sd = np.sqrt(weights @ (mixture - mean) ** 2)
    scale = np.where((sd > 0.0) & scaled, sd, 1.0)
    shares = [len(part) for part in np.array_split(np.arange(size), len(references))]
    drawn = [_draw_rows_evenly(each, n, seed) for each, n in zip(references, shares, strict=True)]
    return match_points(values / scale, np.concatenate(drawn) / scale, seed=seed)


def _draw_rows_evenly(values: NDArray[np.float64], size: int, seed: int) -> NDArray[np.float64]:
    """Draw rows evenly: each as often as it fits, and of the rest a sample."""
    times, rest = divmod(size, len(values))
    whole = np.repeat(np.arange(len(values)), times)
    ids = sample_ids(map(str, range(len(values))), rest, seed) if rest else []
    found: NDArray[np.float64] = values[np.concatenate([whole, np.array(ids, dtype=np.int64)])]
    return found
