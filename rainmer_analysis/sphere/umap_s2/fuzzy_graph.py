"""The fuzzy graph of UMAP."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from rainmer_analysis.numerics import Neighbours
from rainmer_analysis.sphere.umap_s2.numba_cache import njit_cached

__all__ = ["Graph", "fuzzy_graph", "membership_weights"]

# Widths are found to this relative precision or in so many steps: far below what a graph shows.
_STEPS = 80
# A width is at least this part of the mean distance, as in umap-learn.
_LEAST_WIDTH = 1e-3


@dataclass(frozen=True, eq=False)
class Graph:
    """A symmetric graph in compressed rows, columns ascending.

    Parameters
    ----------
    starts
        Shape (n + 1,), int64: the edges of row i are starts[i] to starts[i + 1].
    columns
        Shape (edges,), int32.
    weights
        Shape (edges,), float32, in (0, 1].
    """

    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def to_sparse(self) -> sparse.csr_array:
        """Return the same as a sparse array (n, n)."""
        shape = (len(self), len(self))
        return sparse.csr_array((self.weights, self.columns, self.starts), shape=shape)


def fuzzy_graph(near: Neighbours) -> Graph:
    """Join each row to its nearest rows and take the fuzzy union of both directions.

    The nearest row has weight 1; the others fall exponentially with what they are further away, at
    a width for which the weights of a row sum to log2(k + 1) (McInnes, Healy and Melville 2018,
    algorithm 3). Equal to umap-learn's graph of the same neighbours (which counts a row among its
    own neighbours: k + 1) up to its rounding.

    Parameters
    ----------
    near
        Each row's k nearest other rows, k at least 1.
    """
    total, k = near.distances.shape
    weights = membership_weights(near)
    starts = np.arange(0, total * k + 1, k, dtype=np.int64)
    one_way = sparse.csr_array(
        (weights.ravel(), near.indices.astype(np.int32).ravel(), starts), shape=(total, total)
    )
    other_way = one_way.T.tocsr()
    union = (one_way + other_way - one_way * other_way).tocsr()
    union.eliminate_zeros()
    union.sort_indices()
    return Graph(
        union.indptr.astype(np.int64), union.indices.astype(np.int32), union.data.astype(np.float32)
    )


def membership_weights(near: Neighbours) -> npt.NDArray[np.float64]:
    """Return the weight, in (0, 1], with which each row belongs to its neighbours: shape (n, k)."""
    distances = np.ascontiguousarray(near.distances)
    total, k = distances.shape
    weights = np.empty((total, k))
    least = _LEAST_WIDTH * distances.sum() / (total * (k + 1))
    _fill_membership_weights(distances, np.log2(k + 1), least, weights)
    return weights


@njit_cached(parallel=True)
def _fill_membership_weights(distances, wanted, least, weights):  # type: ignore[no-untyped-def]
    """Fill the weights of each row's neighbours."""
    total, k = distances.shape
    for i in numba.prange(total):
        first = 0.0
        mean = 0.0
        for j in range(k - 1, -1, -1):
            mean += distances[i, j]
            if distances[i, j] > 0.0:
                first = distances[i, j]
        mean /= k + 1
        low, high, width = 0.0, np.inf, 1.0
        for _ in range(_STEPS):
            found = 0.0
            for j in range(k):
                found += np.exp(-max(distances[i, j] - first, 0.0) / width)
            if abs(found - wanted) < 1e-7:
                break
            if found > wanted:
                high = width
            else:
                low = width
            width = 2.0 * width if high == np.inf else 0.5 * (low + high)
        width = max(width, _LEAST_WIDTH * mean if first > 0.0 else least)
        for j in range(k):
            beyond = distances[i, j] - first
            weights[i, j] = np.exp(-beyond / width) if beyond > 0.0 else 1.0
