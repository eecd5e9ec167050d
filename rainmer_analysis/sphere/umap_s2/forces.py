"""The layout: forces in the tangent plane, steps along great circles."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from rainmer_analysis.sphere.umap_s2.compiled import compiled
from rainmer_analysis.sphere.umap_s2.graph import Graph
from rainmer_analysis.sphere.umap_s2.kernel import CELLS, Kernel

__all__ = ["lay_out"]

# Random vertices that repel for each edge that acts.
_REPELLERS = 5
# The longest step of one epoch, in radians.
_LONGEST = 0.3

_SIDE = np.float32(CELLS)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32, _S40 = (np.uint64(shift) for shift in (27, 30, 31, 32, 40))


def lay_out(
    graph: Graph,
    start: npt.NDArray[np.float64],
    kernel: Kernel,
    *,
    epochs: int,
    seed: int,
    rate: float = 0.25,
    attraction: float = 1.0,
    progress: Callable[[int], object] | None = None,
) -> npt.NDArray[np.float64]:
    """Move points along the sphere until joined ones are near and others are not.

    Each epoch is one pass over the vertices. An edge pulls its vertex with the probability of its
    weight; when it does, five random vertices push. A vertex takes one step, by the exponential
    map, along the sum of its forces; the step falls linearly to zero over the epochs. Everyone
    reads the positions of the epoch before, and every draw is a function of seed, epoch and edge,
    so that the outcome does not depend on the order in which vertices are worked through, nor on
    how many threads do so.

    Parameters
    ----------
    graph
        n vertices.
    start
        Shape (n, 3), unit rows.
    kernel
        The forces, and the radius of the sphere.
    epochs
        How many passes.
    seed
        Of the draws.
    rate
        Step per unit force in the first epoch. A vertex sums over its edges, so this is less than
        umap-learn's 1, which is for one edge at a time; small steps leave less noise.
    attraction
        What pulls are multiplied with.
    progress
        Called with the number of each finished epoch.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), float64 unit rows.
    """
    pull, push = kernel.tables(attraction=attraction)
    chances = np.minimum(graph.weights.astype(np.float64) * 2**24, 2**24).astype(np.uint32)
    old = start.astype(np.float32)
    new = np.empty_like(old)
    salts = np.random.SeedSequence(seed).generate_state(epochs, np.uint64)
    for epoch in range(epochs):
        step = np.float32(rate * (1 - epoch / epochs) / kernel.radius)
        _epoch(old, new, graph.starts, graph.columns, chances, (pull, push), salts[epoch], step)
        old, new = new, old
        if progress is not None:
            progress(epoch + 1)
    points = old.astype(np.float64)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


@compiled()
def _mixed(key):  # type: ignore[no-untyped-def]
    """Scramble 64 bits (Steele, Lea and Flood 2014, the finaliser of SplitMix64)."""
    key = (key ^ (key >> _S30)) * _MIX_1
    key = (key ^ (key >> _S27)) * _MIX_2
    return key ^ (key >> _S31)


@compiled()
def _force(here, there, table):  # type: ignore[no-untyped-def]
    """Give the force along the tangent from here to there."""
    dx, dy, dz = there[0] - here[0], there[1] - here[1], there[2] - here[2]
    square = dx * dx + dy * dy + dz * dz
    if square <= np.float32(1e-18):
        return np.float32(0.0), np.float32(0.0), np.float32(0.0)
    chord = np.sqrt(square)
    place = min(np.sqrt(np.float32(0.5) * chord), np.float32(1.0)) * _SIDE
    cell = np.int32(place)
    part = place - np.float32(cell)
    size = (table[cell] + part * (table[cell + 1] - table[cell])) / chord
    half = np.float32(0.5) * square
    return size * (dx + half * here[0]), size * (dy + half * here[1]), size * (dz + half * here[2])


@compiled(parallel=True)
def _epoch(old, new, starts, columns, chances, tables, salt, step):  # type: ignore[no-untyped-def]
    """Write every vertex's new position."""
    total = len(old)
    pull, push = tables
    for i in numba.prange(total):
        here = (old[i, 0], old[i, 1], old[i, 2])
        fx = fy = fz = np.float32(0.0)
        for edge in range(starts[i], starts[i + 1]):
            key = _mixed(salt + np.uint64(edge) * _GOLDEN)
            if np.uint32(key >> _S40) >= chances[edge]:
                continue
            j = columns[edge]
            gx, gy, gz = _force(here, (old[j, 0], old[j, 1], old[j, 2]), pull)
            fx, fy, fz = fx + gx, fy + gy, fz + gz
            for _ in range(_REPELLERS):
                key = _mixed(key + _GOLDEN)
                other = np.int64(((key >> _S32) * np.uint64(total)) >> _S32)
                if other != i:
                    gx, gy, gz = _force(here, (old[other, 0], old[other, 1], old[other, 2]), push)
                    fx, fy, fz = fx - gx, fy - gy, fz - gz
        size = np.sqrt(fx * fx + fy * fy + fz * fz)
        new[i, 0], new[i, 1], new[i, 2] = here
        if size > np.float32(0.0):
            angle = min(step * size, np.float32(_LONGEST))
            along, across = np.cos(angle), np.sin(angle) / size
            x = along * here[0] + across * fx
            y = along * here[1] + across * fy
            z = along * here[2] + across * fz
            length = np.sqrt(x * x + y * y + z * z)
            new[i, 0], new[i, 1], new[i, 2] = x / length, y / length, z / length
