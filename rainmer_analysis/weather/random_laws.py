"""Random laws that parameters of effects follow, and the random streams they are drawn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from rainmer_analysis.errors import ParameterError

__all__ = [
    "RGB",
    "Between",
    "Colour",
    "Law",
    "LogNormal",
    "Normal",
    "Number",
    "Palette",
    "Tint",
    "draw_laws",
    "drawn_colour",
    "drawn_colours",
    "drawn_number",
    "keyed_generator",
    "spawn_generator",
]

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Between:
    """Uniform law on [low, high]; ``Between(x, x)`` is the constant x."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return one value."""
        return float(self.low + (self.high - self.low) * rng.random())


@dataclass(frozen=True)
class Normal:
    """Normal law."""

    mean: float
    sd: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return one value."""
        return float(self.mean + self.sd * rng.standard_normal())


@dataclass(frozen=True)
class LogNormal:
    """Log-normal law around ``median``, sd of the logarithm ``spread``, clipped to a range."""

    median: float
    spread: float
    low: float = 0.0
    high: float = float("inf")

    def draw(self, rng: np.random.Generator) -> float:
        """Return one value."""
        value = self.median * np.exp(self.spread * rng.standard_normal())
        return float(min(max(value, self.low), self.high))


@dataclass(frozen=True)
class Tint:
    """Law of a colour: RGB factors around ``base`` whose mean is that of ``base``.

    ``warmth`` is the sd of the logarithmic shift from blue to amber, ``jitter`` the sd of the
    logarithm of each channel by itself.
    """

    base: RGB = (1.0, 1.0, 1.0)
    warmth: float = 0.0
    jitter: float = 0.0

    def draw(self, rng: np.random.Generator) -> RGB:
        """Return the factors of red, green and blue."""
        shift = self.warmth * rng.standard_normal() * np.array([1.0, 0.2, -1.2])
        factors = np.array(self.base) * np.exp(shift + self.jitter * rng.standard_normal(3))
        red, green, blue = factors * (np.mean(self.base) / factors.mean())
        return float(red), float(green), float(blue)


@dataclass(frozen=True)
class Palette:
    """Law of a few colours: ``count`` of ``choices`` with replacement."""

    choices: tuple[RGB, ...]
    count: int

    def draw(self, rng: np.random.Generator) -> tuple[RGB, ...]:
        """Return the colours."""
        return tuple(self.choices[i] for i in rng.integers(0, len(self.choices), self.count))


Law = Between | Normal | LogNormal
Number = Law | float
Colour = Tint | RGB


def drawn_number(value: Number) -> float:
    """Return a drawn number; refuse a law that has not been drawn."""
    if isinstance(value, Law):
        raise ParameterError(f"{value} is a law and not a number yet; call draw(rng) before apply")
    return float(value)


def drawn_colour(value: Colour) -> RGB:
    """Return a drawn colour; refuse a law that has not been drawn."""
    if isinstance(value, Tint):
        raise ParameterError(f"{value} is a law and not a colour yet; call draw(rng) before apply")
    return value


def drawn_colours(value: Palette | tuple[RGB, ...]) -> tuple[RGB, ...]:
    """Return drawn colours; refuse a law that has not been drawn."""
    if isinstance(value, Palette):
        raise ParameterError(f"{value} is a law and not colours yet; call draw(rng) before apply")
    return value


def draw_laws(value: Any, rng: np.random.Generator) -> Any:
    """Return ``value`` with each law in its fields, or in tuples there, replaced by one draw."""
    if isinstance(value, Law | Tint | Palette):
        return value.draw(rng)
    if isinstance(value, tuple):
        return tuple(draw_laws(each, rng) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: draw_laws(each, rng) for name, each in held.items()})
    return value


def keyed_generator(*keys: str | int) -> np.random.Generator:
    """Return the random stream that belongs to ``keys``, independent of any other stream."""
    digest = hashlib.sha256("/".join(str(key) for key in keys).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest[:16], "little")))


def spawn_generator(rng: np.random.Generator) -> np.random.Generator:
    """Split off a stream for as many numbers as a size asks for; ``rng`` moves on by one."""
    return np.random.default_rng(int(rng.integers(0, 2**63)))
