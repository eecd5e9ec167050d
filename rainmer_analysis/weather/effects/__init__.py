"""Effects of light and weather on an image: parameters that are drawn, then realisations."""

from __future__ import annotations

from rainmer_analysis.weather.effects.camera import Camera
from rainmer_analysis.weather.effects.day_and_night import Daylight, Night
from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.effects.haze import Veil
from rainmer_analysis.weather.effects.jpeg_compression import Compression
from rainmer_analysis.weather.effects.rain_streaks import Depth, Streaks
from rainmer_analysis.weather.effects.snow_and_drops import Drops, Flakes, FlakeSize

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
