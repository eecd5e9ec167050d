"""Effects of light and weather on an image: parameters that are drawn, then realisations."""

from __future__ import annotations

from rainmer_analysis.weather.effects.camera import Camera
from rainmer_analysis.weather.effects.compression import Compression
from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.effects.haze import Veil
from rainmer_analysis.weather.effects.light import Daylight, Night
from rainmer_analysis.weather.effects.particles import Drops, Flakes, FlakeSize
from rainmer_analysis.weather.effects.rain import Depth, Streaks

__all__ = [
    "Camera",
    "Compression",
    "Daylight",
    "Depth",
    "Drops",
    "Effect",
    "FlakeSize",
    "Flakes",
    "Night",
    "Streaks",
    "Veil",
]
