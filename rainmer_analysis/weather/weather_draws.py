"""Draws of weather and of light: one recipe's parameters, fixed, for any scene and realisation."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.effects import Camera, Depth, Effect, FlakeSize
from rainmer_analysis.weather.fields_and_kernels import Field
from rainmer_analysis.weather.random_laws import Between, LogNormal, keyed_generator
from rainmer_analysis.weather.simulated_recipes import Recipe, find_recipe

__all__ = [
    "LightDraw",
    "WeatherDraw",
    "draw_camera",
    "draw_light",
    "draw_weather",
    "effect_to_json_types",
]

SMALLEST = 16
_CAMERA = Camera(
    gain=1.0,
    noise=Between(0.0, 0.05),
    shot=Between(0.0, 0.03),
    defocus=LogNormal(1.5, 1.2, 0.0, 9.0),
)


@dataclass(frozen=True)
class _Draw:
    """The recipe's name and its effects with fixed parameters, in the order of application."""

    recipe: str
    effects: tuple[Effect, ...]
    kind: ClassVar[str]

    def apply(self, image: ArrayLike, *, seed: int | str) -> NDArray[np.float32]:
        """Return a realisation on an image: the same parameters, whatever the seed and the scene.

        Parameters
        ----------
        image
            Image [3, H, W] in [0, 1], sides from 16 pixels; any size.
        seed
            Decides where streaks, flakes, drops, lamps and noise lie; equal seeds give equal
            pixels.

        Returns
        -------
        float32 [3, H, W] on the grid of 8 bits (k / 255), so that it equals its PNG.

        Raises
        ------
        ParameterError
            For another shape or values outside [0, 1].
        """
        found = checked_clean_image(image)
        for place, effect in enumerate(self.effects):
            found = effect.apply(found, keyed_generator(self.recipe, seed, self.kind, place))
        return np.asarray(np.rint(np.clip(found, 0.0, 1.0) * 255.0) / 255.0, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return the draw as what JSON can hold."""
        effects = [effect_to_json_types(effect) for effect in self.effects]
        return {"kind": self.kind, "recipe": self.recipe, "effects": effects}

    @classmethod
    def _drawn_from(cls, recipe: Recipe, effects: tuple[Effect, ...], seed: int | str) -> Self:
        drawn = (
            effect.draw(keyed_generator(recipe.name, seed, cls.kind, place, "parameters"))
            for place, effect in enumerate(effects)
        )
        return cls(recipe.name, tuple(drawn))


@dataclass(frozen=True)
class WeatherDraw(_Draw):
    """Weather with fixed parameters: how strong, how dense, of which angle, sizes and colour.

    ``apply(clean, seed=...)`` makes a realisation of it on any clean image.
    """

    kind: ClassVar[str] = "weather"


@dataclass(frozen=True)
class LightDraw(_Draw):
    """Light with fixed parameters; without effects it leaves an image as it is, on 8 bits."""

    kind: ClassVar[str] = "light"


def draw_weather(recipe_name: str, *, seed: int | str) -> WeatherDraw:
    """Draw the parameters of a recipe's weather; equal seeds give equal parameters.

    Raises
    ------
    ParameterError
        For an unknown recipe.
    """
    recipe = find_recipe(recipe_name)
    return WeatherDraw._drawn_from(recipe, recipe.weather, seed)


def draw_camera(*, seed: int | str) -> WeatherDraw:
    """Draw noise and blur of a camera, without weather; equal seeds give equal parameters."""
    effect = _CAMERA.draw(keyed_generator("camera", seed, "parameters"))
    return WeatherDraw("camera", (effect,))


def draw_light(recipe_name: str, *, seed: int | str) -> LightDraw:
    """Draw the parameters of a recipe's light, which makes a scene its clean image.

    Raises
    ------
    ParameterError
        For an unknown recipe.
    """
    recipe = find_recipe(recipe_name)
    return LightDraw._drawn_from(recipe, recipe.light, seed)


def checked_clean_image(image: ArrayLike) -> Field:
    """Return an image in float64; refuse one of another shape or with values outside [0, 1]."""
    found = np.asarray(image, dtype=np.float64)
    if found.ndim != 3 or found.shape[0] != 3 or min(found.shape[1:]) < SMALLEST:
        raise ParameterError(
            f"the clean image has the shape {found.shape}; "
            f"give [3, height, width] with sides from {SMALLEST} pixels"
        )
    if not (np.isfinite(found).all() and found.min() >= 0.0 and found.max() <= 1.0):
        raise ParameterError("the clean image leaves [0, 1]; divide 8-bit levels by 255")
    return found


def effect_to_json_types(value: object) -> Any:
    """Return an effect with fixed parameters as dictionaries, lists, numbers and texts.

    Raises
    ------
    ParameterError
        If a parameter is a law still.
    """
    if isinstance(value, tuple):
        return [effect_to_json_types(each) for each in value]
    if isinstance(value, Effect | Depth | FlakeSize):
        held = {
            field.name: effect_to_json_types(getattr(value, field.name)) for field in fields(value)
        }
        return {"effect": type(value).__name__, **held}
    if isinstance(value, int | float):
        return value
    raise ParameterError(f"{value} is no fixed parameter; call draw(rng) before writing")
