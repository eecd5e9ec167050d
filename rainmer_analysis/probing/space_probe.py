"""What one space knows, in numbers with intervals over scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import (
    bootstrap_scene_weights,
    crossed_effects,
    effective_dimension,
    nearest_neighbours,
)
from rainmer_analysis.probing.ladder_order import held_out_ladder_order
from rainmer_analysis.probing.probe_design import Design
from rainmer_analysis.probing.probe_images import DesignImages, Encode, Progress, encode_design

__all__ = ["Estimate", "LadderProbe", "SpaceProbe", "measure_space", "probe_encoder"]

Floats = npt.NDArray[np.float64]
SOURCES = ("scene", "weather", "level", "interaction")


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % percentile interval over scenes, and what chance would give."""

    value: float
    low: float
    high: float
    chance: float | None = None


@dataclass(frozen=True)
class LadderProbe:
    """How a space sees one ladder, in scenes that its direction was not learned from.

    Parameters
    ----------
    within
        Spearman's correlation of level and position in a scene, mean over scenes.
    across
        The same over the images of all scenes.
    share
        Share of the level in all variance along the ladder.
    positions, spread
        Mean and sd over scenes of the position at each level, in units of the sd of all.
    """

    within: Estimate
    across: Estimate
    share: Estimate
    positions: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True)
class SpaceProbe:
    """What one space knows.

    Parameters
    ----------
    variance
        Shares of ``scene``, ``weather`` (kind), ``level`` (draw within a kind) and
        ``interaction`` in the variance over the crossed images; they add up to 1.
    ratio
        Variance of weather and level in units of the scenes' variance.
    neighbours
        Share of images whose nearest neighbour in another scene is of the same kind (``kind``),
        of the same draw (``draw``), and on ladders of the same level (``level``) and of the same
        or an adjacent one (``adjacent``), with the chance of each.
    ladders
        How each ladder is seen in held-out scenes.
    dimension
        Effective dimension of the crossed images.
    """

    variance: Mapping[str, Estimate]
    ratio: Estimate
    neighbours: Mapping[str, Estimate]
    ladders: Mapping[str, LadderProbe]
    dimension: float


def measure_space(vectors: npt.ArrayLike, design: Design, *, resamples: int = 1000) -> SpaceProbe:
    """Measure what a space knows from the vectors of a design's images.

    Parameters
    ----------
    vectors
        Unit vectors, shape (scenes, cells, d), cells in the order of the design.
    design
        What was rendered.
    resamples
        Bootstrap resamples of scenes; the draws are the same for every space of one design, so
        that differences of spaces are paired. Neighbours, and the directions of ladders, are
        kept: a resample counts scenes again and looks for nothing anew.
    """
    values = np.asarray(vectors, dtype=np.float64)
    split = len(design.recipes) * design.draws
    crossed = values[:, :split].reshape(len(values), len(design.recipes), design.draws, -1)
    ladders = values[:, split:].reshape(
        len(values), len(design.ladders), design.levels_per_ladder, -1
    )
    weights = bootstrap_scene_weights(
        np.zeros(design.scenes), resamples=resamples, seed=design.seed
    )
    effects = crossed_effects(crossed)
    shares = _estimates_from_resamples(effects.shares(), effects.shares(weights))
    ratio = (
        _weather_to_scene_ratio(effects.components()[None]),
        _weather_to_scene_ratio(effects.components(weights)),
    )
    climbs = {name: ladders[:, number] for number, name in enumerate(design.ladders)}
    return SpaceProbe(
        variance=dict(zip(SOURCES, shares, strict=True)),
        ratio=_estimate_from_resamples(float(ratio[0][0]), ratio[1]),
        neighbours=_measure_neighbours(crossed, climbs, weights),
        ladders={name: _measure_ladder(vectors, weights) for name, vectors in climbs.items()},
        dimension=effective_dimension(crossed.reshape(-1, crossed.shape[-1])),
    )


def _estimate_from_resamples(value: float, drawn: Floats, chance: float | None = None) -> Estimate:
    # a resample of one scene alone, which few scenes allow, has no variance between scenes
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), chance)


def _estimates_from_resamples(values: Floats, drawn: Floats) -> list[Estimate]:
    return [_estimate_from_resamples(float(value), drawn[:, k]) for k, value in enumerate(values)]


