"""What rain does to a picture: streaks that add light, and a veil that hides what is far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.weather.fields import (
    Field,
    Law,
    blur,
    capsule,
    cloud,
    grid,
    scatter,
    scatter_size,
)

__all__ = ["Depth", "Streaks", "Veil"]


@dataclass(frozen=True)
class Depth:
    """One layer of streaks: sizes in thousandths of the shorter side, share of the rain in it."""

    length: Law
    width: Law
    share: float


@dataclass(frozen=True)
class Streaks:
    """Streaks in depth layers, each of its own length, width and, by ``spread``, angle.

    ``cover`` is the share of the picture's area under streaks, ``strength`` the light that a full
    streak adds where the scene is black (a screen: nothing gets darker), ``angle`` in degrees
    from the vertical. ``lit`` says how far streaks shine only where the scene behind is lit, as
    at night. ``clump`` modulates the rain over the picture.
    """

    strength: Law
    cover: Law
    angle: Law
    layers: tuple[Depth, ...]
    spread: float = 4.0
    lit: float = 0.0
    clump: float = 0.3

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Give ``image`` [3, H, W] in [0, 1] with streaks."""
        strength, cover = self.strength.draw(rng), self.cover.draw(rng)
        shape = (image.shape[1], image.shape[2])
        alpha = self._coverage(rng, shape, cover) * strength
        light = alpha if self.lit <= 0.0 else alpha * self._lamp(image)
        return np.asarray(image + np.minimum(light, 1.0) * (1.0 - image))

    def _coverage(self, rng: np.random.Generator, shape: tuple[int, int], cover: float) -> Field:
        side, size = min(shape), scatter_size(shape)
        angle = self.angle.draw(rng)
        drops: list[tuple[float, Field]] = []
        for layer in self.layers:
            length = layer.length.draw(rng) * side / 1000
            width = max(layer.width.draw(rng) * side / 1000, 0.3)
            own = angle + self.spread * float(rng.standard_normal())
            kernel = capsule(size, length=length, width=width, angle=own, soft=True)
            area = (length + 2.5 * width) * 2.5 * width
            drops.append((cover * layer.share * size[0] * size[1] / area, kernel))
        field = np.minimum(scatter(rng, shape, drops), 1.0)
        if self.clump > 0.0:
            field *= np.clip(1.0 + self.clump * cloud(rng, shape, slope=1.5), 0.0, 1.5)
        return field

    def _lamp(self, image: Field) -> Field:
        lamp = blur(image.mean(axis=0), 0.06 * min(image.shape[1:]))
        return np.asarray((1.0 - self.lit) + self.lit * np.clip(lamp * 3.0, 0.0, 1.0))


@dataclass(frozen=True)
class Veil:
    """Scattered light by a transmission map t = exp(-strength * depth): x t + airlight (1 - t).

    The depth in [0, 1] falls from the top (far) to the bottom (near), is ``uneven`` like a 1/f
    field, and never below ``least``. ``tint`` shifts the airlight from grey, sd per channel.
    """

    strength: Law
    airlight: Law
    uneven: float = 0.25
    least: float = 0.3
    tint: float = 0.02

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Give ``image`` [3, H, W] in [0, 1] behind the veil."""
        strength, airlight = self.strength.draw(rng), self.airlight.draw(rng)
        shape = (image.shape[1], image.shape[2])
        colour = np.clip(airlight + self.tint * rng.standard_normal(3), 0.0, 1.0)
        rows, _ = grid(shape)
        depth = 1.0 - rows + self.uneven * cloud(rng, shape, slope=1.6)
        depth = self.least + (1.0 - self.least) * np.clip(depth, 0.0, 1.0)
        haze = -np.expm1(-strength * depth)
        return np.asarray(image + haze * (colour[:, None, None] - image))
