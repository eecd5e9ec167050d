"""One way to hold a sphere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["canonical_orientation"]


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
    turned *= np.array([_sign_convention(column) for column in turned.T])
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True))


def _sign_convention(column: npt.NDArray[np.float64]) -> float:
    """Point to the mean, else to the longer tail, else to the first row that is not zero."""
    for value in (column.mean(), (column**3).mean(), *column[:1]):
        if abs(value) > 1e-9:
            return float(np.sign(value))
    return 1.0
