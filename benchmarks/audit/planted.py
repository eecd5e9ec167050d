"""Plant faults of every kind beside sound pairs, audit the whole, and count what is found.

Every pair shows a scene of its own. Precision and recall are printed by kind, with Wilson's 95 %
intervals. Scenes are those of the split ``figure``, which no threshold was chosen on, unless
``--split train`` asks for those.

::

    python -m benchmarks.audit.planted [--pairs 2000] [--faults 200] [--side 192] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
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


def write(path: Path, image: Picture, **options: Any) -> None:
    """Write an image at 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(levels)).save(path, compress_level=1, **options)


class Scenes:
    """Distinct scenes, each given once, with weather."""

    def __init__(self, split: str, side: int, seed: int, ratio: float = 4 / 3) -> None:
        procedural = [each for each in scene_names(split) if "photo" not in each]
        self._names = np.random.default_rng(seed).permutation(procedural).tolist()
        self._shape = (side, round(side * ratio))
        self._seed = seed

    def next(self, recipes: tuple[str, ...]) -> tuple[Picture, Pair]:
        """Return a new scene, and it with weather and its partner."""
        name = self._names.pop()
        scene = render_scene(name, height=self._shape[0], width=self._shape[1])
        which = recipes[len(self._names) % len(recipes)]
        return scene, degrade(scene, which, seed=self._seed + len(self._names))


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
    """Writes pairs into a folder, and what ought to be found."""

    def __init__(self, folder: Path, scenes: Scenes, seed: int) -> None:
        self.folder, self.scenes = folder, scenes
        self.rng = np.random.default_rng(seed)
        self.expected: dict[str, tuple[str, str, str | None]] = {}
        self.count: Counter[str] = Counter()

    def pair(
        self, dataset: str, degraded: Picture | None, clean: Picture | None, **jpeg: Any
    ) -> str:
        """Write a pair, or what there is of it, and return the image's id."""
        name = f"{self.count[dataset]:05d}.{'jpg' if jpeg else 'png'}"
        self.count[dataset] += 1
        for kind, image in (("input", degraded), ("target", clean)):
            if image is not None:
                write(self.folder / dataset / kind / name, image, **jpeg)
        return f"{dataset}/input/{name}"

    def alone(self, dataset: str, image: Picture) -> str:
        """Write an image without a partner."""
        name = f"{self.count[dataset]:05d}.png"
        self.count[dataset] += 1
        write(self.folder / dataset / name, image)
        return f"{dataset}/{name}"

    def expect(self, kind: str, finding: str, image: str, other: str | None = None) -> None:
        """Remember what ought to be found about an image."""
        self.expected[image] = kind, finding, other


def sound(plan: Plan, count: int) -> None:
    """Write sound pairs, most of them streaks."""
    for number in range(count):
        weather = ("streaks", "streaks", "veil", "night")[number % 4]
        _, (degraded, clean) = plan.scenes.next(WEATHERS[weather])
        plan.pair(f"sound-{weather}", degraded, clean)


def pair_faults(plan: Plan, count: int) -> None:
    """Plant swapped, shifted, missing and truncated ones."""
    for _ in range(count):
        _, (degraded, clean) = plan.scenes.next(STREAKS)
        plan.expect("swap", "swapped-pair", plan.pair("swap", clean, degraded))
    for pixels in (1.0, 3.0, 0.5):
        for number in range(count):
            weather = ("streaks", "veil", "night")[number % 3]
            _, (degraded, clean) = plan.scenes.next(WEATHERS[weather])
            angle = plan.rng.uniform(0, 2 * np.pi)
            way = pixels * np.array([np.cos(angle), np.sin(angle)])
            image = plan.pair(f"shift-{pixels:g}", degraded, shifted(clean, *way))
            plan.expect(f"shift {pixels:g} px", "shifted-pair", image)
    for _ in range(count):
        _, (degraded, _) = plan.scenes.next(STREAKS)
        image = plan.pair("sound-streaks", degraded, None)
        plan.expect("missing partner", "missing-partner", image)
    for _ in range(count):
        _, pair = plan.scenes.next(STREAKS)
        image = plan.pair("truncated", *pair)
        path = plan.folder / image
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        plan.expect("truncated file", "unreadable", image)


def relatives(plan: Plan, count: int) -> None:
    """Plant copies of pairs and other weather on their scenes."""
    changes: dict[str, Callable[[], Callable[[Picture], Picture]]] = {
        "crop": lambda: cropped(plan.rng),
        "mirrored copy": lambda: lambda image: image[:, :, ::-1],
    }
    for kind, change in changes.items():
        for _ in range(count):
            first, pair = _sound_pair(plan)
            make = change()
            copy = plan.pair("copies", make(pair[0]), make(pair[1]))
            plan.expect(kind, "near-duplicate", copy, first)
    for number in range(count):
        first, pair = _sound_pair(plan)
        copy = plan.pair("encoded", *pair, quality=(40, 60, 75, 90)[number % 4])
        plan.expect("re-encode", "near-duplicate", copy, first)
    for number in range(count):
        first, pair = _sound_pair(plan)
        other = degrade(pair[1], STREAKS[(number + 1) % 3], seed=number)[0]
        plan.expect("rain, scene of a pair", "shared-scene", plan.alone("alone", other), first)
    for number in range(count):
        scene, pair = plan.scenes.next(STREAKS)
        other = degrade(scene, STREAKS[(number + 1) % 3], seed=number)[0]
        first = plan.alone("alone-first", pair[0])
        plan.expect("rain, both alone", "shared-scene", plan.alone("alone-second", other), first)


def _sound_pair(plan: Plan) -> tuple[str, Pair]:
    _, pair = plan.scenes.next(STREAKS)
    return plan.pair("sound-streaks", *pair), pair


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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        plan = Plan(Path(folder), Scenes(given.split, given.side, given.seed), given.seed)
        # what is planted on sound pairs adds sound pairs of its own
        sound(plan, max(0, given.pairs - 4 * given.faults))
        pair_faults(plan, given.faults)
        relatives(plan, given.faults)
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
