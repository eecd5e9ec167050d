"""Many pairs are tested at once: the false discovery rate."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.scores.score import Floats

__all__ = ["benjamini_hochberg"]


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjust p by Benjamini and Hochberg over the pairs of a symmetric matrix.

    Parameters
    ----------
    p
        Shape (k, k), symmetric; missing cells and the diagonal are no tests.

    Returns
    -------
    numpy.ndarray
        Adjusted q, shape (k, k): calling the pairs with q up to 0.05 different, 5 % of those calls
        are wrong in expectation (Journal of the Royal Statistical Society B 57, 1995).
    """
    rows, columns = np.triu_indices(len(p), k=1)
    tested = np.isfinite(p[rows, columns])
    rows, columns = rows[tested], columns[tested]
    found = p[rows, columns]
    order = np.argsort(-found, kind="stable")
    ranks = np.arange(len(found), 0, -1)
    q = np.empty(len(found))
    q[order] = np.minimum.accumulate(found[order] * len(found) / ranks)
    adjusted = np.full(p.shape, np.nan)
    adjusted[rows, columns] = adjusted[columns, rows] = np.minimum(q, 1.0)
    return adjusted
