"""Clean scenes: the bundled photographs of two libraries, and seeded procedural places.

Scenes of the split ``train`` and of the split ``figure`` are disjoint, photographs included.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.weather.dead_leaves_and_textures import render_dead_leaves, render_textures
from rainmer_analysis.weather.fields_and_kernels import Field, pixel_centres
from rainmer_analysis.weather.random_laws import keyed_generator
from rainmer_analysis.weather.skyline_and_landscape import render_landscape, render_skyline

__all__ = [
    "PER_KIND",
    "SCENE_KINDS",
    "SPLITS",
    "load_or_render_scene",
    "render_procedural_scene",
    "scene_names",
]

SPLITS = ("train", "figure")
PER_KIND = 500
_KINDS = {
    "leaves": render_dead_leaves,
    "textures": render_textures,
    "skyline": render_skyline,
    "landscape": render_landscape,
}
SCENE_KINDS = tuple(_KINDS)
# Colour photographs inside the installed wheels (nothing is downloaded): name -> package, file.
_PHOTOGRAPHS = {
    "train": {
        "chelsea": ("skimage", "data/chelsea.png"),
        "coffee": ("skimage", "data/coffee.png"),
        "flower": ("sklearn", "datasets/images/flower.jpg"),
        "motorcycle": ("skimage", "data/motorcycle_left.png"),
    },
    "figure": {
        "astronaut": ("skimage", "data/astronaut.png"),
        "china": ("sklearn", "datasets/images/china.jpg"),
        "rocket": ("skimage", "data/rocket.jpg"),
    },
}


@functools.lru_cache(maxsize=4)
def scene_names(split: str) -> tuple[str, ...]:
    """Return the names of a split's scenes, which are their group ids.

    Photographs come first, then the procedural scenes, kind by kind in turn.
    """
    if split not in SPLITS:
        raise ParameterError(
            f"there is no split {split!r} of scenes; choose one of {', '.join(SPLITS)}"
        )
    photographs = [f"scene-{split}-photo-{name}" for name in _PHOTOGRAPHS[split]]
    places = [f"scene-{split}-{kind}-{i:03d}" for i in range(PER_KIND) for kind in _KINDS]
    return (*photographs, *places)


def load_or_render_scene(name: str, *, height: int, width: int) -> NDArray[np.float32]:
    """Render a scene as float32 [3, height, width] in [0, 1].

    A photograph is cropped in the middle to the aspect ratio and resized (area average). A
    procedural scene keeps its layout at every size; fine texture is drawn anew for each size.

    Raises
    ------
    ParameterError
        For a name that :func:`scene_names` does not list, or a side under 16 pixels.
    """
    split, kind, rest = _parse_scene_name(name)
    if kind == "photo":
        _check_sides(height, width)
        return _load_photograph(*_PHOTOGRAPHS[split][rest], size=(height, width))
    return render_procedural_scene(kind, name, height=height, width=width)


def render_procedural_scene(kind: str, key: str, *, height: int, width: int) -> NDArray[np.float32]:
    """Render a procedural scene of one of ``SCENE_KINDS`` as float32 [3, height, width] in [0, 1].

    Each key draws another scene, without end; `load_or_render_scene` passes names of its scenes.

    Raises
    ------
    ParameterError
        For another kind, or a side under 16 pixels.
    """
    _check_sides(height, width)
    if kind not in _KINDS:
        raise ParameterError(
            f"there is no kind of scene {kind!r}; choose one of {', '.join(SCENE_KINDS)}"
        )
    rng = keyed_generator("scene", key)
    image = _KINDS[kind](rng, (height, width))
    return _light_unevenly_and_expose(rng, image).astype(np.float32)


def _check_sides(height: int, width: int) -> None:
    if min(height, width) < 16:
        raise ParameterError(f"a scene of {height}x{width} is too small; use sides from 16 pixels")


def _parse_scene_name(name: str) -> tuple[str, str, str]:
    parts = name.split("-", 3)
    if len(parts) == 4 and parts[1] in SPLITS and name in _scene_name_set(parts[1]):
        return parts[1], parts[2], parts[3]
    raise ParameterError(f"there is no scene {name!r}; scene_names(split) lists the scenes")


@functools.lru_cache(maxsize=4)
def _scene_name_set(split: str) -> frozenset[str]:
    return frozenset(scene_names(split))


def _load_photograph(package: str, file: str, *, size: tuple[int, int]) -> NDArray[np.float32]:
    spec = find_spec(package)  # finds the folder without importing the package
    if spec is None or not spec.submodule_search_locations:
        raise ParameterError(f"the photograph {file} needs the package {package}; install it")
    with Image.open(Path(spec.submodule_search_locations[0]) / file) as opened:
        image = opened.convert("RGB")
    height, width = size
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    resized = image.resize((width, height), Image.Resampling.BOX, box=box)
    return np.asarray(resized, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)


def _light_unevenly_and_expose(rng: np.random.Generator, image: Field) -> Field:
    """Light a rendered scene unevenly and expose it: contrast, and a tone curve to a mean."""
    shape = (image.shape[1], image.shape[2])
    image = image * np.exp(rng.uniform(0.06, 0.22) * _smooth_field(rng, shape))
    middle = image.mean()
    image = np.clip(middle + rng.uniform(1.0, 1.3) * (image - middle), 0.0, 1.0)
    target = float(np.clip(rng.normal(0.417, 0.1), 0.15, 0.75))
    gamma = np.clip(np.log(target) / np.log(np.clip(image.mean(), 0.05, 0.95)), 0.4, 2.5)
    # A second step corrects for the spread of levels, which one power of the mean ignores.
    mean = float((image[:, ::4, ::4] ** gamma).mean())
    gamma *= np.clip(np.log(target) / np.log(np.clip(mean, 0.05, 0.95)), 0.5, 2.0)
    image = image**gamma
    grey = image.mean(axis=0)
    return np.asarray(grey + rng.uniform(0.5, 1.0) * (image - grey))


def _smooth_field(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Return a smooth field [H, W] of mean 0 and sd about 1, the same at every size."""
    order = np.arange(5)
    weights = rng.standard_normal((5, 5)) / np.maximum(np.hypot(order[:, None], order), 1.0) ** 1.5
    weights[0, 0] = 0.0
    rows, columns = pixel_centres(shape)
    field = np.cos(np.pi * rows * order) @ weights @ np.cos(np.pi * order[:, None] * columns)
    return np.asarray(field / np.sqrt((weights**2).sum() / 4.0))
