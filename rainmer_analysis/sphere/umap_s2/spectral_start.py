"""Where a layout starts: Laplacian eigenvectors of its graph."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from rainmer_analysis.sphere.umap_s2.fuzzy_graph import Graph
from rainmer_analysis.sphere.umap_s2.numba_cache import njit_cached
from rainmer_analysis.sphere.umap_s2.thread_choice import one_thread_for_little_work

__all__ = ["spectral_start"]

Floats = npt.NDArray[np.float64]

# Up to so many rows eigenvectors come from a dense matrix.
_DENSE = 64
# Vectors that are iterated together; three are wanted, more let these settle sooner.
_BLOCK = 8
_DEGREE = 12
_ROUNDS = 16
_RESIDUAL = 2e-3
# A start's spread about its place: what coincides must be able to part.
_JITTER = 0.01


def spectral_start(graph: Graph, unit: Floats, *, seed: int) -> Floats:
    """Place the vertices on the sphere by the eigenvectors of their graph.

    The three vectors of the normalised Laplacian that follow the constant one, each scaled to unit
    spread, give a direction for each vertex (Belkin and Niyogi 2003, as in umap-learn but in three
    dimensions). Of a graph that falls into components, each gets a disc of its own share of the
    sphere's area, laid out by its own two vectors; the discs' centres follow the principal axes of
    the components' mean rows.

    Parameters
    ----------
    graph
        n >= 2 vertices.
    unit
        Shape (n, d): the rows that the graph was made from.
    seed
        Of a spread of 0.01 about these places.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), unit rows.
    """
    count, labels = connected_components(graph.to_sparse(), directed=False)
    places = (
        _scale_columns_to_unit_spread(_laplacian_eigenvectors(graph, 3))
        if count == 1
        else _place_components(graph, unit, labels, count)
    )
    places += _JITTER * np.random.default_rng(seed).normal(size=places.shape)
    lengths = np.linalg.norm(places, axis=1, keepdims=True)
    return np.asarray(places / np.maximum(lengths, 1e-12))


def _place_components(
    graph: Graph, unit: Floats, labels: npt.NDArray[np.int32], count: int
) -> Floats:
    sizes = np.bincount(labels, minlength=count)
    means = np.stack(
        [np.bincount(labels, weights=column, minlength=count) for column in unit.T], axis=1
    )
    centres = _component_directions(means / sizes[:, None])
    places = np.empty((len(unit), 3))
    order = np.argsort(labels, kind="stable")
    for centre, rows in zip(centres, np.split(order, np.cumsum(sizes)[:-1]), strict=True):
        # a cap of this half-angle has the component's share of the sphere, halved to leave room
        reach = np.arccos(1 - len(rows) / len(unit))
        # two vectors across the centre, from the axis that it is least along
        first = np.cross(centre, np.eye(3)[np.argmin(np.abs(centre))])
        first /= np.linalg.norm(first)
        inner = _laplacian_eigenvectors(_subgraph_of_rows(graph, rows), 2)
        inner = reach * inner / np.maximum(np.linalg.norm(inner, axis=1).max(), 1e-12)
        places[rows] = centre + inner @ np.stack([first, np.cross(centre, first)])
    return places


def _component_directions(means: Floats) -> Floats:
    """Return each component's mean a direction: principal axes, each scaled to unit spread."""
    centred = means - means.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    axes = np.zeros((len(means), 3))
    kept = min(3, int((sizes > 1e-9 * max(sizes[0], 1e-300)).sum()))
    axes[:, :kept] = left[:, :kept]
    axes = _scale_columns_to_unit_spread(axes)
    axes[:, 0] += 1e-6  # whoever lies at the centre needs a direction too
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True))


def _subgraph_of_rows(graph: Graph, rows: npt.NDArray[np.int64]) -> Graph:
    matrix = graph.to_sparse()[rows][:, rows].tocsr()
    matrix.sort_indices()
    return Graph(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data)


def _scale_columns_to_unit_spread(vectors: Floats) -> Floats:
    sizes = vectors.std(axis=0)
    return np.asarray(vectors / np.where(sizes > 0, sizes, 1.0))


