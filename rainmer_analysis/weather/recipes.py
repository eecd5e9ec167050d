"""The simulated datasets: which weather, in which light, over which scenes.

Each recipe is a caricature of the dataset that its name points at. Its parameters were chosen so
that density, brightness and PSNR are distributed like those measured on the real dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.effects import (
    Camera,
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
from rainmer_analysis.weather.laws import Between, LogNormal, Tint

__all__ = ["FIGURED", "RECIPES", "Recipe", "find_recipe"]


@dataclass(frozen=True)
class Recipe:
    """One simulated dataset.

    ``light`` acts on the scene and gives the clean partner; ``weather`` acts on the clean partner,
    in order, and gives the degraded image. ``kinds`` are the kinds of scenes that it is drawn
    from (all if empty); recipes of one ``family`` draw the same scenes in the same order.
    ``figured`` says whether it stands for a dataset of the paper's figures.
    """

    name: str
    family: str
    light: tuple[Effect, ...]
    weather: tuple[Effect, ...]
    kinds: tuple[str, ...] = ()
    figured: bool = True


_FAR = Depth(Between(25, 60), Between(1.2, 2.2), 0.35)
_MIDDLE = Depth(Between(60, 120), Between(1.8, 3.2), 0.40)
_NEAR = Depth(Between(110, 220), Between(2.8, 5.0), 0.25)
_LONG = Depth(Between(120, 320), Between(1.8, 3.6), 0.35)
_STEADY = Between(1.0, 1.0)

_TABLE = (
    Recipe(
        name="sim-Rain200H",
        family="Rain200H",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.75, 1.0),
                cover=LogNormal(0.56, 0.35, 0.2, 1.1),
                angle=Between(-35, 35),
                layers=(_MIDDLE, _LONG, _LONG, _NEAR),
            ),
        ),
    ),
    Recipe(
        name="sim-Rain200L",
        family="Rain200L",
        figured=False,
        light=(),
        weather=(
            Streaks(
                strength=Between(0.45, 0.95),
                cover=LogNormal(0.13, 0.4, 0.04, 0.35),
                angle=Between(-35, 35),
                layers=(_MIDDLE, _LONG, _NEAR),
            ),
        ),
    ),
    Recipe(
        name="sim-Rain800",
        family="Rain800",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.4, 0.8),
                cover=LogNormal(0.22, 0.4, 0.06, 0.6),
                angle=Between(-30, 30),
                layers=(_FAR, _FAR, _MIDDLE),
            ),
            Veil(strength=LogNormal(0.10, 0.6, 0.0, 0.5), airlight=Between(0.7, 0.9)),
        ),
    ),
    Recipe(
        name="sim-DDN_1",
        family="DDN",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.2, 0.35),
                cover=LogNormal(0.18, 0.3, 0.06, 0.4),
                angle=Between(-20, 20),
                layers=(_FAR, _FAR),
            ),
            Veil(strength=LogNormal(0.105, 0.5, 0.0, 0.35), airlight=Between(0.7, 0.9)),
        ),
    ),
    Recipe(
        name="sim-DDN_5",
        family="DDN",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.25, 0.5),
                cover=LogNormal(0.25, 0.3, 0.1, 0.6),
                angle=Between(-40, 40),
                layers=(_MIDDLE, _NEAR),
            ),
            Veil(strength=LogNormal(0.35, 0.5, 0.0, 0.9), airlight=Between(0.65, 0.85)),
        ),
    ),
    Recipe(
        name="sim-GT-Rain",
        family="GT-Rain",
        light=(Daylight(gain=LogNormal(0.73, 0.27), contrast=Between(0.7, 1.0)),),
        weather=(
            Veil(
                strength=LogNormal(0.205, 0.85, 0.0, 1.2),
                airlight=Between(0.4, 0.7),
                tint=Tint(jitter=0.07),
                uneven=0.4,
            ),
            Streaks(
                strength=Between(0.1, 0.3),
                cover=LogNormal(0.1, 0.5, 0.02, 0.3),
                angle=Between(-15, 15),
                layers=(_FAR, _MIDDLE),
            ),
            Camera(
                gain=LogNormal(0.955, 0.22),
                noise=Between(0.01, 0.03),
                shot=Between(0.01, 0.03),
                defocus=Between(1.0, 5.0),
                cast=Tint(jitter=0.05),
            ),
        ),
        kinds=("photo", "landscape", "skyline", "leaves"),
    ),
    Recipe(
        name="sim-GTAV-balance",
        family="GTAV",
        light=(
            Night(
                ambient=LogNormal(0.18, 0.55, 0.03, 0.7),
                skyglow=Between(0.005, 0.03),
                gamma=Between(1.0, 1.6),
                lamps=Between(2, 12),
                core=Between(4, 9),
                glow=Between(40, 110),
                power=Between(0.1, 0.35),
            ),
        ),
        weather=(
            Streaks(
                strength=LogNormal(0.6, 0.7, 0.05, 1.0),
                cover=LogNormal(0.055, 0.6, 0.01, 0.3),
                angle=Between(-15, 15),
                layers=(_FAR, _MIDDLE),
                lit=0.8,
            ),
            Camera(
                gain=_STEADY,
                noise=LogNormal(0.0075, 0.5, 0.002, 0.04),
                shot=Between(0.005, 0.018),
                defocus=Between(0.0, 5.0),
            ),
        ),
        kinds=("skyline", "landscape"),
    ),
    Recipe(
        name="sim-Snow",
        family="Snow",
        light=(),
        weather=(
            Veil(strength=LogNormal(0.08, 0.7, 0.0, 0.4), airlight=Between(0.75, 0.9)),
            Flakes(
                strength=Between(0.8, 1.0),
                angle=Between(-50, 50),
                sizes=(
                    FlakeSize(Between(2.5, 5), Between(0, 3), Between(300, 1400), 0.8),
                    FlakeSize(Between(6, 12), Between(0, 2.5), Between(40, 220), 0.75),
                    FlakeSize(Between(14, 28), Between(0, 2), Between(3, 25), 0.5),
                ),
            ),
        ),
    ),
    Recipe(
        name="sim-Rain",
        family="Rain",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.3, 0.6),
                cover=LogNormal(0.3, 0.3, 0.1, 0.6),
                angle=Between(-30, 30),
                layers=(_FAR, _MIDDLE, _NEAR),
            ),
            Veil(strength=LogNormal(0.6, 0.4, 0.1, 1.6), airlight=Between(0.6, 0.85)),
        ),
    ),
    Recipe(
        name="sim-Raindrop",
        family="Raindrop",
        light=(Daylight(gain=LogNormal(0.95, 0.15), contrast=Between(0.9, 1.0)),),
        weather=(
            Drops(
                strength=Between(0.85, 1.0),
                count=Between(20, 70),
                radius=Between(36, 48),
                view=Between(2.5, 5.0),
                glow=Between(0.05, 0.4),
            ),
        ),
        kinds=("photo", "landscape", "skyline", "leaves"),
    ),
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _TABLE})

# The datasets of the paper's figures; the others are what restorers learn more kinds of rain from.
FIGURED: tuple[str, ...] = tuple(name for name, recipe in RECIPES.items() if recipe.figured)


def find_recipe(name: str) -> Recipe:
    """Return the recipe of a name, or refuse with the names there are."""
    if name not in RECIPES:
        raise ParameterError(f"there is no recipe {name!r}; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
