"""Components of variance of vectors in a balanced crossed design, scenes by treatments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError

__all__ = ["CrossedEffects", "crossed_effects"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CrossedEffects:
    """Scalar products between scenes of what each scene says of an effect.

    Every vector x[s, k, l] of scene s under level l of kind k is the sum of its scene's mean u[s],
    its kind's effect in that scene b[s, k] and its level's effect in that scene c[s, k, l], which
    are orthogonal within a scene. What two different scenes share of b and c is common to scenes;
    the rest of them is interaction, and noise.

    Parameters
    ----------
    scene
        u[s] . u[t], shape (S, S).
    kind
        Mean over kinds of b[s, k] . b[t, k], shape (S, S).
    level
        Mean over kinds and levels of c[s, k, l] . c[t, k, l], shape (S, S).
    kinds, levels
        K and L.
    """

    scene: Floats
    kind: Floats
    level: Floats
    kinds: int
    levels: int

    def components(self, weights: npt.ArrayLike | None = None, *, draws: bool = True) -> Floats:
        """Return the variance of scene, kind, level within kind, and interaction.

        The estimates are those of the nested analysis of variance by its expected mean squares
        (Searle, Casella and McCulloch, Variance Components, 1992, chapter 4), with kinds fixed:
        products of different scenes have the expectation of the common part alone, so that noise
        counts as interaction and nowhere else. They are unbiased (of random draws 1 / (K L) of the
        variance is lost with the mean) and may fall below zero; they
        add up to half the mean squared distance of two images of different scenes, each under any
        level of any kind.

        Parameters
        ----------
        weights
            How often each scene counts, shape (b, S), whole numbers as a bootstrap draws them;
            copies of a scene are never paired with each other. Once each by default.
        draws
            Whether levels are random draws of a kind, whose mean moves the kind's; otherwise they
            are fixed, as on a ladder.

        Returns
        -------
        Shape (b, 4), float64, or (4,) without weights.
        """
        given = np.ones((1, len(self.scene))) if weights is None else np.asarray(weights, float)
        scene_alone, scene_shared = _mean_within_and_between_scenes(self.scene, given)
        kind_alone, kind = _mean_within_and_between_scenes(self.kind, given)
        level_alone, level = _mean_within_and_between_scenes(self.level, given)
        scene = scene_alone - scene_shared
        interaction = kind_alone - kind + level_alone - level
        cells = self.kinds * self.levels
        noise = interaction / max(cells - 1, 1)  # what the mean over cells keeps of it
        scene, interaction = scene - noise, interaction + noise
        if draws and self.levels > 1:
            # of what a kind's mean keeps of its draws, the mean over kinds is no difference
            noise = level / (self.levels - 1) * (1 - 1 / self.kinds)
            kind, level = kind - noise, level + noise
        found = np.stack([scene, kind, level, interaction], axis=1)
        return np.asarray(found[0] if weights is None else found)

    def shares(self, weights: npt.ArrayLike | None = None, *, draws: bool = True) -> Floats:
        """Return the components as shares that add up to 1; those below zero count as zero.

        Parameters and shapes are those of `components`. NaN where nothing varies.
        """
        found = np.maximum(self.components(weights, draws=draws), 0.0)
        total = found.sum(axis=-1, keepdims=True)
        return np.asarray(np.where(total > 0, found / np.where(total > 0, total, 1.0), np.nan))


def crossed_effects(vectors: npt.ArrayLike) -> CrossedEffects:
    """Split the vectors of a crossed design into effects.

    Raises ParameterError: the shape is another, or a value is not finite.

    Parameters
    ----------
    vectors
        Shape (S, K, L, d): scene, kind, level of that kind, dimension; S at least 2, K L at least
        2.
    """
    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 4 or len(values) < 2 or values.shape[1] * values.shape[2] < 2:
        raise ParameterError(
            f"vectors of a crossed design came in the shape {values.shape}; give (scenes, kinds, "
            "levels, dimensions) with at least two scenes and two kinds or levels"
        )
    if not np.isfinite(values).all():
        raise ParameterError("vectors of a crossed design hold NaN or infinity; leave those out")
    values = values - values.mean(axis=(0, 1, 2))  # distances stay; fewer digits are lost
    scenes, kinds, levels, _ = values.shape
    mean = values.mean(axis=(1, 2))
    of_kind = values.mean(axis=2) - mean[:, None]
    of_level = values - values.mean(axis=2, keepdims=True)
    flat_kind, flat_level = of_kind.reshape(scenes, -1), of_level.reshape(scenes, -1)
    return CrossedEffects(
        mean @ mean.T,
        flat_kind @ flat_kind.T / kinds,
        flat_level @ flat_level.T / (kinds * levels),
        kinds,
        levels,
    )


def _mean_within_and_between_scenes(products: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the mean product of a scene with itself, and of two different scenes, per row."""
    diagonal = np.diag(products)
    count = weights.sum(axis=1)
    alone = weights @ diagonal / count
    pairs = count**2 - (weights**2).sum(axis=1)
    sums = np.einsum("bs,bs->b", weights @ products, weights) - weights**2 @ diagonal
    shared = np.where(pairs > 0, sums / np.where(pairs > 0, pairs, 1.0), np.nan)
    return np.asarray(alone), np.asarray(shared)
