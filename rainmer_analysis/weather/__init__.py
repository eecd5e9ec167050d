"""Simulated rain, snow, drops and night over simulated scenes, seeded to the last 8-bit pixel.

A recipe is data: which light, which weather, over which scenes. ``degrade`` applies one to any
clean image, ``simulate`` makes pair number ``index`` of a simulated dataset, ``draw_weather``
fixes a recipe's parameters, so that one weather can be applied to many scenes.
"""

from __future__ import annotations

from rainmer_analysis.weather.scenes import SCENE_KINDS, draw_scene, load_or_draw_scene, scene_names
from rainmer_analysis.weather.simulated_recipes import FIGURED, RECIPES, Recipe
from rainmer_analysis.weather.simulation import Pair, degrade, scene_of, simulate
from rainmer_analysis.weather.weather_draws import (
    LightDraw,
    WeatherDraw,
    draw_camera,
    draw_light,
    draw_weather,
)

__all__ = [
    "FIGURED",
    "RECIPES",
    "SCENE_KINDS",
    "LightDraw",
    "Pair",
    "Recipe",
    "WeatherDraw",
    "degrade",
    "draw_camera",
    "draw_light",
    "draw_scene",
    "draw_weather",
    "load_or_draw_scene",
    "scene_names",
    "scene_of",
    "simulate",
]
