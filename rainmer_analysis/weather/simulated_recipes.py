"""The simulated datasets: which weather, in which light, over which scenes.

Each recipe is a caricature of the dataset that its name points at. The constants were chosen so
that at 256x256 pixels the eight published properties of GT-Rain, of GTAV-balance and of the mixture
SynRain lie near those measured on the real images (``datasets simulate --calibration``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
from rainmer_analysis.weather.random_laws import Between, LogNormal, Normal, Tint

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
_LONG = Depth(Between(120, 250), Between(1.8, 3.2), 0.35, Normal(0.0, 1.5))
_FINE = Depth(Between(80, 160), Between(1.6, 2.4), 0.35, Normal(0.0, 1.5))
_THIN = Depth(Between(30, 70), Between(0.9, 1.6), 0.5)
_PALE = Tint(warmth=0.02, jitter=0.03)
_STORED = Compression(75.0)

_TABLE = (
    Recipe(
        name="sim-Rain200H",
        family="Rain200H",
        light=(),
        weather=(
            Streaks(
                strength=Between(0.4, 0.8),
                cover=LogNormal(0.52, 0.35, 0.2, 1.2),
                angle=Normal(0.0, 10.0),
                layers=(_FINE, _LONG, _LONG),
                screen=0.0,
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
                strength=Between(0.25, 0.6),
                cover=LogNormal(0.12, 0.4, 0.04, 0.35),
                angle=Between(-25, 25),
                layers=(_FINE, _LONG),
                screen=0.0,
            ),
        ),
    ),
    Recipe(
        name="sim-Rain800",
        family="Rain800",
        light=(_STORED,),
        weather=(
            Streaks(
                strength=Between(0.35, 0.7),
                cover=LogNormal(0.2, 0.4, 0.06, 0.6),
                angle=Between(-25, 25),
                layers=(_FAR, _MIDDLE, _MIDDLE),
                screen=0.7,
            ),
            Veil(strength=LogNormal(0.07, 0.6, 0.0, 0.5), airlight=Between(0.7, 0.9)),
            _STORED,
        ),
    ),
    Recipe(
        name="sim-DDN_1",
        family="DDN",
        light=(_STORED,),
        weather=(
            Streaks(
                strength=Between(0.31, 0.52),
                cover=LogNormal(0.15, 0.3, 0.06, 0.4),
                angle=Between(-20, 20),
                layers=(_FAR, _FAR),
                screen=0.7,
            ),
            Veil(strength=LogNormal(0.09, 0.6, 0.0, 0.4), airlight=Between(0.7, 0.9), tint=_PALE),
            _STORED,
        ),
    ),
    Recipe(
        name="sim-DDN_5",
        family="DDN",
        light=(_STORED,),
        weather=(
            Streaks(
                strength=Between(0.32, 0.58),
                cover=LogNormal(0.32, 0.3, 0.1, 0.8),
                angle=Between(-40, 40),
                layers=(_MIDDLE, _NEAR),
                screen=0.7,
            ),
            Veil(strength=LogNormal(0.23, 0.5, 0.0, 0.9), airlight=Between(0.65, 0.85), tint=_PALE),
            _STORED,
        ),
    ),
    Recipe(
        name="sim-GT-Rain",
        family="GT-Rain",
        light=(Daylight(gain=LogNormal(0.79, 0.32), contrast=Between(0.7, 1.0)),),
        weather=(
            Veil(
                strength=LogNormal(0.27, 0.9, 0.0, 1.6),
                airlight=Between(0.35, 0.6),
                tint=Tint(warmth=0.07, jitter=0.02),
                uneven=0.4,
            ),
            Streaks(
                strength=LogNormal(0.26, 0.5, 0.05, 0.7),
                cover=LogNormal(0.09, 0.5, 0.03, 0.5),
                angle=Between(-15, 15),
                layers=(_THIN, _FAR, _MIDDLE),
            ),
            Camera(
                gain=LogNormal(0.955, 0.22),
                noise=LogNormal(0.018, 0.65, 0.002, 0.06),
                shot=LogNormal(0.018, 0.6, 0.002, 0.06),
                defocus=LogNormal(1.2, 0.7, 0.0, 5.0),
                cast=Tint(warmth=0.035, jitter=0.02),
                chroma=0.4,
            ),
        ),
        kinds=("photo", "landscape", "skyline", "leaves"),
    ),
    Recipe(
        name="sim-GTAV-balance",
        family="GTAV",
        light=(
            Night(
                ambient=LogNormal(0.147, 0.55, 0.03, 0.7),
                skyglow=Between(0.0, 0.02),
                gamma=Between(1.0, 1.6),
                lamps=Between(2, 12),
                core=Between(4, 9),
                glow=Between(60, 160),
                power=LogNormal(0.28, 0.5, 0.05, 0.9),
            ),
        ),
        weather=(
            Streaks(
                strength=LogNormal(1.1, 0.5, 0.2, 2.5),
                cover=LogNormal(0.0155, 0.6, 0.004, 0.2),
                angle=Between(-20, 20),
                layers=(_THIN, _THIN, _FAR),
                lit=0.9,
                tint=Tint(warmth=0.25, jitter=0.06),
            ),
            Camera(
                gain=LogNormal(0.96, 0.07),
                noise=LogNormal(0.0075, 0.5, 0.001, 0.03),
                shot=Between(0.004, 0.01),
                defocus=Between(0.0, 3.0),
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
                strength=Between(0.25, 0.5),
                cover=LogNormal(0.35, 0.3, 0.1, 0.8),
                angle=Between(-30, 30),
                layers=(_FAR, _FINE, _LONG),
            ),
            Veil(strength=LogNormal(0.95, 0.4, 0.2, 2.2), airlight=Between(0.6, 0.85)),
        ),
    ),
    Recipe(
        name="sim-Raindrop",
        family="Raindrop",
        light=(Daylight(gain=LogNormal(0.95, 0.15), contrast=Between(0.9, 1.0)),),
        weather=(
            Drops(
                strength=Between(0.85, 1.0),
                count=Between(30, 120),
                radius=Between(22, 40),
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
