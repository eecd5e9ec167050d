"""The layout: forces in the tangent plane, steps along great circles, and a turn at the end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.sphere.umap_s2.attraction_curve import AttractionCurve
from rainmer_analysis.sphere.umap_s2.epoch_kernels import run_exact_epoch, run_sampled_epoch
from rainmer_analysis.sphere.umap_s2.fuzzy_graph import Graph
from rainmer_analysis.sphere.umap_s2.thread_choice import ThreadChoice
from rainmer_analysis.values import report_progress

__all__ = ["canonical_orientation", "optimise_layout"]

# Pairs that exact epochs may look at in all, the most of such epochs, and the fewest that help.
_PAIRS = 4e8
_MOST_EXACT = 150
_FEWEST_EXACT = 10


def optimise_layout(
    graph: Graph,
    start: npt.NDArray[np.float64],
    kernel: AttractionCurve,
    *,
    epochs: int,
    seed: int,
    rate: float = 0.25,
    attraction: float = 1.0,
) -> npt.NDArray[np.float64]:
    """Move points along the sphere until joined ones are near and others are not.

    Each epoch is one pass over the vertices. An edge pulls its vertex with the probability of its
    weight; when it does, five random vertices push. A vertex takes one step, by the exponential
    map, along the sum of its forces. Everyone reads the positions of the epoch before, and every
    draw is a function of seed, epoch and edge, so that the outcome does not depend on the order in
    which vertices are worked through, nor on how many threads do so.

    The noise of these draws blurs places within a group. The last epochs are therefore exact, as
    many as all pairs allow (40 for 3,000 vertices, none above 6,000): every edge pulls with its
    weight and every vertex pushes with what it has on average. In each part the step falls
    linearly to zero.

    Parameters
    ----------
    graph
        n vertices.
    start
        Shape (n, 3), unit rows.
    kernel
        The forces, and the radius of the sphere.
    epochs
        How many passes, exact ones included.
    seed
        Of the draws.
    rate
        Step per unit force in the first epoch. A vertex sums over its edges, so this is less than
        umap-learn's 1, which is for one edge at a time; small steps leave less noise.
    attraction
        What pulls are multiplied with.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), float64 unit rows.
    """
    force_tables = kernel.force_tables(attraction=attraction)
    chances = np.minimum(graph.weights.astype(np.float64) * 2**24, 2**24).astype(np.uint32)
    by_chance = (graph.starts, graph.columns, chances)
    by_weight = (graph.starts, graph.columns, graph.weights)
    places = [start.astype(np.float32), np.empty((len(graph), 3), dtype=np.float32)]
    salts = np.random.SeedSequence(seed).generate_state(epochs, np.uint64)
    threads = (ThreadChoice(), ThreadChoice())
    exact = _affordable_exact_epochs(len(graph), epochs)
    for epoch, falling in enumerate((*_linear_decay(epochs - exact), *_linear_decay(exact))):
        step = np.float32(rate * falling / kernel.radius)
        old, new = places
        if epoch < epochs - exact:
            threads[0].run_pass(
                run_sampled_epoch, old, new, by_chance, force_tables, salts[epoch], step
            )
        else:
            threads[1].run_pass(run_exact_epoch, old, new, by_weight, force_tables, step)
        places.reverse()
        report_progress(epoch + 1, epochs, "epoch")
    points = places[0].astype(np.float64)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _linear_decay(epochs: int) -> npt.NDArray[np.float64]:
    return np.asarray(1 - np.arange(epochs) / max(epochs, 1))


def _affordable_exact_epochs(total: int, epochs: int) -> int:
    affordable = min(int(_PAIRS / total**2), _MOST_EXACT, epochs // 2)
    return affordable if affordable >= _FEWEST_EXACT else 0


def canonical_orientation(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn (and mirror) points to a convention, so that equal layouts are equal maps.

    A layout is determined only up to rotations and reflections. The axes are the principal ones of
    the points' second moments about the centre of the sphere: x, longitude 0, along the largest, z,
    the poles, along the smallest, so that few points lie where a map distorts. Each axis points to
    where the points' mean lies, which keeps most of them away from the seam of the map at longitude
    180; signs are chosen one by one, so a layout and its mirror image become the same map.

    Parameters
    ----------
    points
        Shape (n, 3), unit rows.
    """
    # einsum, since a threaded product may sum in another order
    _, axes = np.linalg.eigh(np.einsum("ni,nj->ij", points, points) / len(points))
    turned = np.einsum("ni,ij->nj", points, axes[:, ::-1])
    turned *= np.array([_axis_sign(column) for column in turned.T])
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))


def _axis_sign(column: npt.NDArray[np.float64]) -> float:
    """Point to the mean, else to the longer tail, else to the first row that is not zero."""
    for value in (column.mean(), (column**3).mean(), *column[:1]):
        if abs(value) > 1e-9:
            return float(np.sign(value))
    return 1.0
