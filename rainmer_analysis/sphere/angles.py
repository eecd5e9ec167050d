"""Colatitude and longitude to unit vectors, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["angles_to_xyz", "xyz_to_angles"]


def angles_to_xyz(angles: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the unit vectors of umap-learn's haversine output.

    umap-learn optimises under the gradient form of the haversine, which shifts column 0 by a
    quarter turn: column 0 is the colatitude (the angle from the north pole), column 1 the
    longitude. Both are unbounded, so they must pass through sines and cosines.

    Parameters
    ----------
    angles
        Shape (n, 2), radians, any real numbers.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3): x = sin e0 cos e1, y = sin e0 sin e1, z = cos e0.
    """
    colatitude, longitude = np.asarray(angles, dtype=np.float64).T
    x = np.sin(colatitude) * np.cos(longitude)
    y = np.sin(colatitude) * np.sin(longitude)
    return np.stack([x, y, np.cos(colatitude)], axis=1)


def xyz_to_angles(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return colatitude in [0, pi] and longitude in [-pi, pi] of unit vectors, shape (n, 2).

    At the poles, where it is arbitrary, the longitude is 0 or pi.
    """
    x, y, z = np.asarray(points, dtype=np.float64).T
    return np.stack([np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)], axis=1)
