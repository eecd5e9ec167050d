"""How faithful a layout is to the vectors it was made from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import cosine_blocks, unit_rows

__all__ = ["fidelity"]

_NEIGHBOURS = 15
_SAMPLE = 2000

Floats = npt.NDArray[np.float64]


def fidelity(
    vectors: npt.ArrayLike, points: npt.ArrayLike, *, seed: int = 42
) -> dict[str, float | int]:
    """Compare great-circle neighbourhoods and distances of vectors and points.

    ``trustworthiness`` falls when rows are near on the map that are not near in the table, and
    ``continuity`` when rows that are near in the table are torn apart (Venna and Kaski, Neural
    Networks 19, 2006): both are 1 - 2 / (n k (2n - 3k - 1)) times the sum, over all rows and their
    k false neighbours, of rank - k. ``spearman`` is the rank correlation of all pairwise distances,
    of 2,000 rows drawn with `seed` where there are more.

    Parameters
    ----------
    vectors, points
        Shapes (n, d) and (n, 3), rows of positive length, n at least 3.

    Returns
    -------
    dict
        ``trustworthiness`` and ``continuity`` in [0, 1], ``spearman`` in [-1, 1] (NaN where all
        distances are equal), and ``neighbors``: k, 15 or the most that n rows allow (k < n / 2).

    Raises
    ------
    ParameterError
        The numbers of rows differ or are below 3.
    """
    high, low = unit_rows(vectors), unit_rows(points)
    total = len(high)
    if len(low) != total or total < 3:
        raise ParameterError(
            f"{total} vectors and {len(low)} points cannot be compared; "
            "give one point per vector, and at least 3"
        )
    k = min(_NEIGHBOURS, (total - 1) // 2)
    false, torn = _penalties(high, low, k)
    scale = 2.0 / (total * k * (2 * total - 3 * k - 1))
    return {
        "trustworthiness": 1.0 - scale * false,
        "continuity": 1.0 - scale * torn,
        "spearman": _spearman(high, low, seed),
        "neighbors": k,
    }


def _penalties(high: Floats, low: Floats, k: int) -> tuple[float, float]:
    """Sum rank - k over map neighbours that are none in the table, and the other way round."""
    false = torn = 0.0
    blocks = zip(cosine_blocks(high), cosine_blocks(low), strict=True)
    for (rows, above), (_, below) in blocks:
        ranks_high, ranks_low = _ranks(above, rows), _ranks(below, rows)
        false += float(np.maximum(ranks_high[ranks_low <= k] - k, 0).sum())
        torn += float(np.maximum(ranks_low[ranks_high <= k] - k, 0).sum())
    return false, torn


def _ranks(cosines: Floats, rows: slice) -> npt.NDArray[np.int64]:
    """Rank all others of each row from 1 for the nearest; the row itself comes last."""
    own = np.arange(rows.start, rows.stop)
    cosines[np.arange(len(cosines)), own] = -np.inf
    order = np.argsort(-cosines, axis=1, kind="stable")
    ranks = np.empty_like(order)
    positions = np.broadcast_to(np.arange(1, order.shape[1] + 1), order.shape)
    np.put_along_axis(ranks, order, positions, axis=1)
    return ranks


def _spearman(high: Floats, low: Floats, seed: int) -> float:
    if len(high) > _SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(high), _SAMPLE, replace=False)
        chosen.sort()
        high, low = high[chosen], low[chosen]
    ranks = [rankdata(_pair_order(unit)) for unit in (high, low)]
    if any(np.ptp(values) == 0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _pair_order(unit: Floats) -> Floats:
    """Give a number for each pair that grows with their angle; rounded, so that ties are ties."""
    cosines = np.round(unit @ unit.T, 12)
    return -cosines[np.triu_indices(len(unit), k=1)]
