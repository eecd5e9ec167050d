"""Draws of weather that can be laid over any scene: a recipe with its parameters fixed."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from rainmer_analysis.weather.fields import Between, LogNormal, generator
from rainmer_analysis.weather.particles import Drops
from rainmer_analysis.weather.recipes import RECIPES, Effect

__all__ = ["Draw", "draw_weather", "fix_parameters"]

T = TypeVar("T")
# Laws of the single drop, not of the picture: fixing them would make all drops alike.
_PER_PARTICLE = {(Drops, "radius")}


@dataclass(frozen=True)
class Draw:
    """One draw of weather: effects whose parameters are fixed, in the order they act in."""

    light: tuple[Effect, ...]
    weather: tuple[Effect, ...]


def draw_weather(recipe_name: str, number: int, *, seed: int) -> Draw:
    """Draw the parameters of a recipe once; `number` and `seed` decide which.

    Over another scene the draw has the same density, strength, angle, size and exposure; where
    streaks, flakes, drops and lamps lie, and the grain of noise, is for each scene to decide.
    """
    recipe = RECIPES[recipe_name]
    rng = generator("draw of weather", seed, recipe_name, number)
    light, weather = (
        tuple(fix_parameters(effect, rng) for effect in effects)
        for effects in (recipe.light, recipe.weather)
    )
    return Draw(light, weather)


def fix_parameters(effect: T, rng: np.random.Generator) -> T:
    """Return an effect with each law of its parameters replaced by one value drawn from it."""
    changes: dict[str, Any] = {}
    for field in fields(effect):  # type: ignore[arg-type]
        value = getattr(effect, field.name)
        if (type(effect), field.name) not in _PER_PARTICLE:
            changes[field.name] = _fixed(value, rng)
    return replace(effect, **changes)  # type: ignore[type-var]


def _fixed(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, Between | LogNormal):
        drawn = value.draw(rng)
        return Between(drawn, drawn)
    if isinstance(value, tuple):
        return tuple(_fixed(item, rng) for item in value)
    return fix_parameters(value, rng) if is_dataclass(value) else value
