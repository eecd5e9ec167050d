"""The published call that makes a map, also as a program: ``published_map.py ROWS.npy``."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numba
import numpy as np
import umap

__all__ = ["arc", "published_map"]


@numba.njit
def arc(x: Any, y: Any) -> Any:
    """Give the angle of two unit vectors as the arc cosine of their product."""
    return np.arccos(min(max(np.dot(x, y), -1.0), 1.0))


def published_map(rows: np.ndarray, seed: int = 42) -> np.ndarray:
    """Lay unit rows (n, d) out as the published analysis does; give points (n, 3)."""
    model = umap.UMAP(
        n_neighbors=50, metric=arc, output_metric="haversine", min_dist=0.0, random_state=seed
    )
    colatitude, longitude = model.fit_transform(rows.astype(np.float32)).astype(np.float64).T
    level = np.sin(colatitude)
    points = [level * np.cos(longitude), level * np.sin(longitude), np.cos(colatitude)]
    return np.stack(points, axis=1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    published_map(np.load(sys.argv[1]))
