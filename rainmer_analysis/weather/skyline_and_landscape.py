"""Procedural scenes with a horizon: city skylines with lit windows, and landscapes."""

from __future__ import annotations

import numpy as np

from rainmer_analysis.weather.dead_leaves_and_textures import draw_surface_colours, paint_leaf
from rainmer_analysis.weather.fields_and_kernels import Field, pixel_centres, power_law_noise
from rainmer_analysis.weather.random_laws import spawn_generator

__all__ = ["render_landscape", "render_skyline"]

_SKIES = np.array(
    [
        [[0.30, 0.50, 0.80], [0.75, 0.85, 0.93]],  # clear
        [[0.62, 0.66, 0.70], [0.84, 0.85, 0.85]],  # overcast
        [[0.45, 0.50, 0.58], [0.66, 0.68, 0.70]],  # heavy cloud
        [[0.40, 0.42, 0.60], [0.92, 0.70, 0.50]],  # dusk
        [[0.50, 0.65, 0.85], [0.95, 0.93, 0.88]],  # haze
    ]
)

# Grass, dry grass, meadow, soil, sand, stone, asphalt.
_EARTH = np.array(
    [
        [0.33, 0.42, 0.18], [0.60, 0.56, 0.34], [0.42, 0.50, 0.25], [0.42, 0.33, 0.24],
        [0.68, 0.60, 0.47], [0.50, 0.49, 0.46], [0.32, 0.32, 0.34],
    ]
)  # fmt: skip


def _render_sky_and_horizon_colour(
    rng: np.random.Generator, shape: tuple[int, int], horizon: float
) -> tuple[Field, Field]:
    """Return a sky [3, H, W] with clouds and the colour of its horizon [3]."""
    top, low = _SKIES[rng.integers(len(_SKIES))] * (0.8 + 0.25 * rng.random())
    rows, _ = pixel_centres(shape)
    height = np.clip(rows / horizon, 0.0, 1.0) ** (0.7 + rng.random())
    image = top[:, None, None] + (low - top)[:, None, None] * height
    clouds = power_law_noise(rng, shape, slope=1.35, stretch=(0.4, 1.0))
    cover = np.clip(0.5 * (clouds - rng.uniform(-0.5, 1.8)), 0.0, 1.0)
    white = np.array([0.92, 0.92, 0.93])[:, None, None] * (1.0 + 0.06 * clouds)
    return image + cover * (white - image) * rng.uniform(0.3, 1.0), low


def _paint_ground(
    rng: np.random.Generator, image: Field, *, horizon: float, colour: Field, haze: Field
) -> None:
    """Paint textured ground with a road or wet street below the horizon, in place."""
    shape = (image.shape[1], image.shape[2])
    first = max(int(horizon * shape[0]) - 1, 0)  # nothing above it changes
    rows, columns = pixel_centres(shape)
    rows = rows[first:]
    depth = np.clip((rows - horizon) / (1.0 - horizon), 0.0, 1.0)
    texture = power_law_noise(rng, shape, slope=0.8, stretch=(0.5, 1.0))[first:] * rng.uniform(
        0.06, 0.22
    )
    shade = (0.75 + 0.35 * depth) * (1.0 + texture * (0.3 + depth))
    ground = colour[:, None, None] * shade
    if rng.random() < 0.7:
        middle, lean = rng.uniform(0.25, 0.75), rng.uniform(-0.4, 0.4)
        half = 0.015 + rng.uniform(0.15, 0.6) * depth
        side = np.abs(columns - middle - lean * depth)
        tarmac = np.array([0.40, 0.40, 0.42]) * rng.uniform(0.5, 1.3)
        road = np.clip((half - side) * shape[1] + 0.5, 0.0, 1.0)
        ground += road * (tarmac[:, None, None] * (1.0 + 0.5 * texture) - ground)
        dashes = (np.mod(np.log(depth + 0.05) * 4.0, 1.0) < 0.5) & (side < 0.03 * half)
        ground += dashes * (0.85 - ground) * 0.8
    fade = (1.0 - depth) ** 4 * 0.6
    ground += fade * (haze[:, None, None] - ground)
    edge = np.clip((rows - horizon) * shape[0] + 0.5, 0.0, 1.0)
    image[:, first:] += edge * (ground - image[:, first:])


