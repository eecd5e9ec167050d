"""Streaks of rain, which add light to a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import (
    Field,
    capsule_kernel,
    power_law_noise,
    scatter_kernels,
    wrapping_plane_size,
)
from rainmer_analysis.weather.random_laws import Colour, Normal, Number, drawn_colour, drawn_number

__all__ = ["Depth", "Streaks"]

_GUSTS = Normal(0.0, 4.0)


@dataclass(frozen=True)
class Depth:
    """One layer of streaks: sizes in thousandths of the shorter side, share of the rain in it.

    ``tilt`` is how far its angle departs from that of the whole rain, in degrees.
    """

    length: Number
    width: Number
    share: float
    tilt: Number = _GUSTS


@dataclass(frozen=True)
class Streaks(Effect):
    """Streaks in depth layers, each of its own length, width and angle.

    ``cover`` is the share of the picture's area under streaks, ``strength`` the light that a full
    streak adds where the scene is black, ``tint`` its colour, ``angle`` in degrees from the
    vertical. ``screen`` says how far a streak adds less where the scene is bright: at 0 it adds
    the same light everywhere (until white), at 1 it replaces what is behind it. ``lit`` says how
    far streaks shine only by the light of what is near them, in its colour, as at night.
    ``clump`` modulates the rain over the picture.
    """

    strength: Number
    cover: Number
    angle: Number
    layers: tuple[Depth, ...]
    screen: float = 1.0
    lit: float = 0.0
    clump: float = 0.3
    tint: Colour = (1.0, 1.0, 1.0)

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] with streaks."""
        shape = (image.shape[1], image.shape[2])
        alpha = self._streak_coverage(rng, shape) * drawn_number(self.strength)
        light = alpha * np.array(drawn_colour(self.tint))[:, None, None]
        if self.lit > 0.0:
            light = light * self._light_near_streaks(image)
        added = np.minimum(light, 1.0) * (1.0 - self.screen * image)
        return np.asarray(np.minimum(image + added, 1.0))

    def _streak_coverage(self, rng: np.random.Generator, shape: tuple[int, int]) -> Field:
        side, size = min(shape), wrapping_plane_size(shape)
        drops: list[tuple[float, Field]] = []
        for layer in self.layers:
            length = drawn_number(layer.length) * side / 1000
            width = max(drawn_number(layer.width) * side / 1000, 0.3)
            angle = drawn_number(self.angle) + drawn_number(layer.tilt)
            kernel = capsule_kernel(size, length=length, width=width, angle=angle, soft=True)
            area = (length + 2.5 * width) * 2.5 * width
            drops.append(
                (drawn_number(self.cover) * layer.share * size[0] * size[1] / area, kernel)
            )
        field = np.minimum(scatter_kernels(rng, shape, drops), 1.0)
        if self.clump > 0.0:
            field *= np.clip(1.0 + self.clump * power_law_noise(rng, shape, slope=1.5), 0.0, 1.5)
        return field

    def _light_near_streaks(self, image: Field) -> Field:
        """Return the light that falls on the air in front of each place, [3, H, W] in [0, 1]."""
        size = (1, *(max(round(0.1 * min(image.shape[1:])), 1),) * 2)
        near = ndimage.uniform_filter(ndimage.uniform_filter(image, size), size)
        return np.asarray((1.0 - self.lit) + self.lit * np.clip(near * 3.0, 0.0, 1.0))
