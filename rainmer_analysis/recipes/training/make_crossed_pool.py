"""Draws of weather and clean scenes make a pool of crossed blocks, made once, opened afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.images import compress_jpeg, file_sha256, read_image, resize
from rainmer_analysis.recipes.training.make_pool import (
    demand_same,
    shrink_photograph,
    weather_digest,
)
from rainmer_analysis.recipes.training.training_pairs import Photograph, photographs
from rainmer_analysis.recipes.worker_processes import in_processes
from rainmer_analysis.train import (
    CAMERA,
    CLEAR,
    CrossedBlock,
    CrossedPool,
    TrainConfig,
    build_crossed_pool,
    choose_held_out_scenes,
    describe_degradation,
    open_crossed_pool,
    to_8bit,
)
from rainmer_analysis.values import digest
from rainmer_analysis.weather import (
    RECIPES,
    LightDraw,
    WeatherDraw,
    draw_camera,
    draw_light,
    draw_weather,
    render_scene,
    scene_names,
)

__all__ = ["make_crossed_pool"]

_LOG = logging.getLogger(__name__)
_QUALITY = (30, 95)  # of JPEG

Image = NDArray[np.float32]


@dataclass(frozen=True)
class _CleanScene:
    """A photograph, or a simulated scene where `file` is empty; by night maybe a photograph too."""

    name: str
    file: str = ""
    night: str = ""


@dataclass(frozen=True)
class _LightAndWeatherDraw:
    """Light and weather with fixed parameters, and the quality of the JPEG (0: none)."""

    light: LightDraw
    weather: WeatherDraw
    quality: int


@dataclass(frozen=True)
class _BlockTask:
    """One block to make."""

    key: str
    draws: tuple[_LightAndWeatherDraw, ...]
    scenes: tuple[_CleanScene, ...]
    night_recipe: str
    size: tuple[int, int]


def make_crossed_pool(config: TrainConfig, cache: Path, *, workers: int = 2) -> CrossedPool:
    """Make the crossed blocks of a configuration, or open those that were made before.

    Parameters
    ----------
    config
        Its sections data and crossed decide.
    cache
        Folder of pools.
    workers
        Processes; 0 works in this one.

    Raises
    ------
    ConfigError
        A draw is of an unknown recipe.
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    names = [name for name, count in config.crossed.draws.items() for _ in range(count)]
    unknown = [name for name in names if name not in (*RECIPES, CLEAR, CAMERA)]
    if unknown:
        raise ConfigError(
            f"crossed.draws names {unknown[0]!r}; choose from {CLEAR}, {CAMERA}, "
            f"{', '.join(RECIPES)}"
        )
    blocks = config.crossed.blocks
    validation = tuple(k >= blocks for k in range(blocks + _validation_blocks(config)))
    sources = {
        held_out: _SceneSources.found(config, held_out=held_out) for held_out in set(validation)
    }
    tasks = [_block_task(config, names, k, sources[held]) for k, held in enumerate(validation)]
    own = _pool_digest(tasks, names)
    folder = cache / own[:16]
    if folder.exists():
        return open_crossed_pool(folder)
    count = len(tasks) * len(names) * config.crossed.scenes
    _LOG.info("making %d images in %d crossed blocks in %s", count, len(tasks), folder)
    made = _render_blocks(tasks, workers)
    pool = build_crossed_pool(made, folder, validation=validation, digest=own)
    demand_same(own, _pool_digest(tasks, names), folder)
    return pool


def _validation_blocks(config: TrainConfig) -> int:
    share = config.data.held_out
    return max(1, round(share * config.crossed.blocks)) if share else 0


