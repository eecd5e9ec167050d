"""Unit vectors, the angles between them, and those of colatitudes and longitudes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["angle_between", "angles_to_xyz", "unit_rows"]


def unit_rows(vectors: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return float64 rows of unit length.

    Stored rows are float32, whose lengths miss 1 by about 1e-7; cosines and angles of small size
    need better.

    Raises ParameterError: the array has another shape, or a row has no direction.

    Parameters
    ----------
    vectors
        Shape (n, d); no row may be zero or hold NaN or infinity.
    """
    rows = np.array(vectors, dtype=np.float64)
    if rows.ndim != 2:
        raise ParameterError(
            f"vectors of shape {rows.shape} came where rows are needed; give an array (n, d)"
        )
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    wrong = ~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0))
    if wrong.any():
        raise ParameterError(
            f"row {int(wrong.argmax())} has length {lengths[wrong.argmax(), 0]:g} and therefore no "
            "direction; leave rows out that are zero or hold NaN or infinity"
        )
    return np.asarray(rows / lengths)


def angle_between(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the great-circle distance of unit vectors along the last axis, in radians, in [0, pi].

    The angle is 2 atan2(|a - b|, |a + b|): exact to rounding everywhere, while the arc cosine of
    a dot product loses half of the digits for equal and opposite vectors (in float32 a vector then
    stands up to 1e-3 from itself).
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return np.asarray(
        2.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    )


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
