"""Alignment of point sets on the sphere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["align_points", "procrustes_rotation"]


def align_points(points: npt.ArrayLike, reference: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn points onto a reference by the best rotation or reflection about the origin.

    Minimises the summed squared chords between rows of the same number (orthogonal Procrustes:
    Schönemann, Psychometrika 31, 1966). A layout on the sphere is determined only up to this.

    Raises ParameterError: the shapes differ.

    Parameters
    ----------
    points, reference
        Shape (n, d) each; row i of both is the same image.
    """
    return np.asarray(np.asarray(points, dtype=np.float64) @ procrustes_rotation(points, reference))


def procrustes_rotation(points: npt.ArrayLike, reference: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the orthogonal matrix (d, d) that `align_points` multiplies the points with.

    Parameters and errors are those of `align_points`.
    """
    moved, fixed = np.asarray(points, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if moved.shape != fixed.shape or moved.ndim != 2:
        raise ParameterError(
            f"points of shapes {moved.shape} and {fixed.shape} cannot be aligned; "
            "give two arrays (n, d) about the same images"
        )
    left, _, right = np.linalg.svd(moved.T @ fixed)
    return np.asarray(left @ right)