@dataclass(frozen=True)
class _SceneSources:
    """What scenes are drawn from, on one side of the held-out split."""

    day: tuple[Photograph, ...]
    night: tuple[Photograph, ...]
    simulated: tuple[Photograph, ...]

    @classmethod
    def found(cls, config: TrainConfig, *, held_out: bool) -> _SceneSources:
        """Find the scenes that are held out, or the others."""
        data = config.data
        simulated = [Photograph(name, "") for name in scene_names("train")]
        kinds = [photographs(data, data.photographs), photographs(data, data.night), simulated]
        names = [each.scene for kind in kinds for each in kind]
        chosen = choose_held_out_scenes(names, data.held_out, data.seed)
        return cls(*(tuple(p for p in kind if (p.scene in chosen) == held_out) for kind in kinds))

    def draw(self, rng: np.random.Generator, config: TrainConfig) -> _CleanScene:
        """Draw a scene."""
        crossed = config.crossed
        source = self.day if self.day and rng.random() < crossed.photographs else self.simulated
        chosen = source[int(rng.integers(len(source)))]
        found = _CleanScene(chosen.scene, chosen.file)
        if self.night and rng.random() < crossed.night_photographs:
            return replace(found, night=self.night[int(rng.integers(len(self.night)))].file)
        return found


def _block_task(
    config: TrainConfig, names: list[str], number: int, sources: _SceneSources
) -> _BlockTask:
    data, crossed = config.data, config.crossed
    key = f"crossed/{data.seed}/{number}"
    rng = np.random.default_rng([data.seed, 6, number])
    scenes = tuple(sources.draw(rng, config) for _ in range(crossed.scenes))
    draws = []
    for place, name in enumerate(names):
        compressed = rng.random() < crossed.jpeg
        quality = int(rng.integers(*_QUALITY)) if compressed else 0
        draws.append(_LightAndWeatherDraw(*_light_and_weather(name, f"{key}/{place}"), quality))
    return _BlockTask(key, tuple(draws), scenes, data.night_recipe, (data.height, data.width))


def _light_and_weather(name: str, seed: str) -> tuple[LightDraw, WeatherDraw]:
    if name == CLEAR:
        return LightDraw(CLEAR, ()), WeatherDraw(CLEAR, ())
    if name == CAMERA:
        return LightDraw(CAMERA, ()), draw_camera(seed=seed)
    return draw_light(name, seed=seed), draw_weather(name, seed=seed)


def _pool_digest(tasks: list[_BlockTask], names: list[str]) -> str:
    """Digest all that decides the images."""
    files = {file for task in tasks for scene in task.scenes for file in (scene.file, scene.night)}
    hashes = {file: file_sha256(file) for file in sorted(files) if file}
    blocks = [
        {
            "key": task.key,
            "scenes": [[s.name, hashes.get(s.file), hashes.get(s.night)] for s in task.scenes],
            "draws": [[d.light.to_dict(), d.weather.to_dict(), d.quality] for d in task.draws],
            "size": task.size,
        }
        for task in tasks
    ]
    weather = {name: weather_digest(name) for name in set(names) if name in RECIPES}
    return digest({"crossed": 2, "blocks": blocks, "weather": weather})


def _render_blocks(tasks: list[_BlockTask], workers: int) -> Iterator[CrossedBlock]:
    if workers == 0:
        yield from map(_render_block, tasks)
        return
    with closing(in_processes(_render_block, tasks, workers=workers)) as made:
        yield from made


def _render_block(task: _BlockTask) -> CrossedBlock:
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
    task: _BlockTask, draw: _LightAndWeatherDraw, place: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Make one image at 128 x 128, and describe what was done to it."""
    scene, seed = task.scenes[place], f"{task.key}/{place}"
    if scene.night and draw.weather.recipe == task.night_recipe:
        clean = shrink_photograph(
            read_image(scene.night)
        )  # a night already: the weather alone falls on it
    else:
        clean = draw.light.apply(_render_clean_scene(scene, task.size), seed=seed)
    degraded = draw.weather.apply(clean, seed=seed)
    if draw.quality:
        degraded = compress_jpeg(degraded, draw.quality)
    small, partner = resize(degraded), resize(clean)
    return to_8bit(small), describe_degradation(small, partner)


def _render_clean_scene(scene: _CleanScene, size: tuple[int, int]) -> Image:
    if scene.file:
        return shrink_photograph(read_image(scene.file))
    return render_scene(scene.name, height=size[0], width=size[1])
