"""What two points on the sphere do to each other, and one pass over all of them."""

from __future__ import annotations

import numba
import numpy as np

from rainmer_analysis.sphere.umap_s2.attraction_curve import LOWEST, SHIFT
from rainmer_analysis.sphere.umap_s2.numba_cache import njit_cached

__all__ = ["REPELLERS", "run_exact_epoch", "run_sampled_epoch"]

# Random vertices that repel for each edge that acts.
REPELLERS = 5
# The longest step of one epoch, in radians.
_LONGEST = 0.3

_LOWEST, _SHIFT = np.int32(LOWEST), np.int32(SHIFT)
_REST = np.int32((1 << SHIFT) - 1)
_PART = np.float32(2.0**-SHIFT)
_TINY = np.float32(2.0**-48)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32, _S40 = (np.uint64(shift) for shift in (27, 30, 31, 32, 40))
_LOW = np.uint64(0xFFFFFFFF)


@njit_cached()
def _splitmix64(key):  # type: ignore[no-untyped-def]
    """Scramble 64 bits (Steele, Lea and Flood 2014, the finaliser of SplitMix64)."""
    key = (key ^ (key >> _S30)) * _MIX_1
    key = (key ^ (key >> _S27)) * _MIX_2
    return key ^ (key >> _S31)


@njit_cached(fast=True)
def tangent_force(here, there, table):  # type: ignore[no-untyped-def]
    """Return the force along the tangent from here to there; none between coincident points."""
    dx, dy, dz = there[0] - here[0], there[1] - here[1], there[2] - here[2]
    square = np.float32(dx * dx + dy * dy + dz * dz)
    bits = np.float32(max(square, _TINY)).view(np.int32)
    cell = (bits >> _SHIFT) - _LOWEST
    part = np.float32(bits & _REST) * _PART
    size = table[cell] + part * (table[cell + 1] - table[cell])
    half = np.float32(0.5) * square
    return size * (dx + half * here[0]), size * (dy + half * here[1]), size * (dz + half * here[2])


@njit_cached()
def _step_along_great_circle(here, force, step):  # type: ignore[no-untyped-def]
    """Return the point that lies a step along the force from here (the exponential map)."""
    fx, fy, fz = force
    size = np.sqrt(fx * fx + fy * fy + fz * fz)
    if size <= np.float32(0.0):
        return here
    angle = min(step * size, np.float32(_LONGEST))
    along, across = np.cos(angle), np.sin(angle) / size
    x = along * here[0] + across * fx
    y = along * here[1] + across * fy
    z = along * here[2] + across * fz
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@njit_cached(parallel=True)
def run_sampled_epoch(old, new, edges, force_tables, salt, step):  # type: ignore[no-untyped-def]
    """Write every vertex's new position: edges act by chance, and call random repellers."""
    total = len(old)
    starts, columns, chances = edges
    pull, push = force_tables
    for i in numba.prange(total):
        here = (old[i, 0], old[i, 1], old[i, 2])
        fx = fy = fz = np.float32(0.0)
        for edge in range(starts[i], starts[i + 1]):
            key = _splitmix64(salt + np.uint64(edge) * _GOLDEN)
            if np.uint32(key >> _S40) >= chances[edge]:
                continue
            j = columns[edge]
            gx, gy, gz = tangent_force(here, (old[j, 0], old[j, 1], old[j, 2]), pull)
            fx, fy, fz = fx + gx, fy + gy, fz + gz
            for turn in range(REPELLERS):
                if turn % 2 == 0:
                    key = _splitmix64(key + _GOLDEN)
                draw = key >> _S32 if turn % 2 == 0 else key & _LOW
                other = np.int64((draw * np.uint64(total)) >> _S32)
                gx, gy, gz = tangent_force(
                    here, (old[other, 0], old[other, 1], old[other, 2]), push
                )
                fx, fy, fz = fx - gx, fy - gy, fz - gz
        new[i, 0], new[i, 1], new[i, 2] = _step_along_great_circle(here, (fx, fy, fz), step)


@njit_cached(parallel=True, fast=True)
def run_exact_epoch(old, new, edges, force_tables, step):  # type: ignore[no-untyped-def]
    """Write every vertex's new position from the forces that sampling has on average."""
    total = len(old)
    starts, columns, weights = edges
    pull, push = force_tables
    xs, ys, zs = old[:, 0].copy(), old[:, 1].copy(), old[:, 2].copy()
    for i in numba.prange(total):
        here = (xs[i], ys[i], zs[i])
        fx = fy = fz = weight = np.float32(0.0)
        for edge in range(starts[i], starts[i + 1]):
            j = columns[edge]
            gx, gy, gz = tangent_force(here, (xs[j], ys[j], zs[j]), pull)
            weight += weights[edge]
            fx, fy, fz = fx + weights[edge] * gx, fy + weights[edge] * gy, fz + weights[edge] * gz
        hx = hy = hz = np.float32(0.0)
        for j in range(total):
            gx, gy, gz = tangent_force(here, (xs[j], ys[j], zs[j]), push)
            hx, hy, hz = hx + gx, hy + gy, hz + gz
        share = np.float32(REPELLERS) * weight / np.float32(total)
        felt = (fx - share * hx, fy - share * hy, fz - share * hz)
        new[i, 0], new[i, 1], new[i, 2] = _step_along_great_circle(here, felt, step)
