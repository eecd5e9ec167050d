"""How far a placed row lies from where a joint layout would put it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import angle_between
from rainmer_analysis.numerics.procrustes import procrustes_rotation
from rainmer_analysis.sphere.placement.neighbour_placement import Placement

__all__ = ["PlacementCalibration", "calibrate_placement", "check_level"]

Floats = npt.NDArray[np.float64]
# Of so few scenes, were they independent, the share that 90 % cover varies by 6 points either way.
_FEW_SCENES = 100
# Of fewer parts none promises 90 %.
_FEW_PARTS = 9
_LOG = logging.getLogger(__name__)
Rehearsal = Callable[[npt.NDArray[np.bool_], int], tuple[Floats, Placement]]


@dataclass(frozen=True, eq=False)
class PlacementCalibration:
    """What was seen when each part of the map was left out and placed.

    Parameters
    ----------
    errors
        Shape (n,), radians: from a row's place by its neighbours, in a layout without its part, to
        its place in the layout of all, after the best turn.
    scatter
        Shape (n,), radians: how its neighbours lay about its place.
    parts
        Shape (n,), int: the part that the row was left out with.
    """

    errors: Floats
    scatter: Floats
    parts: npt.NDArray[np.int64]

    def radii(self, scatter: npt.ArrayLike, level: float) -> Floats:
        """Return the radius that covers a share `level` of such rows, in radians, at most pi.

        The radius is proportional to a row's own scatter plus the median scatter of all
        (normalised split conformal prediction: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman,
        Journal of the American Statistical Association 113, 2018). A layout moves whole groups, so
        that errors within one part go together and there are only as many independent observations
        as parts: the factor is the quantile of the errors in that measure with each part weighing
        the same (CDF pooling: Dunn, Wasserman and Ramdas, Distribution-free prediction sets for
        two-layer hierarchical models, the same journal, 118, 2023). It holds on average over
        layouts, and the better the more parts there are; one layout covers more or fewer. Where the
        parts are too few for the level (9 are needed for 0.9), the radius is pi.
        """
        return self._radii_from_parts(
            np.asarray(scatter, dtype=np.float64), level, np.full(len(self.errors), True)
        )

    def cross_validated_radii(self, level: float) -> Floats:
        """Return each row's radius as the other parts would have given it, shape (n,)."""
        found = np.empty(len(self.errors))
        for part in np.unique(self.parts):
            own = self.parts == part
            found[own] = self._radii_from_parts(self.scatter[own], level, ~own)
        return found

    def coverage(self, level: float) -> float:
        """Return the share of rows that lie within the radius that the other parts give them."""
        return float((self.errors <= self.cross_validated_radii(level)).mean())

    def _radii_from_parts(
        self, scatter: Floats, level: float, used: npt.NDArray[np.bool_]
    ) -> Floats:
        check_level(level)
        typical = np.median(self.scatter[used])
        ratios = self.errors[used] / np.maximum(self.scatter[used] + typical, 1e-12)
        _, codes, sizes = np.unique(self.parts[used], return_inverse=True, return_counts=True)
        order = np.argsort(ratios, kind="stable")
        shares = np.cumsum(1 / sizes[codes[order]])
        parts = len(sizes)
        if level * (parts + 1) > parts + 1e-9:  # the worst of them promises less
            return np.full(len(scatter), np.pi)
        factor = ratios[order[np.searchsorted(shares, level * parts - 1e-9)]]
        return np.asarray(np.minimum(factor * (scatter + typical), np.pi))


def check_level(level: float) -> None:
    """Refuse a level that is no share.

    Raises ParameterError: it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise ParameterError(f"the level is {level}; give a share between 0 and 1, such as 0.9")


def calibrate_placement(
    points: Floats,
    groups: npt.ArrayLike | None,
    lay_out_and_place: Rehearsal,
    *,
    parts: int,
    seed: int,
) -> PlacementCalibration:
    """Leave each part of the scenes out in turn, place it, and compare with the layout of all.

    Raises ParameterError: `groups` do not fit, or the scenes are fewer than the parts.

    Parameters
    ----------
    points
        Shape (n, 3): the layout of all rows.
    groups
        Shape (n,): the scene of each row, which is left out as a whole; each row its own by
        default.
    rehearse
        Lays out the rows of a mask, with another seed for each number of a part, and places the
        others: the layout of the rows kept, and the places of those left out, both in order.
    parts
        How many, at least 2, at most the number of scenes.
    seed
        Of the division of scenes into parts.

    Warns
    -----
    In the log, where scenes or parts are too few for a radius to mean much.
    """
    total = len(points)
    labels = np.arange(total) if groups is None else np.asarray(groups)
    if labels.shape != (total,):
        raise ParameterError(
            f"groups of shape {labels.shape} do not fit {total} rows; give one group per row"
        )
    _, codes = np.unique(labels, return_inverse=True)
    scenes = int(codes.max()) + 1
    if not 2 <= parts <= scenes:
        raise ParameterError(
            f"{scenes} scenes cannot be left out in {parts} parts; "
            "give from 2 parts to as many as there are scenes"
        )
    if scenes < _FEW_SCENES or parts < _FEW_PARTS:
        _LOG.warning(
            "the radius of placed images rests on %d scene(s) in %d parts and says little; "
            "calibrate with %d scenes or more in %d parts or more, better 20",
            scenes, parts, _FEW_SCENES, _FEW_PARTS,
        )  # fmt: skip
    part = (np.random.default_rng(seed).permutation(scenes) % parts)[codes]
    errors, scatter = np.empty(total), np.empty(total)
    for number in range(parts):
        out = part == number
        kept, places = lay_out_and_place(~out, number)
        turn = procrustes_rotation(kept, points[~out])
        errors[out] = angle_between(places.points @ turn, points[out])
        scatter[out] = places.scatter
    return PlacementCalibration(errors, scatter, part.astype(np.int64))