def _laplacian_eigenvectors(graph: Graph, wanted: int) -> Floats:
    """Return the eigenvectors after the constant one; columns that do not exist are zero.

    They are those of D^-1/2 W D^-1/2 with the largest eigenvalues, divided by the square root of
    the degrees, so that they are functions on the vertices.
    """
    total = len(graph)
    degrees = np.add.reduceat(graph.weights.astype(np.float64), graph.starts[:-1])
    roots = np.sqrt(degrees)
    scaled = graph.weights / (np.repeat(roots, np.diff(graph.starts)) * roots[graph.columns])
    trivial = roots / np.sqrt(np.einsum("i,i", roots, roots))
    if total <= _DENSE:
        dense = np.zeros((total, total))
        dense[np.repeat(np.arange(total), np.diff(graph.starts)), graph.columns] = scaled
        dense -= 2 * np.outer(trivial, trivial)
        found = np.linalg.eigh(dense)[1][:, ::-1][:, : min(wanted, total - 1)]
    else:
        with one_thread_for_little_work(_BLOCK * len(scaled)):
            found = _chebyshev_iteration(graph, scaled, trivial)[:, :wanted]
    vectors = np.zeros((total, wanted))
    vectors[:, : found.shape[1]] = found / roots[:, None]
    return vectors


def _chebyshev_iteration(graph: Graph, scaled: Floats, trivial: Floats) -> Floats:
    """Iterate a block of vectors under Chebyshev polynomials that damp what is not wanted.

    (Zhou, Saad, Tiago and Chelikowsky 2006.) An approximate answer is enough for a start, so the
    rounds are few. Sums are taken in one order, which a library's threads do not promise.
    """
    block = np.random.default_rng(0).normal(size=(len(graph), _BLOCK))
    lower = 0.0
    for _ in range(_ROUNDS):
        block = _chebyshev_filter(graph, scaled, block, lower)
        block -= trivial[:, None] * np.einsum("i,ij->j", trivial, block)
        block, product, values = _rayleigh_ritz(graph, scaled, block)
        # at 1 all is wanted and nothing can be damped
        lower = min(max(values[-1], 0.0), 0.999)
        left = product[:, :3] - values[:3] * block[:, :3]
        if np.sqrt(np.einsum("ij,ij->j", left, left).max()) < _RESIDUAL:
            break
    return block


def _chebyshev_filter(graph: Graph, scaled: Floats, block: Floats, lower: float) -> Floats:
    """Apply the Chebyshev polynomial that is small on [-1, lower] and grows above."""
    centre, half = (lower - 1) / 2, (lower + 1) / 2
    before, now = block, np.empty_like(block)
    _sparse_times_dense(graph.starts, graph.columns, scaled, before, now)
    now = (now - centre * before) / half
    for _ in range(1, _DEGREE):
        after = np.empty_like(block)
        _sparse_times_dense(graph.starts, graph.columns, scaled, now, after)
        after = (2 / half) * (after - centre * now) - before
        before, now = now, after
    return now


def _rayleigh_ritz(graph: Graph, scaled: Floats, block: Floats) -> tuple[Floats, Floats, Floats]:
    """Orthonormalise a block and turn it to the best eigenvectors within it, largest first."""
    block = block / np.sqrt(np.einsum("ij,ij->j", block, block))
    sizes, turn = np.linalg.eigh(np.einsum("ni,nj->ij", block, block))
    kept = sizes > 1e-10 * sizes[-1]
    block = np.einsum("ni,ij->nj", block, turn[:, kept] / np.sqrt(sizes[kept]))
    product = np.empty_like(block)
    _sparse_times_dense(graph.starts, graph.columns, scaled, block, product)
    values, turn = np.linalg.eigh(np.einsum("ni,nj->ij", block, product))
    turn = turn[:, ::-1]
    return (
        np.einsum("ni,ij->nj", block, turn),
        np.einsum("ni,ij->nj", product, turn),
        values[::-1],
    )


@njit_cached(parallel=True)
def _sparse_times_dense(starts, columns, values, block, product):  # type: ignore[no-untyped-def]
    """Write the product of a matrix in compressed rows and a block of vectors."""
    width = block.shape[1]
    for i in numba.prange(len(starts) - 1):
        for axis in range(width):
            product[i, axis] = 0.0
        for edge in range(starts[i], starts[i + 1]):
            for axis in range(width):
                product[i, axis] += values[edge] * block[columns[edge], axis]
