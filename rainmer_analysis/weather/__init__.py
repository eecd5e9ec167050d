"""Simulated rain, snow, drops and night over simulated scenes, seeded to the last 8-bit pixel.

A recipe is data: which light, which weather, over which scenes. ``degraded_and_clean`` applies one
to any clean image, ``simulate`` makes pair number ``index`` of a simulated dataset,
``draw_weather`` fixes a recipe's parameters, so that one weather can be applied to many scenes.
"""

from __future__ import annotations

from rainmer_analysis.weather.photographed_and_procedural_scenes import (
    SCENE_KINDS,
    load_or_render_scene,
    render_procedural_scene,
    scene_names,
)
from rainmer_analysis.weather.simulated_recipes import FIGURED, RECIPES
from rainmer_analysis.weather.simulation import Pair, degraded_and_clean, scene_of_pair, simulate
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
    "WeatherDraw",
    "degraded_and_clean",
    "draw_camera",
    "draw_light",
    "draw_weather",
    "load_or_render_scene",
    "render_procedural_scene",
    "scene_names",
    "scene_of_pair",
    "simulate",
]
