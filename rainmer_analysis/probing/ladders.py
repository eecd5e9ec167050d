"""Ladders: one kind of weather or light in rising levels, everything else about it fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rainmer_analysis.weather.fields import Between, LogNormal
from rainmer_analysis.weather.light import Camera, Daylight
from rainmer_analysis.weather.particles import Drops, Flakes, FlakeSize
from rainmer_analysis.weather.rain import Depth, Streaks, Veil
from rainmer_analysis.weather.recipes import Effect

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

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The effect of each level."""
        return tuple(self.effect(level) for level in self.levels)


def _fixed(value: float) -> Between:
    return Between(value, value)


def _rain(cover: float) -> Effect:
    layers = (
        Depth(_fixed(42), _fixed(1.7), 0.35),
        Depth(_fixed(90), _fixed(2.5), 0.40),
        Depth(_fixed(165), _fixed(3.9), 0.25),
    )
    return Streaks(strength=_fixed(0.7), cover=_fixed(cover), angle=_fixed(12), layers=layers)


def _veil(strength: float) -> Effect:
    return Veil(strength=_fixed(strength), airlight=_fixed(0.78), tint=0.0)


def _exposure(gain: float) -> Effect:
    return Daylight(gain=_fixed(gain), contrast=_fixed(1.0))


def _snow(count: float) -> Effect:
    sizes = (
        FlakeSize(_fixed(3.7), _fixed(1.5), _fixed(850 * count), 0.8),
        FlakeSize(_fixed(9), _fixed(1.2), _fixed(130 * count), 0.75),
        FlakeSize(_fixed(21), _fixed(1.0), _fixed(14 * count), 0.5),
    )
    return Flakes(strength=_fixed(0.9), angle=_fixed(-20), sizes=sizes)


def _drops(count: float) -> Effect:
    return Drops(
        strength=_fixed(0.92),
        count=_fixed(count),
        radius=LogNormal(42, 0.5, 12, 130),  # of each drop: drops of one size are no rain
        view=_fixed(3.7),
        glow=_fixed(0.2),
    )


def _blur(defocus: float) -> Effect:
    return Camera(_fixed(1.0), noise=_fixed(0.0), shot=_fixed(0.0), defocus=_fixed(defocus))


LADDERS: Mapping[str, Ladder] = MappingProxyType(
    {
        "rain": Ladder(
            (0.03, 0.06, 0.12, 0.24, 0.48, 0.96), _rain, "share of the picture under streaks"
        ),
        "veil": Ladder(
            (0.08, 0.16, 0.32, 0.6, 1.0, 1.6),
            _veil,
            "optical depth of the veil where it is thickest",
        ),
        "exposure": Ladder(
            (0.25, 0.4, 0.65, 1.0, 1.6, 2.5), _exposure, "exposure in units of the scene's own"
        ),
        "snow": Ladder(
            (0.06, 0.12, 0.25, 0.5, 1.0, 2.0), _snow, "flakes in units of the recipe's middle"
        ),
        "drops": Ladder((4, 8, 16, 30, 50, 80), _drops, "drops on the window"),
        "blur": Ladder(
            (1.5, 3, 6, 11, 18, 30), _blur, "sd of the blur in thousandths of the shorter side"
        ),
    }
)
