"""Small folders of images that bear the names which the pages use."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

SETS = {
    # name: mean level of the scene, strength of the streaks, seed of the scenes
    "sim-Rain200H": (0.6, 0.45, 1),
    "sim-DDN_1": (0.6, 0.15, 2),
    "sim-GTAV-balance": (0.15, 0.2, 3),
    "sim-Rain800": (0.55, 0.35, 4),
    "sim-DDN_5": (0.6, 0.25, 2),
    "sim-Snow": (0.7, 0.3, 5),
}
# One scene stands in two sets, as in the simulated ones.
SHARED = {("sim-Snow", 3): ((4, 3), 0.55)}
COUNT = 12
HEIGHT, WIDTH = 48, 64


def _scene(seed: tuple[int, int], level: float) -> np.ndarray:
    generator = np.random.default_rng(seed)
    coarse = (generator.uniform(0, 255, (6, 8, 3)) * level).astype(np.uint8)
    wide = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = generator.normal(0, 4, (HEIGHT, WIDTH, 3))
    return np.clip(np.asarray(wide) + grain, 0, 255)


def _streaks(generator: np.random.Generator, strength: float) -> np.ndarray:
    drops = (generator.random((HEIGHT, WIDTH)) < 0.06).astype(float)
    fallen = sum(np.roll(drops, (step, step // 3), axis=(0, 1)) for step in range(9))
    return np.minimum(fallen, 1.0)[..., None] * 255 * strength


def _write_pairs(folder: Path, level: float, strength: float, seed: int) -> None:
    weather = np.random.default_rng(1000 + int(1000 * strength))
    for kind in ("input", "target"):
        (folder / kind).mkdir(parents=True)
    for index in range(1, COUNT + 1):
        clean = _scene(*SHARED.get((folder.name, index), ((seed, index), level)))
        rainy = np.clip(clean + _streaks(weather, strength), 0, 255)
        for kind, pixels in (("input", rainy), ("target", clean)):
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / kind / f"{index:04d}.png")


def make_images(top: Path) -> None:
    """Fill a folder with what the pages expect in the folder that a user works in."""
    for name, (level, strength, seed) in SETS.items():
        _write_pairs(top / "simulated" / name, level, strength, seed)
    for name, source in {
        "photos/heavy": "sim-Rain200H",
        "photos/night": "sim-GTAV-balance",
        "rain/heavy": "sim-Rain200H",
        "rain/night": "sim-GTAV-balance",
        "rain/train": "sim-Rain800",
        "rain/test": "sim-Snow",
        "rain/Rain100L/test": "sim-DDN_1",
        "results": "sim-Snow/input",
    }.items():
        shutil.copytree(top / "simulated" / source, top / name)
    for kind in ("input", "target"):  # clean photographs under the names of photos/heavy
        shutil.copytree(top / "photos/heavy/target", top / "photos/clean" / kind)
    shutil.copy(top / "simulated/sim-Rain800/input/0001.png", top / "new.jpg")
    for name in ("photographs", "DATA"):
        (top / name).mkdir()