def _mean_estimate(of_scene: Floats, weights: Floats, chance: float | None = None) -> Estimate:
    return _estimate_from_resamples(
        float(of_scene.mean()), weights @ of_scene / weights.sum(axis=1), chance
    )


def _weather_to_scene_ratio(components: Floats) -> Floats:
    scene, weather, level, _ = np.maximum(components, 0.0).T
    some = scene > 0
    return np.asarray(np.where(some, (weather + level) / np.where(some, scene, 1.0), np.nan))


def _measure_ladder(vectors: Floats, weights: Floats) -> LadderProbe:
    order = held_out_ladder_order(vectors)
    positions, spread = order.mean_and_sd_by_level()
    return LadderProbe(
        within=_mean_estimate(order.spearman_within_scenes, weights),
        across=_estimate_from_resamples(
            float(order.across_scenes()[0]), order.across_scenes(weights)
        ),
        share=_level_variance_share(vectors, weights),
        positions=tuple(positions.tolist()),
        spread=tuple(spread.tolist()),
    )


def _level_variance_share(vectors: Floats, weights: Floats) -> Estimate:
    effects = crossed_effects(vectors[:, None])
    return _estimates_from_resamples(
        effects.shares(draws=False), effects.shares(weights, draws=False)
    )[2]


def _measure_neighbours(
    crossed: Floats, climbs: Mapping[str, Floats], weights: Floats
) -> dict[str, Estimate]:
    scenes, kinds, draws, dim = crossed.shape
    near = _cell_of_nearest_neighbour(crossed.reshape(scenes, -1, dim))
    own = np.arange(kinds * draws)
    found = {
        "kind": _mean_estimate((near // draws == own // draws).mean(axis=1), weights, 1 / kinds),
        "draw": _mean_estimate((near == own).mean(axis=1), weights, 1 / (kinds * draws)),
    }
    steps = np.mean(
        [
            _share_of_neighbours_by_level_step(_cell_of_nearest_neighbour(vectors))
            for vectors in climbs.values()
        ],
        axis=0,
    )
    levels = next(iter(climbs.values())).shape[1]
    found["level"] = _mean_estimate(steps[:, 0], weights, 1 / levels)
    chance = (3 * levels - 2) / levels**2  # two of the levels have one neighbour, others two
    found["adjacent"] = _mean_estimate(steps[:, 1], weights, chance)
    return found


def _share_of_neighbours_by_level_step(near: npt.NDArray[np.int64]) -> Floats:
    """Return per scene the share of neighbours 0, and at most 1, level away, shape (S, 2)."""
    away = np.abs(near - np.arange(near.shape[1]))
    return np.stack([(away == 0).mean(axis=1), (away <= 1).mean(axis=1)], axis=1)


def _cell_of_nearest_neighbour(vectors: Floats) -> npt.NDArray[np.int64]:
    """Return the cell of each image's nearest neighbour in another scene, shape (S, cells)."""
    scenes, cells, dim = vectors.shape
    scene = np.repeat(np.arange(scenes), cells)
    near = nearest_neighbours(vectors.reshape(-1, dim), 1, groups=scene).indices[:, 0]
    return np.asarray(near.reshape(scenes, cells) % cells, dtype=np.int64)


def probe_encoder(
    encode: Encode,
    images: DesignImages,
    *,
    batch: int = 64,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> dict[str, SpaceProbe]:
    """Measure what each view of an encoder knows.

    Parameters
    ----------
    encode
        float32 images [n, 3, H, W] in [0, 1] to vectors [n, d] of each view: the method of a
        loaded encoder, or a network in training wrapped as such.
    images
        From `render_or_load_design`.
    batch
        Images per call of `encode`.
    resamples
        Bootstrap resamples of scenes for the intervals.
    progress
        Called with encoded images and their number.

    Returns
    -------
    One `SpaceProbe` per view.

    Examples
    --------
    >>> images = render_or_load_design(Design("train"), "probe-cache")  # doctest: +SKIP
    >>> probe_encoder(ra.load_encoder("statistics").encode, images)  # doctest: +SKIP
    """
    vectors = encode_design(encode, images, batch=batch, progress=progress)
    design = images.design
    return {
        view: measure_space(rows, design, resamples=resamples) for view, rows in vectors.items()
    }
