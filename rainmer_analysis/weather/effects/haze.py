"""A veil of scattered light, which hides what is far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import Field, pixel_centres, power_law_noise
from rainmer_analysis.weather.random_laws import Colour, Number, Tint, drawn_colour, drawn_number

__all__ = ["Veil"]


_NEARLY_GREY = Tint(jitter=0.02)


@dataclass(frozen=True)
class Veil(Effect):
    """Scattered light by a transmission map t = exp(-strength * depth): x t + airlight (1 - t).

    The depth in [0, 1] falls from the top (far) to the bottom (near), is ``uneven`` like a 1/f
    field, and never below ``least``. ``tint`` are the airlight's factors of red, green and blue.
    """

    strength: Number
    airlight: Number
    uneven: float = 0.25
    least: float = 0.3
    tint: Colour = _NEARLY_GREY

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] behind the veil."""
        shape = (image.shape[1], image.shape[2])
        light = np.clip(drawn_number(self.airlight) * np.array(drawn_colour(self.tint)), 0.0, 1.0)
        rows, _ = pixel_centres(shape)
        depth = 1.0 - rows + self.uneven * power_law_noise(rng, shape, slope=1.6)
        depth = self.least + (1.0 - self.least) * np.clip(depth, 0.0, 1.0)
        haze = -np.expm1(-drawn_number(self.strength) * depth)
        return np.asarray(image + haze * (light[:, None, None] - image))
