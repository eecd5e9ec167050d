"""Flakes of snow in the air and drops of water on the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import (
    Field,
    capsule_kernel,
    gaussian_blur,
    scatter_kernels,
    wrapping_plane_size,
)
from rainmer_analysis.weather.random_laws import Normal, Number, drawn_number

__all__ = ["Drops", "FlakeSize", "Flakes"]

_GUSTS = Normal(0.0, 10.0)


@dataclass(frozen=True)
class FlakeSize:
    """One size of flakes, in thousandths of the shorter side, and how opaque they are.

    ``motion`` is the length of their way during the exposure in units of their radius, ``tilt``
    how far its angle departs from the wind's, in degrees.
    """

    radius: Number
    motion: Number
    count: Number
    opacity: float
    tilt: Number = _GUSTS


@dataclass(frozen=True)
class Flakes(Effect):
    """Snow: flakes of several sizes that drift along one wind. ``strength`` scales opacity."""

    strength: Number
    angle: Number
    sizes: tuple[FlakeSize, ...]
    white: float = 0.96

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] behind flakes."""
        shape = (image.shape[1], image.shape[2])
        side, plane = min(shape), wrapping_plane_size(shape)
        clear = np.ones(shape)
        for size in self.sizes:
            radius = max(drawn_number(size.radius) * side / 1000, 0.4)
            kernel = capsule_kernel(
                plane,
                length=drawn_number(size.motion) * radius,
                width=radius,
                angle=drawn_number(self.angle) + drawn_number(size.tilt),
                soft=False,
            )
            count = drawn_number(size.count) * plane[0] * plane[1] / side**2
            cover = np.minimum(scatter_kernels(rng, shape, [(count, kernel)]), 1.0)
            clear *= 1.0 - min(drawn_number(self.strength) * size.opacity, 1.0) * gaussian_blur(
                cover, 0.3 * radius
            )
        return np.asarray(image + (1.0 - clear) * np.maximum(self.white - image, 0.0))


@dataclass(frozen=True)
class Drops(Effect):
    """Water on the window: lenses that show the scene upside down, dim at the rim, with a glint.

    ``count`` drops have radii around ``radius`` thousandths of the shorter side, ``variety`` is
    the sd of their logarithm (cut off at two); ``view`` is how much wider a
    drop looks than its own radius, ``glow`` the sky's light that a drop adds, ``defocus`` the
    blur of what is seen through it in units of its radius, ``strength`` in [0, 1] its opacity.
    """

    strength: Number
    count: Number
    radius: Number
    view: Number
    glow: Number
    variety: float = 0.5
    defocus: float = 0.25

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] seen through drops."""
        seen = np.array(image)
        side = min(image.shape[1:])
        view, glow = drawn_number(self.view), drawn_number(self.glow)
        hazy = gaussian_blur(image, self.defocus * 0.04 * side)
        for _ in range(round(drawn_number(self.count))):
            size = np.exp(self.variety * np.clip(rng.standard_normal(), -2.0, 2.0))
            radius = max(float(drawn_number(self.radius) * size * side / 1000), 1.5)
            _paint_drop(
                rng,
                hazy,
                seen,
                radius=radius,
                view=view,
                glow=glow,
                strength=drawn_number(self.strength),
            )
        return seen


def _paint_drop(
    rng: np.random.Generator,
    hazy: Field,
    seen: Field,
    *,
    radius: float,
    view: float,
    glow: float,
    strength: float,
) -> None:
    """Lay one drop over ``seen`` in place; ``hazy`` is what its lens refracts."""
    height, width = seen.shape[1:]
    row, column = rng.random() * height, rng.random() * width
    soft = 0.3 + 0.5 * rng.random()
    flat, squeeze, phase = 1.0 + 0.4 * rng.random(), 0.12 * rng.random(), 6.3 * rng.random()
    reach = 1.5 * radius * flat
    top, left = max(int(row - reach), 0), max(int(column - reach), 0)
    bottom, right = min(int(row + reach) + 1, height), min(int(column + reach) + 1, width)
    dy = (np.arange(top, bottom)[:, None] - row) / (radius * flat)
    dx = (np.arange(left, right)[None, :] - column) / radius
    turn = np.arctan2(dy, dx)
    rim = np.sqrt(dy * dy + dx * dx) / (
        1.0 + squeeze * np.cos(2 * turn + phase) + 0.07 * np.cos(3 * turn - phase)
    )
    edge = np.clip((1.0 - rim) / soft, 0.0, 1.0)
    alpha = strength * edge * edge * (3.0 - 2.0 * edge)
    bend = view * radius * (0.6 + 0.8 * rim * rim)
    rows = _reflect_indices(row - dy * bend, height)
    columns = _reflect_indices(column - dx * bend, width)
    refracted = hazy[:, rows, columns]  # the nearest pixel does: the view is out of focus
    rim2 = rim * rim
    glint = np.exp(-((dy + 0.35) ** 2 + (dx + 0.25) ** 2) / 0.02)
    lens = refracted * (1.08 - 0.35 * rim2)
    lens += glow * (0.6 - 0.4 * dy) * (1.0 - lens)
    lens = np.clip(lens + 0.3 * glint, 0.0, 1.0)
    patch = seen[:, top:bottom, left:right]
    patch += alpha * (lens - patch)


def _reflect_indices(places: Field, size: int) -> NDArray[np.intp]:
    """Fold places beyond the picture back into it, as whole pixel indices."""
    folded = np.mod(np.rint(places).astype(np.intp), 2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)
