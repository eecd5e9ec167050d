"""The layout as a scikit-learn estimator."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.sphere.layout import Layout
from rainmer_analysis.sphere.sphere_layout import EPOCHS, sphere_layout

__all__ = ["SphereUMAP"]


class SphereUMAP(BaseEstimator):  # type: ignore[misc]
    """UMAP onto the unit sphere, for vectors of which only the direction counts.

    Neighbours are found by great-circle distance and joined to the fuzzy graph of umap-learn; the
    layout then moves unit vectors in R3 along great circles. One seed gives one result, bit by bit
    on one machine, for any number of threads and any order of the rows; equal rows share a place.

    Parameters
    ----------
    n_neighbors
        Rows that a row is held near to, itself counted; fewer where there are fewer rows.
    min_dist
        Least distance of neighbours in the layout, in [0, 1], in units of `spread`'s scale.
    spread
        Scale of distances in the layout, positive.
    radius
        Of the sphere in the units of `min_dist` and `spread`, positive; by default 2.5 times
        `spread`, and less (2 at 200) for fewer than 500 distinct rows. A small sphere is crowded
        (groups come near each other and continuity gains), a large one is all but a plane.
    n_epochs
        Passes over the graph, at least 1.
    random_state
        Seed in [0, 2^32).

    Attributes
    ----------
    embedding_
        Shape (n, 3), float64 unit vectors, turned so that x lies along the largest principal axis
        and z along the smallest.
    n_features_in_
        Width of the rows seen in `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> points = SphereUMAP().fit_transform(load_digits().data)
    >>> points.shape
    (1797, 3)
    """

    def __init__(
        self,
        n_neighbors: int = 50,
        *,
        min_dist: float = 0.0,
        spread: float = 1.0,
        radius: float | None = None,
        n_epochs: int = EPOCHS,
        random_state: int = 42,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist
        self.spread = spread
        self.radius = radius
        self.n_epochs = n_epochs
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None) -> SphereUMAP:  # noqa: ARG002
        """Lay rows out.

        Parameters
        ----------
        X
            Shape (n, d), n at least 1; no row may be zero or hold NaN or infinity.
        y
            Not used.

        Raises
        ------
        ParameterError
            A row has no direction, or a parameter is not allowed (a ValueError too).
        """
        layout = self._layout()
        rows = check_array(X, dtype=np.float64, order="C", ensure_all_finite=False)
        self.n_features_in_ = rows.shape[1]
        self.embedding_ = sphere_layout(
            unit_rows(rows),
            layout,
            radius=None if self.radius is None else float(self.radius),
            epochs=int(self.n_epochs),
            spread=float(self.spread),
        )
        return self

    def fit_transform(self, X: npt.ArrayLike, y: object = None) -> npt.NDArray[np.float64]:
        """Lay rows out and give their places: shape (n, 3), float64 unit vectors."""
        return self.fit(X, y).embedding_

    def _layout(self) -> Layout:
        for name in ("n_neighbors", "n_epochs", "random_state"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise ParameterError(f"{name} is {value!r}; give a whole number")
        for name in ("radius", "spread"):
            value = getattr(self, name)
            if name == "radius" and value is None:
                continue
            if not (isinstance(value, Real) and 0 < float(value) < np.inf):
                raise ParameterError(f"{name} is {value!r}; give a positive number")
        if self.n_epochs < 1:
            raise ParameterError(f"n_epochs is {self.n_epochs}; give at least 1, 200 to 400 serve")
        return Layout(int(self.n_neighbors), float(self.min_dist), int(self.random_state))
