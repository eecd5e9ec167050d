"""The curve that says how near neighbours shall be, and its forces on a sphere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit

__all__ = ["CELLS", "Kernel"]

Floats = npt.NDArray[np.float64]

# Cells of the tables of forces: two tables of float32 stay in the fastest cache.
CELLS = 1024
# No single force is stronger than this, as in umap-learn.
_STRONGEST = 4.0
# Keeps the repulsion of touching points finite, as in umap-learn.
_SOFTENING = 1e-3
# Towards the antipode every direction leads away, so a force is let fade out there.
_LEAST_COSINE = 0.05


@dataclass(frozen=True)
class Kernel:
    """The curve 1 / (1 + a d^(2 b)) of McInnes, Healy and Melville (2018), eq. 17.

    Parameters
    ----------
    a, b
        Its shape; `fitted` finds it.
    radius
        Of the sphere: the distance d of the curve is the great-circle angle times this.
    """

    a: float
    b: float
    radius: float

    @classmethod
    def fitted(cls, *, min_dist: float, spread: float, radius: float) -> Kernel:
        """Fit the curve to 1 up to `min_dist` and exp(-(d - min_dist) / spread) beyond.

        Parameters
        ----------
        min_dist, spread
            In units of d.
        radius
            Of the sphere.
        """
        a, b = _shape(min_dist, spread)
        return cls(a, b, radius)

    def tables(self, *, attraction: float = 1.0) -> tuple[npt.NDArray[np.float32], ...]:
        """Tabulate both forces against the square root of half the chord, from 0 to 1.

        Near zero the forces go with small powers of the distance, which the root straightens. The
        values are the forces of two points, times chord over sine of their angle: what the
        difference of their coordinates, projected on the tangent plane and divided by the chord,
        has to be multiplied with.

        Returns
        -------
        tuple
            Attraction and repulsion, shapes (CELLS + 2,).
        """
        chord = 2 * np.linspace(0, 1, CELLS + 1) ** 2
        angle = 2 * np.arcsin(np.clip(chord / 2, 0, 1))
        distance = np.maximum(self.radius * angle, 1e-12)
        power = self.a * distance ** (2 * self.b)
        pull = 2 * self.b * power / (distance * (1 + power))
        push = 2 * self.b * distance / ((_SOFTENING + distance**2) * (1 + power))
        cosine = np.cos(angle / 2)
        lift = np.minimum(1, cosine / _LEAST_COSINE) / np.maximum(cosine, _LEAST_COSINE)
        return tuple(
            np.append(table, table[-1]).astype(np.float32)
            for table in (
                attraction * np.minimum(pull, _STRONGEST) * lift,
                np.minimum(push, _STRONGEST) * lift,
            )
        )


@lru_cache(maxsize=32)
def _shape(min_dist: float, spread: float) -> tuple[float, float]:
    distance = np.linspace(0, 3 * spread, 300)
    wanted = np.where(distance < min_dist, 1.0, np.exp(-(distance - min_dist) / spread))

    def curve(d: Floats, a: float, b: float) -> Floats:
        return np.asarray(1 / (1 + a * d ** (2 * b)))

    (a, b), _ = curve_fit(curve, distance, wanted)
    return float(a), float(b)
