"""Scenes and how they are saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from rainmer_analysis.weather import load_or_render_scene

KINDS = ("landscape", "skyline", "leaves", "textures")
SIZE = (96, 128)


def scene(number: int) -> np.ndarray:
    name = f"scene-figure-{KINDS[number % 4]}-{number:03d}"
    return load_or_render_scene(name, height=SIZE[0], width=SIZE[1])


def save(path: Path, image: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(levels)).save(path, **options)


def save_pair(folder: Path, name: str, degraded: np.ndarray, clean: np.ndarray) -> None:
    save(folder / "input" / name, degraded)
    save(folder / "target" / name, clean)
