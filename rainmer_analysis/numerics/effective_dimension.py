"""How many dimensions vectors spread over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["effective_dimension"]


def effective_dimension(vectors: npt.ArrayLike) -> float:
    """Return the exponential of the entropy of the covariance's normalised eigenvalues.

    Vectors are centred first (their mean direction is no variation). d for n much larger than d
    vectors that spread equally over d dimensions, 1 for vectors on a line; invariant under
    rotation, shift and scale (Roy and Vetterli, The effective rank, EUSIPCO 2007, with the
    covariance's eigenvalues in place of singular values).

    Raises ParameterError: the shape is another, or a value is not finite.

    Parameters
    ----------
    vectors
        Shape (n, d), for example the vectors of a table; n at least 2.

    Returns
    -------
    float
        From 1 to min(n - 1, d); NaN where all vectors are the same.

    Examples
    --------
    >>> round(effective_dimension([[1, 0], [-1, 0], [0, 1], [0, -1]]), 6)
    2.0
    """
    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
        raise ParameterError(
            f"the dimension of vectors of shape {values.shape} was asked for; "
            "give finite vectors (n, d), at least two"
        )
    spread = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    total = float(spread.sum())
    # differences that rounding made of equal vectors are no spread
    if total <= 1e-24 * max(float((values**2).sum()), 1e-300):
        return float("nan")
    shares = spread[spread > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))
