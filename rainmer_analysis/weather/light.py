"""How much light there is, and what a camera makes of it: exposure, night, drift, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from rainmer_analysis.weather.fields import Field, Law, blur, scatter_size

__all__ = ["Camera", "Daylight", "Night"]

# Street lamps (sodium, LED), headlights, tail lights, traffic lights, signs: RGB in [0, 1].
_LAMPS = np.array(
    [
        [1.00, 0.72, 0.35], [1.00, 0.80, 0.55], [1.00, 0.95, 0.88], [0.85, 0.92, 1.00],
        [1.00, 0.22, 0.15], [0.25, 1.00, 0.55], [0.35, 0.55, 1.00], [1.00, 0.35, 0.80],
    ]
)  # fmt: skip


def expose(image: Field, gain: float) -> Field:
    """Expose ``image`` in [0, 1] ``gain`` times longer; white stays white."""
    return np.asarray(1.0 - (1.0 - image) ** gain)


@dataclass(frozen=True)
class Daylight:
    """A day of another brightness than the scene's own: its exposure, and its ``contrast``."""

    gain: Law
    contrast: Law

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Give ``image`` [3, H, W] in [0, 1] under this light."""
        image = expose(image, self.gain.draw(rng))
        middle, contrast = image.mean(), self.contrast.draw(rng)
        return np.asarray(np.clip(middle + contrast * (image - middle), 0.0, 1.0))


@dataclass(frozen=True)
class Night:
    """The scene by night: little ambient light of a cool tint, and coloured lamps with a glow.

    ``ambient`` is the level of what was white by day, ``skyglow`` that of what was black, ``gamma``
    the tone curve between. There are ``lamps`` lamps; ``core`` and ``glow`` are their radii in
    thousandths of the shorter side, ``power`` the glow's light at the lamp.
    """

    ambient: Law
    skyglow: Law
    gamma: Law
    lamps: Law
    core: Law
    glow: Law
    power: Law

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Give ``image`` [3, H, W] in [0, 1] by night."""
        tint = np.array([0.86, 0.94, 1.08]) * (1.0 + 0.07 * rng.standard_normal(3))
        sky = self.skyglow.draw(rng)
        dark = sky + (self.ambient.draw(rng) - sky) * image ** self.gamma.draw(rng)
        dark = np.clip(dark * tint[:, None, None], 0.0, 1.0)
        glow, core = self._lights(rng, (image.shape[1], image.shape[2]))
        # A glow lights the surfaces around a lamp; the lamp itself shines before them.
        lit = dark + glow * (0.25 + 0.75 * image)
        return np.asarray(np.clip(lit + core * (1.0 - np.minimum(lit, 1.0)), 0.0, 1.0))

    def _lights(self, rng: np.random.Generator, shape: tuple[int, int]) -> tuple[Field, Field]:
        size, side = scatter_size(shape), min(shape)
        rows = (fft.fftfreq(size[0]) * size[0])[:, None]
        columns = (fft.fftfreq(size[1]) * size[1])[None, :]
        square = (rows**2 + columns**2) / (side / 1000) ** 2
        count = round(self.lamps.draw(rng))
        places = rng.integers([shape[0] // 8, 0], shape, size=(count, 2))
        colour = _LAMPS[rng.integers(0, len(_LAMPS), count)] * rng.uniform(0.4, 1.0, (count, 1))
        planes = np.zeros((3, *size))
        for (row, column), light in zip(places, colour, strict=True):
            planes[:, row, column] += light
        halo = self.power.draw(rng) * (1.0 + square / self.glow.draw(rng) ** 2) ** -1.2
        glow = fft.irfft2(fft.rfft2(planes) * fft.rfft2(halo), s=size)[:, : shape[0], : shape[1]]
        core = np.zeros((3, *shape))
        width = max(self.core.draw(rng) * side / 1000, 0.4)
        for (row, column), light in zip(places, colour, strict=True):
            _add_bulb(core, light, at=(int(row), int(column)), width=width)
        return np.asarray(np.maximum(glow, 0.0)), np.asarray(np.minimum(core, 1.0))


def _add_bulb(core: Field, light: Field, *, at: tuple[int, int], width: float) -> None:
    """Add a Gaussian lamp of sd ``width`` pixels to ``core`` [3, H, W], in place."""
    reach = int(4 * width) + 1
    top, left = max(at[0] - reach, 0), max(at[1] - reach, 0)
    bottom, right = min(at[0] + reach + 1, core.shape[1]), min(at[1] + reach + 1, core.shape[2])
    dy = np.arange(top, bottom)[:, None] - at[0]
    dx = np.arange(left, right)[None, :] - at[1]
    bulb = 1.6 * np.exp(-(dy**2 + dx**2) / (2 * width**2))
    core[:, top:bottom, left:right] += light[:, None, None] * bulb


@dataclass(frozen=True)
class Camera:
    """What differs between two frames of one camera: exposure drift, cast, blur, noise.

    ``gain`` is the drift of exposure, ``cast`` its sd per channel, ``defocus`` the blur's sd in
    thousandths of the shorter side, ``noise`` the sensor's read noise and ``shot`` the noise that
    grows with the root of the light (both sd in [0, 1]).
    """

    gain: Law
    noise: Law
    shot: Law
    defocus: Law
    cast: float = 0.0

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Give ``image`` [3, H, W] in [0, 1] as this frame recorded it."""
        gain, noise, shot = self.gain.draw(rng), self.noise.draw(rng), self.shot.draw(rng)
        gains = gain * np.exp(self.cast * rng.standard_normal(3))
        blurred = blur(image, self.defocus.draw(rng) * min(image.shape[1:]) / 1000)
        exposed = 1.0 - (1.0 - blurred) ** gains[:, None, None]
        spread = np.sqrt(noise**2 + shot**2 * np.maximum(exposed, 0.0))
        grains = rng.standard_normal(image.shape)
        return np.asarray(np.clip(exposed + spread * grains, 0.0, 1.0))
