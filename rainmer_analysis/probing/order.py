"""How well a space orders the levels of a ladder, in scenes that the order was not learned from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from rainmer_analysis.errors import ParameterError

__all__ = ["held_out_order"]

Floats = npt.NDArray[np.float64]
_DECIMALS = 12  # positions closer than this are tied; rounding errors order nothing


def held_out_order(vectors: npt.ArrayLike) -> Floats:
    """Return each scene's rank correlation of level and position along the other scenes' ladder.

    A scene's images are projected on the direction along which the level rises in all other
    scenes: the sum of their vectors, each weighted by its level's rank about the middle. That is
    the first weight vector of partial least squares on rank, it uses every level, has nothing to
    tune, and asks that the direction be the same in all scenes. The scene itself has no part in
    its direction, so that a space without the level has correlations about 0; noise cannot be
    fitted.

    Parameters
    ----------
    vectors
        Shape (S, M, d): scene, level in rising order, dimension; S and M at least 2.

    Returns
    -------
    Spearman's correlation of each scene, shape (S,), float64; 0 where all positions are the same.

    Raises
    ------
    ParameterError
        The shape is another.
    """
    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 3 or min(values.shape[:2]) < 2:
        raise ParameterError(
            f"vectors of a ladder came in the shape {values.shape}; give (scenes, levels, "
            "dimensions) with at least two scenes and two levels"
        )
    levels = values.shape[1]
    rank = np.arange(levels) - (levels - 1) / 2
    slopes = np.einsum("m,smd->sd", rank, values)
    others = slopes.sum(axis=0) - slopes
    length = np.linalg.norm(others, axis=1, keepdims=True)
    direction = np.where(length > 10.0**-_DECIMALS, others / np.maximum(length, 1e-300), 0.0)
    positions = np.einsum("smd,sd->sm", values - values.mean(axis=1, keepdims=True), direction)
    ranks = rankdata(np.round(positions, _DECIMALS), axis=1) - (levels + 1) / 2
    spread = np.sqrt((ranks**2).sum(axis=1) * (rank**2).sum())
    return np.asarray(np.where(spread > 0, ranks @ rank / np.where(spread > 0, spread, 1.0), 0.0))
