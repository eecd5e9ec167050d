"""The layout as a scikit-learn estimator."""

from __future__ import annotations

from numbers import Integral, Real
from typing import overload

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.sphere.placement import (
    Placement,
    PlacementCalibration,
    calibrate_placement,
    check_level,
    place_by_neighbours,
)
from rainmer_analysis.sphere.sphere_layout import (
    EPOCHS,
    LayoutParameters,
    radius_for_rows,
    sphere_layout,
)
from rainmer_analysis.sphere.umap_s2 import AttractionCurve

__all__ = ["SphereUMAP"]

Floats = npt.NDArray[np.float64]


class SphereUMAP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """UMAP onto the unit sphere, for vectors of which only the direction counts.

    `transform` places new rows on a map that stands; after `calibrate` it says how surely.

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
        Seed in [0, 2^32); None draws one anew at each `fit`, and a `numpy.random.RandomState` is
        drawn from, as in scikit-learn.

    Attributes
    ----------
    embedding_
        Shape (n, 3), float64 unit vectors, turned so that x lies along the largest principal axis
        and z along the smallest.
    vectors_
        Shape (n, d), float64: the unit rows seen in `fit`.
    calibration_
        What `calibrate` saw.
    seed_
        The seed that `fit` used.
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
        random_state: int | np.random.RandomState | None = 42,
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
        self._check_parameters()
        rows = validate_data(self, X, dtype=np.float64, order="C", ensure_all_finite=False)
        self.seed_ = self._integer_seed()
        self.vectors_ = unit_rows(rows)
        self.embedding_ = self._lay_out(self.vectors_)
        self.calibration_: PlacementCalibration | None = None
        return self

    def fit_transform(self, X: npt.ArrayLike, y: object = None) -> Floats:
        """Lay rows out and give their places: shape (n, 3), float64 unit vectors."""
        return self.fit(X, y).embedding_

    def calibrate(self, groups: npt.ArrayLike | None = None, *, parts: int = 20) -> SphereUMAP:
        """Learn how far `transform` places rows from where a joint layout would.

        The scenes are left out of the map in `parts` parts, one after the other; each is placed in
        a layout of the rest, under another seed, and compared with its places in the layout of all.
        This takes `parts` layouts.

        Parameters
        ----------
        groups
            Shape (n,): the scene of each row seen in `fit`, left out as a whole; each row its own
            by default.
        parts
            At least 2, at most the number of scenes. More cost more and say more: a level of 0.9
            needs 9 to have a radius at all.

        Raises
        ------
        ParameterError
            `groups` do not fit or the scenes are fewer than the parts.
        """
        check_is_fitted(self)

        def lay_out_and_place(kept: npt.NDArray[np.bool_], number: int) -> tuple[Floats, Placement]:
            points = self._lay_out(self.vectors_[kept], skip=number + 1)
            return points, self._place_rows(self.vectors_[~kept], self.vectors_[kept], points)

        self.calibration_ = calibrate_placement(
            self.embedding_, groups, lay_out_and_place, parts=parts, seed=self.seed_
        )
        return self

    @overload
    def transform(self, X: npt.ArrayLike, *, level: None = None) -> Floats: ...

    @overload
    def transform(self, X: npt.ArrayLike, *, level: float) -> tuple[Floats, Floats]: ...

    def transform(
        self, X: npt.ArrayLike, *, level: float | None = None
    ) -> Floats | tuple[Floats, Floats]:
        """Place rows on the map that stands, by their neighbours among its rows.

        A row that the map holds already gets that row's place, exactly.

        Parameters
        ----------
        X
            Shape (m, d), of the width seen in `fit`; no row may be zero or hold NaN or infinity.
        level
            In (0, 1): give radii too, within which a joint layout of all rows would put this share
            of rows. Needs `calibrate`.

        Returns
        -------
        numpy.ndarray
            Shape (m, 3), float64 unit vectors. With a `level` also radii in radians, shape (m,), at
            most pi.

        Raises
        ------
        ParameterError
            A row has no direction or another width, or there is no calibration for a `level`.
        """
        check_is_fitted(self)
        rows = self._validate_rows(X)
        if level is not None:
            check_level(level)
            if self.calibration_ is None:
                raise ParameterError(
                    "the map has no calibration, so that places have no radius; call calibrate() "
                    "first, or leave out the level"
                )
        places = self._place_rows(unit_rows(rows), self.vectors_, self.embedding_)
        if level is None or self.calibration_ is None:
            return places.points
        return places.points, self.calibration_.radii(places.scatter, level)

    def _lay_out(self, unit: Floats, *, skip: int = 0) -> Floats:
        seed = (self.seed_ + skip) % 2**32
        return sphere_layout(
            unit,
            LayoutParameters(int(self.n_neighbors), float(self.min_dist), seed),
            radius=None if self.radius is None else float(self.radius),
            epochs=int(self.n_epochs),
            spread=float(self.spread),
        )

    def _place_rows(self, unit: Floats, known: Floats, points: Floats) -> Placement:
        natural = radius_for_rows(len(known)) * float(self.spread)
        kernel = AttractionCurve.fitted(
            min_dist=float(self.min_dist),
            spread=float(self.spread),
            radius=natural if self.radius is None else float(self.radius),
        )
        width = max(1, int(self.n_neighbors) - 1)
        return place_by_neighbours(unit, known, points, neighbors=width, curve=kernel)

    def _validate_rows(self, X: npt.ArrayLike) -> Floats:
        """Return rows of the width seen in `fit`."""
        try:
            return np.asarray(
                validate_data(
                    self, X, dtype=np.float64, order="C", reset=False, ensure_all_finite=False
                )
            )
        except ValueError as error:
            if "is expecting" not in str(error):
                raise
            raise ParameterError(
                f"{str(error).rstrip('.')}: the map was made of rows of {self.n_features_in_} "
                "columns; give vectors of the same space"
            ) from error

    def _integer_seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**32, dtype=np.uint32))

    @property
    def _n_features_out(self) -> int:
        return 3

    def _check_parameters(self) -> None:
        """Refuse parameters that are not allowed."""
        for name in ("n_neighbors", "n_epochs"):
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
        seed = self.random_state
        if seed is not None and not isinstance(seed, np.random.RandomState):
            if not isinstance(seed, Integral) or isinstance(seed, bool):
                raise ParameterError(
                    f"random_state is {seed!r}; give a whole number, None or a RandomState"
                )
            LayoutParameters(seed=int(seed))
        LayoutParameters(int(self.n_neighbors), float(self.min_dist))
