"""Pairs with faults planted among sound ones, as files in a folder and what ought to be found.

Every pair shows a scene of its own.
"""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import shift as moved

from rainmer_analysis.weather import (
    SCENE_KINDS,
    degraded_and_clean,
    load_or_render_scene,
    render_procedural_scene,
    scene_names,
)

Picture = npt.NDArray[np.float32]
Pair = tuple[Picture, Picture]

STREAKS = ("sim-Rain200H", "sim-DDN_5", "sim-Rain800")
WEATHERS = {"streaks": STREAKS, "veil": ("sim-GT-Rain", "sim-Rain"), "night": ("sim-GTAV-balance",)}


def write(path: Path, image: Picture, *, cut: float = 1.0, **options: Any) -> None:
    """Write an image at 8 bits, or the first part of its file; all of it is there or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    data = io.BytesIO()
    kind = "JPEG" if path.suffix == ".jpg" else "PNG"
    Image.fromarray(np.ascontiguousarray(levels)).save(data, kind, compress_level=1, **options)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(data.getvalue()[: int(len(data.getvalue()) * cut)])
    unfinished.rename(path)


@dataclass(frozen=True)
class Scene:
    """A procedural scene, and the weather that it gets.

    A scene that the package lists has no kind here.
    """

    kind: str
    name: str
    recipe: str
    shape: tuple[int, int]
    seed: int

    def clean(self) -> Picture:
        """Render it."""
        height, width = self.shape
        if self.kind:
            return render_procedural_scene(self.kind, self.name, height=height, width=width)
        return load_or_render_scene(self.name, height=height, width=width)

    def pair(self) -> Pair:
        """Render it with weather, and its partner."""
        degraded, clean = degraded_and_clean(self.clean(), self.recipe, seed=self.seed)
        return degraded, clean


class Scenes:
    """Distinct scenes, each given once.

    Those of the split ``own`` are drawn by the seed alone and never end: no two seeds share one,
    so that what was chosen on one seed is tested on scenes that nobody looked at. The others are
    those that the package lists, in the order of the seed.
    """

    def __init__(self, split: str, side: int, seed: int, ratio: float = 4 / 3) -> None:
        self._scenes = _own_scenes(seed) if split == "own" else _listed_scenes(split, seed)
        self._shape = (side, round(side * ratio))
        self._seed = seed

    def next(self, recipes: tuple[str, ...]) -> Scene:
        """Return a new scene."""
        number, kind, name = next(self._scenes)
        return Scene(kind, name, recipes[number % len(recipes)], self._shape, self._seed + number)


def _own_scenes(seed: int) -> Iterator[tuple[int, str, str]]:
    """Yield numbers, kinds and keys without end."""
    rng = np.random.default_rng(seed)
    for number in itertools.count():
        kind = SCENE_KINDS[rng.integers(len(SCENE_KINDS))]
        yield number, kind, f"planted-{seed}-{kind}-{number:05d}"


def _listed_scenes(split: str, seed: int) -> Iterator[tuple[int, str, str]]:
    """Yield numbers, no kind, and names."""
    splits = ("figure", "train") if split == "both" else (split,)
    names = [each for own in splits for each in scene_names(own) if "photo" not in each]
    order = np.random.default_rng(seed).permutation(names).tolist()
    while order:
        name = order.pop()
        yield len(order), "", name


def shifted(image: Picture, right: float, down: float) -> Picture:
    """Move content by pixels and parts of them, with what lies beyond the border repeated."""
    return moved(image, (0, down, right), order=3, mode="nearest").astype(np.float32)


def cropped(rng: np.random.Generator) -> Callable[[Picture], Picture]:
    """Return a crop that keeps 60 to 95 % of each side."""
    shares, at = rng.uniform(0.6, 0.95, 2), rng.uniform(0, 1, 2)

    def crop(image: Picture) -> Picture:
        sides = np.array(image.shape[1:])
        kept = (sides * shares).astype(int)
        top, left = ((sides - kept) * at).astype(int)
        return image[:, top : top + kept[0], left : left + kept[1]]

    return crop


class Plan:
    """Names of files in a folder, what ought to be found of them, and how each is made.

    Nothing is rendered before `write`, which leaves alone what is there already.
    """

    def __init__(self, folder: Path, scenes: Scenes, seed: int) -> None:
        self.folder, self.scenes = folder, scenes
        self.rng = np.random.default_rng(seed)
        self.expected: dict[str, tuple[str, str, str | None]] = {}
        self.count: Counter[str] = Counter()
        self.images: dict[str, tuple[Path, ...]] = {}
        self._jobs: list[Callable[[], None]] = []

    def pair(
        self,
        dataset: str,
        make: Callable[[], Pair],
        *,
        sides: int = 2,
        cut: float = 1.0,
        **options: Any,
    ) -> str:
        """Plan a pair, or the first of its two sides, and return the image's id."""
        name = f"{self.count[dataset]:05d}.{'jpg' if 'quality' in options else 'png'}"
        self.count[dataset] += 1
        places = tuple(self.folder / dataset / kind / name for kind in ("input", "target"))[:sides]

        def job() -> None:
            for place, image in zip(places, make(), strict=False):
                write(place, image, cut=cut if place is places[0] else 1.0, **options)

        return self._planned(f"{dataset}/input/{name}", places, job)

    def alone(self, dataset: str, make: Callable[[], Picture]) -> str:
        """Plan an image without a partner, and return its id."""
        name = f"{self.count[dataset]:05d}.png"
        self.count[dataset] += 1
        place = self.folder / dataset / name
        return self._planned(f"{dataset}/{name}", (place,), lambda: write(place, make()))

    def _planned(self, image: str, places: tuple[Path, ...], job: Callable[[], None]) -> str:
        self.images[image] = places
        self._jobs.append(job)
        return image

    def expect(self, kind: str, finding: str, image: str, other: str | None = None) -> None:
        """Remember what ought to be found about an image."""
        self.expected[image] = kind, finding, other

    def write(self, images: Collection[str] | None = None) -> None:
        """Make the files that are not there, of some images or of all."""
        chosen = self.images.keys() if images is None else set(images)
        for (image, places), job in zip(self.images.items(), self._jobs, strict=True):
            if image in chosen and not all(each.exists() for each in places):
                job()


