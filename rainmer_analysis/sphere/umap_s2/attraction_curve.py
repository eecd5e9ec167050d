"""The curve that says how near neighbours shall be, and its forces on a sphere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit

__all__ = ["LOWEST", "SHIFT", "AttractionCurve"]

Floats = npt.NDArray[np.float64]

# Forces are tabulated by the exponent and the first five bits of the mantissa of a float32, from
# 2^-48 to 4: two tables of 1,602 float32 stay in the fastest cache, and neither a root nor a
# division is left to do for each pair.
SHIFT = 18
LOWEST = (127 - 48) << (23 - SHIFT)
_HIGHEST = (127 + 2) << (23 - SHIFT)
# No single force is stronger than this, as in umap-learn.
_STRONGEST = 4.0
# Keeps the repulsion of touching points finite, as in umap-learn.
_SOFTENING = 1e-3
# Towards the antipode every direction leads away, so forces fade out there, from 163 degrees on.
_LEAST_COSINE = 0.15


@dataclass(frozen=True)
class AttractionCurve:
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
    def fitted(cls, *, min_dist: float, spread: float, radius: float) -> AttractionCurve:
        """Fit the curve to 1 up to `min_dist` and exp(-(d - min_dist) / spread) beyond.

        Parameters
        ----------
        min_dist, spread
            In units of d.
        radius
            Of the sphere.
        """
        a, b = _fit_curve(min_dist, spread)
        return cls(a, b, radius)

    def force_tables(
        self, *, attraction: float = 1.0
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Tabulate both forces against the squared chord, at the float32 numbers that begin a cell.

        Cell c begins at the number whose bits are (c + LOWEST) << SHIFT. The values are what the
        difference of two points' coordinates, projected on the tangent plane, has to be multiplied
        with: the force, divided by the sine of their angle.

        Returns
        -------
        tuple
            Attraction and repulsion, shapes (1602,).
        """
        cells = np.arange(LOWEST, _HIGHEST + 2, dtype=np.int32)
        chord = np.sqrt((cells << SHIFT).view(np.float32).astype(np.float64))
        angle = 2 * np.arcsin(np.clip(chord / 2, 0, 1))
        distance = self.radius * angle
        power = self.a * distance ** (2 * self.b)
        pull = 2 * self.b * power / (distance * (1 + power))
        push = 2 * self.b * distance / ((_SOFTENING + distance**2) * (1 + power))
        cosine = np.cos(angle / 2)
        lift = np.minimum(1, cosine / _LEAST_COSINE) / np.maximum(cosine, _LEAST_COSINE)
        return (
            (attraction * np.minimum(pull, _STRONGEST) * lift / chord).astype(np.float32),
            (np.minimum(push, _STRONGEST) * lift / chord).astype(np.float32),
        )


@lru_cache(maxsize=32)
def _fit_curve(min_dist: float, spread: float) -> tuple[float, float]:
    distance = np.linspace(0, 3 * spread, 300)
    wanted = np.where(distance < min_dist, 1.0, np.exp(-(distance - min_dist) / spread))

    def curve(d: Floats, a: float, b: float) -> Floats:
        return np.asarray(1 / (1 + a * d ** (2 * b)))

    (a, b), _ = curve_fit(curve, distance, wanted)
    return float(a), float(b)
