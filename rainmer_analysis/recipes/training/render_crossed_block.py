"""Crossed blocks, rendered: every draw of light and weather on every scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.images import jpeg_round_trip, read_image, resize
from rainmer_analysis.recipes.training.crossed_tasks import (
    BlockTask,
    CleanScene,
    LightAndWeatherDraw,
)
from rainmer_analysis.recipes.training.render_pairs import shrink_large_photograph
from rainmer_analysis.train import CrossedBlock, describe_degradation, to_8bit
from rainmer_analysis.weather import load_or_render_scene

__all__ = ["render_crossed_block"]

Image = NDArray[np.float32]


def render_crossed_block(task: BlockTask) -> CrossedBlock:
    """Render a block at 128 x 128, with what its draws did to each scene."""
    made = [
        _degrade_and_describe(task, draw, place)
        for draw in task.draws
        for place in range(len(task.scenes))
    ]
    shape = len(task.draws), len(task.scenes)
    images = np.stack([image for image, _ in made])
    descriptors = np.stack([descriptor for _, descriptor in made])
    return CrossedBlock(
        images.reshape(*shape, *images.shape[1:]),
        descriptors.reshape(*shape, -1),
        tuple(draw.weather.recipe for draw in task.draws),
        tuple(scene.name for scene in task.scenes),
    )


def _degrade_and_describe(
    task: BlockTask, draw: LightAndWeatherDraw, place: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Make one image at 128 x 128, and describe what was done to it."""
    scene, seed = task.scenes[place], f"{task.key}/{place}"
    if scene.night and draw.weather.recipe == task.night_recipe:
        # a night already: the weather alone falls on it
        clean = shrink_large_photograph(read_image(scene.night))
    else:
        clean = draw.light.apply(_load_or_render_clean_scene(scene, task.size), seed=seed)
    degraded = draw.weather.apply(clean, seed=seed)
    if draw.quality:
        degraded = jpeg_round_trip(degraded, draw.quality)
    small, partner = resize(degraded), resize(clean)
    return to_8bit(small), describe_degradation(small, partner)


def _load_or_render_clean_scene(scene: CleanScene, size: tuple[int, int]) -> Image:
    if scene.file:
        return shrink_large_photograph(read_image(scene.file))
    return load_or_render_scene(scene.name, height=size[0], width=size[1])
