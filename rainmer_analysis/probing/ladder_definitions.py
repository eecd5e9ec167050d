"""Ladders: one kind of weather or light in rising levels, everything else about it fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rainmer_analysis.weather import WeatherDraw
from rainmer_analysis.weather.effects import (
    Camera,
    Daylight,
    Depth,
    Drops,
    Effect,
    Flakes,
    FlakeSize,
    Streaks,
    Veil,
)

__all__ = ["LADDERS", "Ladder"]


@dataclass(frozen=True)
class Ladder:
    """One property of a picture in rising levels.

    Parameters
    ----------
    levels
        From the weakest to the strongest, in the unit that `about` names.
    effect
        A level to the effect that has it, all other parameters fixed; where flakes, streaks or
        drops fall is left to chance.
    about
        The property and its unit, in words.
    """

    levels: tuple[float, ...]
    effect: Callable[[float], Effect]
    about: str

    def weather_draws(self, name: str) -> tuple[WeatherDraw, ...]:
        """Return weather that can be laid over any scene, level by level."""
        return tuple(WeatherDraw(f"ladder/{name}", (self.effect(level),)) for level in self.levels)


def _streaks_of_cover(cover: float) -> Effect:
    layers = (
        Depth(length=42, width=1.7, share=0.35, tilt=-4),
        Depth(length=90, width=2.5, share=0.40, tilt=0),
        Depth(length=165, width=3.9, share=0.25, tilt=4),
    )
    return Streaks(strength=0.7, cover=cover, angle=12, layers=layers)


def _veil_of_strength(strength: float) -> Effect:
    return Veil(strength=strength, airlight=0.78, tint=(1.0, 1.0, 1.0))


def _daylight_of_gain(gain: float) -> Effect:
    return Daylight(gain=gain, contrast=1.0)


def _flakes_of_count(count: float) -> Effect:
    sizes = (
        FlakeSize(radius=3.7, motion=1.5, count=850 * count, opacity=0.8, tilt=-8),
        FlakeSize(radius=9, motion=1.2, count=130 * count, opacity=0.75, tilt=0),
        FlakeSize(radius=21, motion=1.0, count=14 * count, opacity=0.5, tilt=8),
    )
    return Flakes(strength=0.9, angle=-20, sizes=sizes)


def _drops_of_count(count: float) -> Effect:
    return Drops(strength=0.92, count=count, radius=42, view=3.7, glow=0.2)


def _camera_of_defocus(defocus: float) -> Effect:
    return Camera(gain=1.0, noise=0.0, shot=0.0, defocus=defocus)


LADDERS: Mapping[str, Ladder] = MappingProxyType(
    {
        "rain": Ladder(
            (0.03, 0.06, 0.12, 0.24, 0.48, 0.96),
            _streaks_of_cover,
            "share of the picture under streaks",
        ),
        "veil": Ladder(
            (0.08, 0.16, 0.32, 0.6, 1.0, 1.6),
            _veil_of_strength,
            "optical depth of the veil where it is thickest",
        ),
        "exposure": Ladder(
            (0.25, 0.4, 0.65, 1.0, 1.6, 2.5),
            _daylight_of_gain,
            "exposure in units of the scene's own",
        ),
        "snow": Ladder(
            (0.06, 0.12, 0.25, 0.5, 1.0, 2.0),
            _flakes_of_count,
            "flakes in units of the recipe's middle",
        ),
        "drops": Ladder((4, 8, 16, 30, 50, 80), _drops_of_count, "drops on the window"),
        "blur": Ladder(
            (1.5, 3, 6, 11, 18, 30),
            _camera_of_defocus,
            "sd of the blur in thousandths of the shorter side",
        ),
    }
)
