"""How well a space orders the levels of a ladder, in scenes that the order was not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from rainmer_analysis.errors import ParameterError

__all__ = ["LadderOrder", "held_out_ladder_order"]

Floats = npt.NDArray[np.float64]
_DECIMALS = 12  # positions closer than this are tied; rounding errors order nothing


@dataclass(frozen=True, eq=False)
class LadderOrder:
    """Where the images of a ladder lie along the direction that other scenes give it.

    Parameters
    ----------
    positions
        Shape (S, M): scene, level in rising order.
    """

    positions: Floats

    @property
    def spearman_within_scenes(self) -> Floats:
        """Spearman's correlation of level and position in each scene, shape (S,).

        0 where all positions are the same. It says whether the space orders the levels of one
        scene.
        """
        ranks = rankdata(self.positions, axis=1) - (self.positions.shape[1] + 1) / 2
        return _spearman_with_level(
            (ranks**2).sum(axis=1), ranks @ self._centred_levels, 1.0, self._centred_levels
        )

    def across_scenes(self, weights: npt.ArrayLike | None = None) -> Floats:
        """Return Spearman's correlation of level and position over the images of all scenes.

        It says whether a level can be read from one image of an unknown scene; where scenes differ
        more than levels do, it is low even if every scene is ordered well.

        Parameters
        ----------
        weights
            How often each scene counts, shape (b, S); once each by default. Ranks are those among
            all images.

        Returns
        -------
        Shape (b,), or (1,) without weights.
        """
        scenes, levels = self.positions.shape
        given = np.ones((1, scenes)) if weights is None else np.asarray(weights, float)
        ranks = rankdata(self.positions).reshape(scenes, levels) - (scenes * levels + 1) / 2
        count = given.sum(axis=1)
        mean = given @ ranks.sum(axis=1) / (count * levels)
        squares = given @ (ranks**2).sum(axis=1) - mean**2 * count * levels
        return _spearman_with_level(
            squares, given @ (ranks @ self._centred_levels), count, self._centred_levels
        )

    def mean_and_sd_by_level(self) -> tuple[Floats, Floats]:
        """Return mean and sd over scenes of the position at each level, both of shape (M,).

        In units of the sd of all positions, about their mean; zeros where that is zero.
        """
        spread = float(self.positions.std())
        scaled = (self.positions - self.positions.mean()) / (spread if spread > 0 else 1.0)
        return scaled.mean(axis=0), scaled.std(axis=0)

    @property
    def _centred_levels(self) -> Floats:
        levels = self.positions.shape[1]
        return np.asarray(np.arange(levels) - (levels - 1) / 2, dtype=np.float64)


def held_out_ladder_order(vectors: npt.ArrayLike) -> LadderOrder:
    """Project each scene's images on the direction along which the level rises in all others.

    The direction is the sum of the other scenes' vectors, each weighted by its level's rank about
    the middle. That is the first weight vector of partial least squares on rank: it uses every
    level, has nothing to tune, and asks that the direction be the same in all scenes. The scene
    itself has no part in its direction, so that in a space without the level correlations are
    about 0: noise cannot be fitted.

    Raises ParameterError: the shape is another.

    Parameters
    ----------
    vectors
        Shape (S, M, d): scene, level in rising order, dimension; S and M at least 2.
    """
    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 3 or min(values.shape[:2]) < 2:
        raise ParameterError(
            f"vectors of a ladder came in the shape {values.shape}; give (scenes, levels, "
            "dimensions) with at least two scenes and two levels"
        )
    scenes, levels, _ = values.shape
    slopes = np.einsum("m,smd->sd", np.arange(levels) - (levels - 1) / 2, values)
    means = values.mean(axis=1)
    others = slopes.sum(axis=0) - slopes
    centre = (means.sum(axis=0) - means) / (scenes - 1)
    length = np.linalg.norm(others, axis=1, keepdims=True)
    direction = np.where(length > 10.0**-_DECIMALS, others / np.maximum(length, 1e-300), 0.0)
    positions = np.einsum("smd,sd->sm", values - centre[:, None], direction)
    return LadderOrder(np.round(positions, _DECIMALS))


def _spearman_with_level(
    squares: Floats, products: Floats, count: float | Floats, rank: Floats
) -> Floats:
    """Return the correlation with the level's rank; 0 where nothing varies."""
    spread = np.sqrt(np.maximum(squares, 0.0) * (rank**2).sum() * count)
    return np.asarray(np.where(spread > 0, products / np.where(spread > 0, spread, 1.0), 0.0))
