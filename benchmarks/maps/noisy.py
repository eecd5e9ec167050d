"""Rows without a meaning, for timings."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["clusters", "unit"]

Floats = np.ndarray[Any, np.dtype[np.float64]]


def unit(rows: Floats) -> Floats:
    """Scale rows to length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def clusters(count: int, dim: int, *, groups: int = 6, seed: int = 0) -> Floats:
    """Draw noisy clusters: centres of length 1 and noise of length 1."""
    generator = np.random.default_rng(seed)
    centres = unit(generator.normal(size=(groups, dim)))
    noise = generator.normal(size=(count, dim)) / np.sqrt(dim)
    return unit(centres[np.arange(count) % groups] + noise)
