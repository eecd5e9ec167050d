"""Plant faults of every kind beside sound pairs, audit the whole, and count what is found.

Every pair shows a scene of its own. Precision and recall are printed by kind, with Wilson's 95 %
intervals. Scenes are those of the split ``figure``, which no threshold was chosen on, unless
``--split train`` asks for those.

::

    python -m benchmarks.audit.planted [--pairs 2000] [--faults 200] [--side 192] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import shift as moved

from rainmer_analysis.auditing.findings import Finding
from rainmer_analysis.recipes.audit import audit
from rainmer_analysis.weather import degrade, render_scene, scene_names

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
    """A procedural scene, and the weather that it gets."""

    name: str
    recipe: str
    shape: tuple[int, int]
    seed: int

    def clean(self) -> Picture:
        """Render it."""
        return render_scene(self.name, height=self.shape[0], width=self.shape[1])

    def pair(self) -> Pair:
        """Render it with weather, and its partner."""
        degraded, clean = degrade(self.clean(), self.recipe, seed=self.seed)
        return degraded, clean


class Scenes:
    """Distinct scenes, each given once."""

    def __init__(self, split: str, side: int, seed: int, ratio: float = 4 / 3) -> None:
        procedural = [each for each in scene_names(split) if "photo" not in each]
        self._names = np.random.default_rng(seed).permutation(procedural).tolist()
        self._shape = (side, round(side * ratio))
        self._seed = seed

    def next(self, recipes: tuple[str, ...]) -> Scene:
        """Return a new scene."""
        name = self._names.pop()
        left = len(self._names)
        return Scene(name, recipes[left % len(recipes)], self._shape, self._seed + left)


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
        self._jobs: list[tuple[tuple[Path, ...], Callable[[], None]]] = []

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

        self._jobs.append((places, job))
        return f"{dataset}/input/{name}"

    def alone(self, dataset: str, make: Callable[[], Picture]) -> str:
        """Plan an image without a partner, and return its id."""
        name = f"{self.count[dataset]:05d}.png"
        self.count[dataset] += 1
        place = self.folder / dataset / name
        self._jobs.append(((place,), lambda: write(place, make())))
        return f"{dataset}/{name}"

    def expect(self, kind: str, finding: str, image: str, other: str | None = None) -> None:
        """Remember what ought to be found about an image."""
        self.expected[image] = kind, finding, other

    def write(self) -> None:
        """Make the files that are not there."""
        for places, job in self._jobs:
            if not all(each.exists() for each in places):
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
    return degrade(scene.clean(), recipe, seed=seed)[0]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.959964, hits / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return float(middle - half), float(middle + half)


def planted_kind(plan: Plan, finding: Finding) -> str:
    """Return which planted fault a finding is, or nothing where it is none."""
    for own, other in ((finding.a, finding.b), (finding.b, finding.a)):
        kind, name, partner = plan.expected.get(own or "", ("", "", None))
        if kind and name == finding.finding and partner in (None, other):
            return kind
    return ""


def score(plan: Plan, findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Count, by kind, what was found of it, and what was found that is not there.

    A finding is right where it is the one that was planted on that image, with that other image.
    A wrong one counts against every kind that is reported under its name.
    """
    kinds = [planted_kind(plan, each) for each in findings]
    right = Counter(kinds)
    wrong = Counter(each.finding for each, kind in zip(findings, kinds, strict=True) if not kind)
    rows = []
    for kind in dict.fromkeys(kind for kind, _, _ in plan.expected.values()):
        own = [each for each in plan.expected.values() if each[0] == kind]
        found, false, total = right[kind], wrong[own[0][1]], len(own)
        rows.append(
            {
                "kind": kind,
                "finding": own[0][1],
                "planted": total,
                "found": found,
                "recall": found / total,
                "recall_interval": wilson(found, total),
                "false": false,
                "precision": found / (found + false) if found + false else 0.0,
                "precision_interval": wilson(found, found + false),
            }
        )
    return rows


def folders(plan: Plan) -> Iterator[str]:
    """Give the sources."""
    for name in sorted(plan.count, key=lambda each: (not each.startswith("sound"), each)):
        yield f"{name}={plan.folder / name}"


def _show(plan: Plan, findings: tuple[Finding, ...], most: int) -> None:
    """Print the first wrong findings, and faults that were missed."""
    missed = {image: kind for image, (kind, _, _) in plan.expected.items()}
    wrong = []
    for each in findings:
        if planted_kind(plan, each):
            missed.pop(each.a, None)
            missed.pop(each.b or "", None)
        else:
            wrong.append(each)
    for each in wrong[:most]:
        print("wrong:", json.dumps(each.document()), plan.expected.get(each.a, ("nothing",))[0])
    for image, kind in list(missed.items())[:most]:
        print(f"missed: {kind}: {image}")


def main() -> None:
    """Plant, audit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument(
        "--side", type=int, default=192, help="height of images; width is 4/3 of it"
    )
    parser.add_argument("--split", default="figure", choices=("train", "figure"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", type=int, default=0, help="wrong findings to print")
    parser.add_argument("--folder", type=Path, help="where images go, and stay, to be used again")
    parser.add_argument("--only-write", action="store_true", help="audit nothing")
    given = parser.parse_args()
    with ExitStack() as held:
        folder = given.folder or Path(
            held.enter_context(tempfile.TemporaryDirectory(prefix="planted-"))
        )
        plan = Plan(folder, Scenes(given.split, given.side, given.seed), given.seed)
        # what is planted on sound pairs adds sound pairs of its own
        sound(plan, max(0, given.pairs - 4 * given.faults))
        pair_faults(plan, given.faults)
        relatives(plan, given.faults)
        plan.write()
        if given.only_write:
            return
        start = time.process_time()
        found = audit(list(folders(plan)), workers=given.workers)
        seconds = time.process_time() - start
        rows = score(plan, found.findings)
    files = sum(each["images"] for each in found.datasets.values())
    print(f"{files} images, {seconds:.0f} s of processor time, side {given.side}, {given.split}")
    for row in rows:
        low, high = row["recall_interval"]
        below, above = row["precision_interval"]
        print(
            f"{row['kind']:22} recall {row['recall']:.3f} [{low:.3f}, {high:.3f}]   "
            f"precision {row['precision']:.3f} [{below:.3f}, {above:.3f}]   "
            f"{row['found']}/{row['planted']}, false {row['false']}"
        )
    _show(plan, found.findings, given.show)
    if given.out:
        given.out.write_text(json.dumps({"images": files, "seconds": seconds, "kinds": rows}))


if __name__ == "__main__":
    main()
