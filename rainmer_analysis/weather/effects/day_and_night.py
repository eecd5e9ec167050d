"""How much light there is: another brightness of day, and night with its lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from rainmer_analysis.weather.effects.camera import expose
from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import Field, wrapping_plane_size
from rainmer_analysis.weather.random_laws import (
    RGB,
    Colour,
    Number,
    Palette,
    Tint,
    drawn_colour,
    drawn_colours,
    drawn_number,
)

__all__ = ["LAMPS", "Daylight", "Night"]

# Street lamps (sodium, warm and cold LED), headlights; tail lights, traffic lights, neon signs.
LAMPS: tuple[RGB, ...] = (
    *((1.00, 0.62, 0.25),) * 2,
    *((1.00, 0.74, 0.40),) * 2,
    *((1.00, 0.86, 0.66),) * 2,
    *((0.92, 0.96, 1.00),) * 2,
    (1.00, 0.20, 0.12),
    (0.30, 1.00, 0.60),
    (0.35, 0.55, 1.00),
    (1.00, 0.35, 0.75),
)
_COOL = Tint((0.90, 0.98, 1.12), jitter=0.07)
_MIXED = Palette(LAMPS, 3)


@dataclass(frozen=True)
class Daylight(Effect):
    """A day of another brightness than the scene's own: its exposure, and its ``contrast``."""

    gain: Number
    contrast: Number

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] under this light, which leaves nothing to chance."""
        del rng
        image = expose(image, drawn_number(self.gain))
        middle, contrast = image.mean(), drawn_number(self.contrast)
        return np.asarray(np.clip(middle + contrast * (image - middle), 0.0, 1.0))


@dataclass(frozen=True)
class Night(Effect):
    """The scene by night: little ambient light of a cool tint, and coloured lamps with a glow.

    ``ambient`` is the level of what was white by day, ``skyglow`` that of what was black, ``gamma``
    the tone curve between. There are ``lamps`` lamps; ``core`` and ``glow`` are their radii in
    thousandths of the shorter side, ``power`` the glow's light at the lamp. ``tint`` is the colour
    of the ambient light, ``colours`` those that a lamp may have.
    """

    ambient: Number
    skyglow: Number
    gamma: Number
    lamps: Number
    core: Number
    glow: Number
    power: Number
    tint: Colour = _COOL
    colours: Palette | tuple[RGB, ...] = _MIXED

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] by night."""
        tint = np.array(drawn_colour(self.tint))
        sky = drawn_number(self.skyglow)
        dark = sky + (drawn_number(self.ambient) - sky) * image ** drawn_number(self.gamma)
        dark = np.clip(dark * tint[:, None, None], 0.0, 1.0)
        glow, core = self._draw_glow_and_cores(rng, (image.shape[1], image.shape[2]))
        # A glow lights the surfaces around a lamp; the lamp itself shines before them.
        lit = dark + glow * (0.25 + 0.75 * image)
        return np.asarray(np.clip(lit + core * (1.0 - np.minimum(lit, 1.0)), 0.0, 1.0))

    def _draw_glow_and_cores(
        self, rng: np.random.Generator, shape: tuple[int, int]
    ) -> tuple[Field, Field]:
        size, side = wrapping_plane_size(shape), min(shape)
        rows = (fft.fftfreq(size[0]) * size[0])[:, None]
        columns = (fft.fftfreq(size[1]) * size[1])[None, :]
        square = (rows**2 + columns**2) / (side / 1000) ** 2
        count = round(drawn_number(self.lamps))
        places = rng.integers([shape[0] // 8, 0], shape, size=(count, 2))
        palette = np.array(drawn_colours(self.colours))
        light = palette[rng.integers(0, len(palette), count)] * rng.uniform(0.4, 1.0, (count, 1))
        planes = np.zeros((3, *size))
        for (row, column), own in zip(places, light, strict=True):
            planes[:, row, column] += own
        halo = drawn_number(self.power) * (1.0 + square / drawn_number(self.glow) ** 2) ** -1.2
        glow = fft.irfft2(fft.rfft2(planes) * fft.rfft2(halo), s=size)[:, : shape[0], : shape[1]]
        core = np.zeros((3, *shape))
        width = max(drawn_number(self.core) * side / 1000, 0.4)
        for (row, column), own in zip(places, light, strict=True):
            _add_lamp(core, own, at=(int(row), int(column)), width=width)
        return np.asarray(np.maximum(glow, 0.0)), np.asarray(np.minimum(core, 1.0))


def _add_lamp(core: Field, light: Field, *, at: tuple[int, int], width: float) -> None:
    """Add a Gaussian lamp of sd ``width`` pixels to ``core`` [3, H, W], in place."""
    reach = int(4 * width) + 1
    top, left = max(at[0] - reach, 0), max(at[1] - reach, 0)
    bottom, right = min(at[0] + reach + 1, core.shape[1]), min(at[1] + reach + 1, core.shape[2])
    dy = np.arange(top, bottom)[:, None] - at[0]
    dx = np.arange(left, right)[None, :] - at[1]
    bulb = 1.6 * np.exp(-(dy**2 + dx**2) / (2 * width**2))
    core[:, top:bottom, left:right] += light[:, None, None] * bulb
