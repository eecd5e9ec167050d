"""What a camera makes of the light: exposure, cast, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import Field, gaussian_blur
from rainmer_analysis.weather.random_laws import Colour, Number, drawn_colour, drawn_number

__all__ = ["Camera", "expose"]


def expose(image: Field, gain: float) -> Field:
    """Expose ``image`` in [0, 1] ``gain`` times longer; white stays white."""
    return np.asarray(1.0 - (1.0 - image) ** gain)


@dataclass(frozen=True)
class Camera(Effect):
    """What differs between two frames of one camera: exposure drift, cast, blur, noise.

    ``gain`` is the drift of exposure, ``cast`` its factors per channel, ``defocus`` the blur's
    sd in thousandths of the shorter side, ``noise`` the sensor's read noise and ``shot`` the noise
    that grows with the root of the light (both sd in [0, 1]). ``chroma`` is the part of a
    channel's noise that is its own: at 0 noise is grey.
    """

    gain: Number
    noise: Number
    shot: Number
    defocus: Number
    cast: Colour = (1.0, 1.0, 1.0)
    chroma: float = 1.0

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] as this frame recorded it."""
        noise, shot = drawn_number(self.noise), drawn_number(self.shot)
        gains = drawn_number(self.gain) * np.array(drawn_colour(self.cast))
        blurred = gaussian_blur(image, drawn_number(self.defocus) * min(image.shape[1:]) / 1000)
        exposed = 1.0 - np.maximum(1.0 - blurred, 0.0) ** gains[:, None, None]
        spread = np.sqrt(noise**2 + shot**2 * np.maximum(exposed, 0.0))
        grains = rng.standard_normal(image.shape)
        if self.chroma < 1.0:
            grey = rng.standard_normal(image.shape[1:])
            grains = self.chroma * grains + np.sqrt(1.0 - self.chroma**2) * grey
        return np.asarray(np.clip(exposed + spread * grains, 0.0, 1.0))
