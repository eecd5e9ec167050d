"""Degrade a clean image by a recipe, or make one pair of a simulated dataset."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.photographed_and_procedural_scenes import (
    load_or_render_scene,
    scene_names,
)
from rainmer_analysis.weather.random_laws import keyed_generator
from rainmer_analysis.weather.simulated_recipes import find_recipe
from rainmer_analysis.weather.weather_draws import draw_light, draw_weather

__all__ = ["Pair", "degraded_and_clean", "scene_of_pair", "simulate"]


@dataclass(frozen=True)
class Pair:
    """A degraded image, its clean partner (float32 [3, H, W] in [0, 1]), and their scene."""

    rainy: NDArray[np.float32]
    clean: NDArray[np.float32]
    scene: str


def degraded_and_clean(
    image: ArrayLike, recipe_name: str, *, seed: int | str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Put a clean image into a recipe's light, and degrade the result by the recipe's weather.

    Both results lie on the grid of 8 bits (k / 255), so that an array equals its PNG and the last
    bits of float arithmetic do not show.

    Parameters
    ----------
    image
        Image [3, H, W] in [0, 1], sides from 16 pixels.
    recipe_name
        A name in ``RECIPES``.
    seed
        Decides all that is random; equal seeds give equal pixels.

    Returns
    -------
    rainy, clean
        Two float32 arrays [3, H, W] in [0, 1]; ``clean`` is the partner in the recipe's own light
        (by night for night recipes).

    Raises
    ------
    ParameterError
        For an unknown recipe, another shape, or values outside [0, 1].
    """
    clean = draw_light(recipe_name, seed=seed).apply(image, seed=seed)
    return draw_weather(recipe_name, seed=seed).apply(clean, seed=seed), clean


def simulate(
    recipe_name: str,
    index: int,
    *,
    split: str = "figure",
    size: tuple[int, int] = (256, 256),
    seed: int = 42,
) -> Pair:
    """Make pair number ``index`` of a simulated dataset: the same whatever was made before.

    Parameters
    ----------
    recipe_name
        A name in ``RECIPES``.
    index
        From 0 without end; scenes repeat only after the split's pool is used up.
    split
        ``"train"`` or ``"figure"``: disjoint pools of scenes.
    size
        Height and width in pixels.
    seed
        Seed of the dataset.
    """
    scene = scene_of_pair(recipe_name, index, split=split, seed=seed)
    image = load_or_render_scene(scene, height=size[0], width=size[1])
    rainy, clean = degraded_and_clean(image, recipe_name, seed=f"{seed}/{split}/{index}")
    return Pair(rainy=rainy, clean=clean, scene=scene)


def scene_of_pair(recipe_name: str, index: int, *, split: str = "figure", seed: int = 42) -> str:
    """Return the scene of pair number ``index`` without rendering it."""
    if index < 0:
        raise ParameterError(f"there is no pair number {index}; count from 0")
    recipe = find_recipe(recipe_name)
    order = _shuffled_scene_names(recipe.family, recipe.kinds, split, seed)
    return order[index % len(order)]


@functools.lru_cache(maxsize=64)
def _shuffled_scene_names(
    family: str, kinds: tuple[str, ...], split: str, seed: int
) -> tuple[str, ...]:
    names = scene_names(split)
    chosen = [name for name in names if not kinds or name.split("-")[2] in kinds]
    places = keyed_generator("order", seed, split, family).permutation(len(chosen))
    return tuple(chosen[place] for place in places)
