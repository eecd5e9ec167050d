"""Draws of weather and of light: one recipe's parameters, fixed, for any scene and realisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.effects import (
    Camera,
    Compression,
    Daylight,
    Depth,
    Drops,
    Effect,
    Flakes,
    FlakeSize,
    Night,
    Streaks,
    Veil,
)
from rainmer_analysis.weather.fields_and_kernels import Field
from rainmer_analysis.weather.random_laws import Between, LogNormal, keyed_generator
from rainmer_analysis.weather.simulated_recipes import Recipe, find_recipe

__all__ = [
    "LightDraw",
    "WeatherDraw",
    "draw_camera",
    "draw_light",
    "draw_weather",
    "effect_from_dict",
    "effect_to_dict",
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
        effects = [effect_to_dict(effect) for effect in self.effects]
        return {"kind": self.kind, "recipe": self.recipe, "effects": effects}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the draw that :meth:`to_dict` described.

        Raises
        ------
        ParameterError
            If the document describes something else.
        """
        if document.get("kind") != cls.kind or not isinstance(document.get("effects"), list):
            raise ParameterError(f"this is no draw of {cls.kind}; give what to_dict() returned")
        effects = tuple(effect_from_dict(each) for each in document["effects"])
        return cls(find_recipe(str(document.get("recipe"))).name, effects)

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


_KIND = "effect"
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Camera,
        Compression,
        Daylight,
        Depth,
        Drops,
        Flakes,
        FlakeSize,
        Night,
        Streaks,
        Veil,
    )
}


def effect_to_dict(effect: Effect) -> dict[str, Any]:
    """Return an effect with fixed parameters as dictionaries, lists, numbers and texts.

    Raises
    ------
    ParameterError
        If a parameter is a law still.
    """
    described: dict[str, Any] = _to_json_types(effect)
    return described


def _to_json_types(value: object) -> Any:
    if isinstance(value, tuple):
        return [_to_json_types(each) for each in value]
    if is_dataclass(value) and type(value).__name__ in _KINDS:
        held = {field.name: _to_json_types(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: type(value).__name__, **held}
    if isinstance(value, int | float):
        return value
    raise ParameterError(f"{value} is no fixed parameter; call draw(rng) before writing")


def effect_from_dict(document: Mapping[str, Any]) -> Effect:
    """Return the effect that :func:`effect_to_dict` described.

    Raises
    ------
    ParameterError
        For an unknown effect, or fields that it does not have.
    """
    built = _from_json_types(document)
    if not isinstance(built, Effect):
        raise ParameterError(f"{document!r} is no effect; give what effect_to_dict returned")
    return built


def _from_json_types(value: object) -> object:
    if isinstance(value, list):
        return tuple(_from_json_types(each) for each in value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(f"{value!r} is no parameter of an effect; give numbers")
    kind = _KINDS.get(str(value.get(_KIND)))
    if kind is None:
        raise ParameterError(f"no effect {value.get(_KIND)!r}; choose one of {', '.join(_KINDS)}")
    held = {name: _from_json_types(each) for name, each in value.items() if name != _KIND}
    expected = {field.name for field in fields(kind)}
    if set(held) != expected:
        names = ", ".join(sorted(set(held) ^ expected))
        raise ParameterError(f"{value[_KIND]} lacks or does not have the fields {names}")
    return kind(**held)
