"""Procedural scenes without a horizon: dead leaves and regions of 1/f texture."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.weather.fields_and_kernels import Field, power_law_noise

__all__ = ["PALETTE", "draw_surface_colours", "paint_leaf", "render_dead_leaves", "render_textures"]

# Surface colours of the outdoors, RGB in [0, 1]: sky, foliage, soil, stone, brick, cloth, flowers.
PALETTE = np.array(
    [
        [0.55, 0.70, 0.88], [0.75, 0.82, 0.90], [0.20, 0.33, 0.52], [0.24, 0.36, 0.14],
        [0.38, 0.46, 0.20], [0.55, 0.58, 0.30], [0.12, 0.18, 0.09], [0.36, 0.26, 0.17],
        [0.52, 0.40, 0.28], [0.70, 0.60, 0.45], [0.22, 0.16, 0.12], [0.45, 0.45, 0.44],
        [0.65, 0.64, 0.62], [0.28, 0.29, 0.31], [0.85, 0.84, 0.80], [0.55, 0.27, 0.20],
        [0.70, 0.18, 0.15], [0.80, 0.62, 0.22], [0.35, 0.22, 0.40], [0.78, 0.52, 0.42],
        [0.10, 0.10, 0.11], [0.16, 0.30, 0.32], [0.60, 0.35, 0.45], [0.93, 0.91, 0.86],
    ]
)  # fmt: skip


def draw_surface_colours(rng: np.random.Generator, count: int) -> Field:
    """Draw ``count`` plausible surface colours, [count, 3]."""
    picked = PALETTE[rng.choice(len(PALETTE), size=count, replace=count > len(PALETTE))]
    grey = picked.mean(axis=1, keepdims=True)
    saturation = 0.3 + 0.8 * rng.random((count, 1))
    varied = grey + saturation * (picked - grey) + 0.03 * rng.standard_normal((count, 3))
    return np.asarray(np.clip(varied, 0.02, 0.98))


def paint_leaf(
    image: Field,
    colour: Field,
    *,
    centre: tuple[float, float],
    axes: tuple[float, float],
    angle: float,
    box: bool,
    texture: Field,
) -> None:
    """Paint one opaque leaf into ``image`` [3, H, W] (in place; the caller owns it), in pixels."""
    reach = float(np.hypot(*axes)) if box else max(axes)
    top, left = max(int(centre[0] - reach - 1), 0), max(int(centre[1] - reach - 1), 0)
    bottom = min(int(centre[0] + reach + 2), image.shape[1])
    right = min(int(centre[1] + reach + 2), image.shape[2])
    if bottom <= top or right <= left:
        return
    rows = np.arange(top, bottom)[:, None] - centre[0]
    columns = np.arange(left, right)[None, :] - centre[1]
    sine, cosine = np.sin(angle), np.cos(angle)
    u = (columns * cosine + rows * sine) / axes[1]
    v = (rows * cosine - columns * sine) / axes[0]
    radius = np.maximum(np.abs(u), np.abs(v)) if box else np.sqrt(u * u + v * v)
    alpha = np.clip((1.0 - radius) * min(axes) + 0.5, 0.0, 1.0)
    shade = 1.0 - 0.18 * v + texture[top:bottom, left:right]
    patch = image[:, top:bottom, left:right]
    patch += alpha * (colour[:, None, None] * shade - patch)


def render_dead_leaves(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Render a dead-leaves scene: ellipses and boxes of a power law of sizes occlude each other."""
    side = min(shape)
    palette = draw_surface_colours(rng, int(rng.integers(4, 9)))
    texture = power_law_noise(rng, shape, slope=float(0.7 + 0.5 * rng.random()))
    texture *= 0.05 + 0.12 * rng.random()
    image: Field = palette[0][:, None, None] * (1.0 + texture)
    count = int(rng.integers(110, 260))
    smallest, largest = float(rng.uniform(0.012, 0.03)), float(rng.uniform(0.2, 0.5))
    # Inverse of the distribution function of density proportional to r^-2 on [smallest, largest]:
    # few leaves cover the picture, many give it detail.
    radii = side / (1 / smallest - rng.random(count) * (1 / smallest - 1 / largest))
    boxes = rng.random(count) < rng.random()
    places = rng.random((count, 2)) * np.array(shape)
    picks = palette[rng.integers(0, len(palette), count)]
    picks = np.clip(picks * (0.75 + 0.5 * rng.random((count, 1))), 0.0, 1.0)
    ratios, angles = 0.35 + 0.65 * rng.random(count), np.pi * rng.random(count)
    for i in range(count):
        paint_leaf(
            image,
            picks[i],
            centre=(float(places[i, 0]), float(places[i, 1])),
            axes=(float(radii[i] * ratios[i]), float(radii[i])),
            angle=float(angles[i]),
            box=bool(boxes[i]),
            texture=texture,
        )
    return image


def render_textures(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Render regions of coloured 1/f texture with sharp borders between them."""
    borders = power_law_noise(rng, shape, slope=float(1.4 + 0.5 * rng.random()))
    levels = np.sort(rng.standard_normal(int(rng.integers(1, 5))) * 0.8)
    labels = np.searchsorted(levels, borders)
    luminance = power_law_noise(rng, shape, slope=float(0.9 + 0.5 * rng.random()))
    tint = power_law_noise(rng, shape, slope=1.3)
    image = np.empty((3, *shape))
    bases = draw_surface_colours(rng, 2 * (len(levels) + 1)).reshape(-1, 2, 3)
    bases[:, 1] += 0.5 * (bases[:, 0] - bases[:, 1])  # the two colours of a region are akin
    contrasts = 0.08 + 0.18 * rng.random(len(bases))
    mix = 1.0 / (1.0 + np.exp(-1.5 * tint))
    shade = 1.0 + contrasts[labels] * luminance
    for channel in range(3):
        first, second = bases[labels, 0, channel], bases[labels, 1, channel]
        image[channel] = (first + mix * (second - first)) * shade
    return image
