"""What a probe looks at: which scenes are crossed with which draws of weather and ladders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.probing.ladder_definitions import LADDERS
from rainmer_analysis.values import digest
from rainmer_analysis.weather import (
    FIGURED,
    LightDraw,
    WeatherDraw,
    draw_light,
    draw_weather,
    load_or_render_scene,
    scene_names,
)

__all__ = ["Cell", "Design", "Levels", "render_scene_images"]

Levels = npt.NDArray[np.uint8]
_SMALLEST = 16


@dataclass(frozen=True)
class Cell:
    """Light and weather of which every scene shows one realisation."""

    light: LightDraw
    weather: WeatherDraw


@dataclass(frozen=True)
class Design:
    """Scenes crossed with draws of weather and with ladders, every cell one image.

    Every scene stands under every draw and at every level of every ladder, with parameters that
    are the same for all scenes and a realisation of its own.

    Parameters
    ----------
    split
        ``figure`` (to report) or ``train`` (to choose with): scenes that do not overlap.
    scenes
        How many: the split's first, photographs and all kinds of procedural scenes in turn.
    draws
        Draws of parameters of each recipe.
    side
        Height and width in pixels. Images are rendered at twice that and averaged over 2 x 2
        pixels, as the resize rule of analysis does with pictures of 256 pixels.
    seed
        Seed of parameters and realisations.

    Raises
    ------
    ParameterError
        A number is not allowed.
    """

    split: str = "figure"
    scenes: int = 24
    draws: int = 4
    side: int = 128
    seed: int = 42

    def __post_init__(self) -> None:
        pool = len(scene_names(self.split))
        if not 3 <= self.scenes <= pool:
            raise ParameterError(
                f"a probe of {self.scenes} scenes was asked for; it leaves one scene out at a "
                f"time and needs 3 to {pool}"
            )
        if self.draws < 2 or self.side < _SMALLEST:
            raise ParameterError(
                f"a probe of {self.draws} draws of each recipe at {self.side} pixels was asked "
                f"for; give at least 2 draws and a side from {_SMALLEST} pixels"
            )

    @property
    def scene_names(self) -> tuple[str, ...]:
        """Names of the scenes."""
        return scene_names(self.split)[: self.scenes]

    @property
    def recipes(self) -> tuple[str, ...]:
        """The kinds of weather: the simulated datasets of the figures."""
        return FIGURED

    @property
    def ladders(self) -> tuple[str, ...]:
        """Names of the ladders."""
        return tuple(LADDERS)

    @property
    def levels_per_ladder(self) -> int:
        """Levels of each ladder."""
        (count,) = {len(ladder.levels) for ladder in LADDERS.values()}
        return count

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What each scene stands under: draws recipe by recipe, then ladders level by level."""
        drawn = [
            Cell(draw_light(name, seed=key), draw_weather(name, seed=key))
            for name in self.recipes
            for key in (f"probe/{self.seed}/{number}" for number in range(self.draws))
        ]
        climbed = [
            Cell(LightDraw(name, ()), draw)
            for name, ladder in LADDERS.items()
            for draw in ladder.weather_draws(name)
        ]
        return (*drawn, *climbed)

    @property
    def resize_rule(self) -> str:
        """Name of how images came to their size: the rule of analysis at 128 pixels."""
        return "bilinear-128" if self.side == 128 else f"rendered-{self.side}"

    @property
    def sha256(self) -> str:
        """Identity of the images: the design, its parameters, and the pixels of one small scene.

        The pixels tell versions of the weather apart.
        """
        small = Design(self.split, 3, self.draws, _SMALLEST, self.seed)
        pixels = hashlib.sha256(
            render_scene_images(small, small.scene_names[-1]).tobytes()
        ).hexdigest()
        described = [[cell.light.to_dict(), cell.weather.to_dict()] for cell in self.cells]
        return digest(["design", self, described, pixels])

    def __len__(self) -> int:
        return self.scenes * len(self.cells)


def render_scene_images(design: Design, scene: str) -> Levels:
    """Render one scene under everything that a design crosses it with.

    Returns
    -------
    uint8 array of shape (cells, 3, side, side).
    """
    native = 2 * design.side
    clear = load_or_render_scene(scene, height=native, width=native)
    cells = design.cells
    images = np.empty((len(cells), 3, design.side, design.side), np.uint8)
    for number, cell in enumerate(cells):
        key = f"probe/{design.seed}/{scene}/{number}"
        rainy = cell.weather.apply(cell.light.apply(clear, seed=key), seed=key)
        halved = rainy.reshape(3, design.side, 2, design.side, 2).mean(axis=(2, 4))
        images[number] = np.rint(halved * 255.0)
    return images