def sound(plan: Plan, count: int) -> None:
    """Plan sound pairs, most of them streaks."""
    for number in range(count):
        weather = ("streaks", "streaks", "veil", "night")[number % 4]
        plan.pair(f"sound-{weather}", plan.scenes.next(WEATHERS[weather]).pair)


def pair_faults(plan: Plan, count: int) -> None:
    """Plan swapped, shifted, missing and truncated ones."""
    for _ in range(count):
        scene = plan.scenes.next(STREAKS)
        image = plan.pair("swap", partial(_swapped_pair, scene))
        plan.expect("swap", "swapped-pair", image)
    for pixels in (1.0, 3.0, 0.5):
        for number in range(count):
            scene = plan.scenes.next(WEATHERS[("streaks", "veil", "night")[number % 3]])
            angle = plan.rng.uniform(0, 2 * np.pi)
            way = pixels * np.array([np.cos(angle), np.sin(angle)])
            image = plan.pair(f"shift-{pixels:g}", partial(_shifted_pair, scene, tuple(way)))
            plan.expect(f"shift {pixels:g} px", "shifted-pair", image)
    for _ in range(count):
        image = plan.pair("sound-streaks", plan.scenes.next(STREAKS).pair, sides=1)
        plan.expect("missing partner", "missing-partner", image)
    for _ in range(count):
        image = plan.pair("truncated", plan.scenes.next(STREAKS).pair, cut=2 / 3)
        plan.expect("truncated file", "unreadable", image)


def _swapped_pair(scene: Scene) -> Pair:
    degraded, clean = scene.pair()
    return clean, degraded


def _shifted_pair(scene: Scene, way: tuple[float, float]) -> Pair:
    degraded, clean = scene.pair()
    return degraded, shifted(clean, *way)


def relatives(plan: Plan, count: int) -> None:
    """Plan copies of pairs and other weather on their scenes."""
    changes: dict[str, Callable[[], Callable[[Picture], Picture]]] = {
        "crop": lambda: cropped(plan.rng),
        "mirrored copy": lambda: lambda image: image[:, :, ::-1],
    }
    for kind, change in changes.items():
        for _ in range(count):
            scene = plan.scenes.next(STREAKS)
            first = plan.pair("sound-streaks", scene.pair)
            copy = plan.pair("copies", partial(_changed_pair, scene, change()))
            plan.expect(kind, "near-duplicate", copy, first)
    for number in range(count):
        scene = plan.scenes.next(STREAKS)
        first = plan.pair("sound-streaks", scene.pair)
        copy = plan.pair("encoded", scene.pair, quality=(40, 60, 75, 90)[number % 4])
        plan.expect("re-encode", "near-duplicate", copy, first)
    for kind, datasets in (
        ("rain, scene of a pair", ("sound-streaks", "alone")),
        ("rain, both alone", ("alone-first", "alone-second")),
    ):
        for number in range(count):
            scene = plan.scenes.next(STREAKS)
            recipe = STREAKS[(number + 1) % 3]
            make = partial(_under_other_weather, scene, recipe, number)
            if datasets[0] == "alone-first":
                first = plan.alone(datasets[0], partial(_degraded, scene))
            else:
                first = plan.pair(datasets[0], scene.pair)
            plan.expect(kind, "shared-scene", plan.alone(datasets[1], make), first)


def _changed_pair(scene: Scene, change: Callable[[Picture], Picture]) -> Pair:
    degraded, clean = scene.pair()
    return change(degraded), change(clean)


def _degraded(scene: Scene) -> Picture:
    return scene.pair()[0]


def _under_other_weather(scene: Scene, recipe: str, seed: int) -> Picture:
    return degraded_and_clean(scene.clean(), recipe, seed=seed)[0]
