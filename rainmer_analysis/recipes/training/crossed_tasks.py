"""What crossed blocks are made of: draws of light and weather, and clean scenes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rainmer_analysis.images import file_sha256
from rainmer_analysis.recipes.training.training_pairs import (
    Photograph,
    demand_recipe_names,
    find_photographs,
    recipe_digest,
)
from rainmer_analysis.train import CAMERA, CLEAR, TrainConfig, choose_held_out_scenes
from rainmer_analysis.values import digest
from rainmer_analysis.weather import (
    RECIPES,
    LightDraw,
    WeatherDraw,
    draw_camera,
    draw_light,
    draw_weather,
    scene_names,
)

__all__ = [
    "BlockTask",
    "CleanScene",
    "LightAndWeatherDraw",
    "block_tasks_and_validation_flags",
    "blocks_digest",
]

_QUALITY = (30, 95)  # of JPEG


@dataclass(frozen=True)
class CleanScene:
    """A photograph, or a simulated scene where `file` is empty; by night maybe a photograph too."""

    name: str
    file: str = ""
    night: str = ""


@dataclass(frozen=True)
class LightAndWeatherDraw:
    """Light and weather with fixed parameters, and the quality of the JPEG (0: none)."""

    light: LightDraw
    weather: WeatherDraw
    quality: int


@dataclass(frozen=True)
class BlockTask:
    """One block to make."""

    key: str
    draws: tuple[LightAndWeatherDraw, ...]
    scenes: tuple[CleanScene, ...]
    night_recipe: str
    size: tuple[int, int]


def block_tasks_and_validation_flags(
    config: TrainConfig,
) -> tuple[list[BlockTask], tuple[bool, ...]]:
    """Draw the blocks of a configuration, and return which of them are for validation.

    Raises
    ------
    ConfigError
        A draw is of an unknown recipe.
    SourceError
        The folder of real photographs, or one named below it, does not exist or is empty.
    """
    names = [name for name, count in config.crossed.draws.items() for _ in range(count)]
    demand_recipe_names(names, "crossed.draws", beside=(CLEAR, CAMERA))
    blocks = config.crossed.blocks
    validation = tuple(k >= blocks for k in range(blocks + _validation_block_count(config)))
    sources = {
        held_out: _SceneSources.from_config(config, held_out=held_out)
        for held_out in set(validation)
    }
    tasks = [_block_task(config, names, k, sources[held]) for k, held in enumerate(validation)]
    return tasks, validation


def _validation_block_count(config: TrainConfig) -> int:
    share = config.data.held_out
    return max(1, round(share * config.crossed.blocks)) if share else 0


@dataclass(frozen=True)
class _SceneSources:
    """What scenes are drawn from, on one side of the held-out split."""

    day: tuple[Photograph, ...]
    night: tuple[Photograph, ...]
    simulated: tuple[Photograph, ...]

    @classmethod
    def from_config(cls, config: TrainConfig, *, held_out: bool) -> _SceneSources:
        """Find the scenes that are held out, or the others."""
        data = config.data
        simulated = [Photograph(name, "") for name in scene_names("train")]
        kinds = [
            find_photographs(data, data.photographs),
            find_photographs(data, data.night),
            simulated,
        ]
        names = [each.scene for kind in kinds for each in kind]
        chosen = choose_held_out_scenes(names, data.held_out, data.seed)
        return cls(*(tuple(p for p in kind if (p.scene in chosen) == held_out) for kind in kinds))

    def draw_scene(self, rng: np.random.Generator, config: TrainConfig) -> CleanScene:
        """Draw a scene."""
        crossed = config.crossed
        source = self.day if self.day and rng.random() < crossed.photographs else self.simulated
        chosen = source[int(rng.integers(len(source)))]
        found = CleanScene(chosen.scene, chosen.file)
        if self.night and rng.random() < crossed.night_photographs:
            return replace(found, night=self.night[int(rng.integers(len(self.night)))].file)
        return found


def _block_task(
    config: TrainConfig, names: list[str], number: int, sources: _SceneSources
) -> BlockTask:
    data, crossed = config.data, config.crossed
    key = f"crossed/{data.seed}/{number}"
    rng = np.random.default_rng([data.seed, 6, number])
    scenes = tuple(sources.draw_scene(rng, config) for _ in range(crossed.scenes))
    draws = []
    for place, name in enumerate(names):
        compressed = rng.random() < crossed.jpeg
        quality = int(rng.integers(*_QUALITY)) if compressed else 0
        draws.append(LightAndWeatherDraw(*_draw_light_and_weather(name, f"{key}/{place}"), quality))
    return BlockTask(key, tuple(draws), scenes, data.night_recipe, (data.height, data.width))


def _draw_light_and_weather(name: str, seed: str) -> tuple[LightDraw, WeatherDraw]:
    if name == CLEAR:
        return LightDraw(CLEAR, ()), WeatherDraw(CLEAR, ())
    if name == CAMERA:
        return LightDraw(CAMERA, ()), draw_camera(seed=seed)
    return draw_light(name, seed=seed), draw_weather(name, seed=seed)


def blocks_digest(tasks: list[BlockTask]) -> str:
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
    names = {draw.weather.recipe for task in tasks for draw in task.draws}
    weather = {name: recipe_digest(name) for name in names if name in RECIPES}
    return digest({"crossed": 2, "blocks": blocks, "weather": weather})