def _facade_window_brightness(
    rng: np.random.Generator, height: int, width: int, side: int
) -> Field:
    pitch_y, pitch_x = (max(int(side * rng.uniform(0.02, 0.045)), 3) for _ in range(2))
    fill_y, fill_x = rng.uniform(0.4, 0.75), rng.uniform(0.35, 0.8)
    rows, columns = np.arange(height), np.arange(width)
    bright = rng.uniform(-1.0, 0.25, (height // pitch_y + 1, width // pitch_x + 1))
    glass = bright[rows[:, None] // pitch_y, columns[None, :] // pitch_x]
    inside = (rows % pitch_y < fill_y * pitch_y)[:, None] & (columns % pitch_x < fill_x * pitch_x)
    return np.where(inside, glass, 0.0)


def render_skyline(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Render a city: three rows of houses with windows before a sky, a street in front."""
    side = min(shape)
    horizon = float(rng.uniform(0.5, 0.85))
    image, haze = _render_sky_and_horizon_colour(rng, shape, horizon)
    palette = draw_surface_colours(rng, 6)
    for layer in range(3):
        left = -float(rng.uniform(0.0, 0.17))
        while left * side < shape[1]:
            width = float(rng.uniform(0.07, 0.16)) * (1.0 + layer)
            _paint_house(
                spawn_generator(rng),
                image,
                columns=(round(left * side), round((left + width) * side)),
                bottom=round(shape[0] * (horizon + 0.03 * layer)),
                palette=palette,
                layer=layer,
                haze=haze,
            )
            left += width + float(rng.uniform(-0.02, 0.08))
    pavement = _EARTH[rng.integers(3, len(_EARTH))] * float(rng.uniform(0.6, 1.1))
    _paint_ground(rng, image, horizon=horizon + 0.05, colour=pavement, haze=haze)
    image *= 1.0 + 0.05 * power_law_noise(rng, shape, slope=0.9)
    return image


def _paint_house(
    rng: np.random.Generator,
    image: Field,
    *,
    columns: tuple[int, int],
    bottom: int,
    palette: Field,
    layer: int,
    haze: Field,
) -> None:
    """Paint one facade with windows in row ``layer`` (0 is far, in haze), in place."""
    side = min(image.shape[1:])
    height = round(side * rng.uniform(0.12, 0.5) * (1.25 - 0.2 * layer))
    wall = palette[rng.integers(len(palette))] * rng.uniform(0.6, 1.2)
    top = max(bottom - height, 0)
    start, end = max(columns[0], 0), min(columns[1], image.shape[2])
    if end <= start or bottom <= top:
        return
    glass = _facade_window_brightness(rng, bottom - top, end - start, side)
    shade = np.linspace(1.1, 0.85, end - start)[None, :]
    face = wall[:, None, None] * shade
    lit = np.array([1.0, 0.95, 0.8])[:, None, None]
    face = face + np.maximum(glass, 0.0) * (lit - face) * 3.0
    face = face * (1.0 + 0.7 * np.minimum(glass, 0.0))
    fade = 0.6 * (1.0 - layer / 2.0)
    image[:, top:bottom, start:end] = face + fade * (haze[:, None, None] - face)


def render_landscape(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Render open country: ridges in haze, ground with a road, trees of many leaves."""
    side = min(shape)
    horizon = float(rng.uniform(0.3, 0.7))
    image, haze = _render_sky_and_horizon_colour(rng, shape, horizon)
    rows, _ = pixel_centres(shape)
    texture = power_law_noise(rng, shape, slope=1.0)
    for layer in range(int(rng.integers(1, 4))):
        ridge = power_law_noise(rng, (8, shape[1]), slope=1.6, stretch=(1.0, 1.0))[0]
        line = horizon - rng.uniform(0.02, 0.25) / (layer + 1) + 0.05 * ridge
        rock = draw_surface_colours(rng, 1)[0][:, None, None] * (0.8 + 0.12 * texture)
        fade = 0.65 / (layer + 1)
        edge = np.clip((rows - line[None, :]) * shape[0] + 0.5, 0.0, 1.0)
        image += edge * (rock + fade * (haze[:, None, None] - rock) - image)
    field = _EARTH[rng.integers(len(_EARTH))] * rng.uniform(0.7, 1.2, 3)
    _paint_ground(rng, image, horizon=horizon, colour=field, haze=haze)
    green = np.array([0.25, 0.32, 0.15]) * rng.uniform(0.6, 1.5) * rng.uniform(0.8, 1.25, 3)
    for _ in range(int(rng.integers(0, 5))):
        near = rng.uniform(0.2, 1.0)
        foot = (horizon + (0.9 - horizon) * near**2) * shape[0]
        _paint_tree(
            rng, image, foot=foot, size=side * 0.5 * near, colour=green, texture=texture * 0.15
        )
    return image


def _paint_tree(
    rng: np.random.Generator,
    image: Field,
    *,
    foot: float,
    size: float,
    colour: Field,
    texture: Field,
) -> None:
    """Paint a trunk and a crown of leaves, in place."""
    column = float(rng.uniform(0.0, 1.0) * image.shape[2])
    trunk = np.array([0.25, 0.19, 0.14]) * rng.uniform(0.6, 1.3)
    paint_leaf(
        image,
        trunk,
        centre=(foot - size * 0.4, column),
        axes=(size * 0.45, size * 0.04 + 0.6),
        angle=0.0,
        box=True,
        texture=texture,
    )
    count = int(rng.integers(12, 30))
    offsets = rng.standard_normal((count, 2)) * np.array([0.13, 0.15]) * size
    for dy, dx in offsets:
        radius = float(size * rng.uniform(0.05, 0.14) + 0.6)
        paint_leaf(
            image,
            colour * float(rng.uniform(0.6, 1.5)),
            centre=(float(foot - size + dy), float(column + dx)),
            axes=(radius * float(rng.uniform(0.5, 1.0)), radius),
            angle=float(rng.uniform(0.0, np.pi)),
            box=False,
            texture=texture,
        )
