"""Whether scenes under other rain are found among others, without measuring pairs.

It is the part of ``planted`` that takes a minute. Of the same plan those images are made that show
a scene under two rains (one of them with a clean partner, or neither), and sound pairs beside them;
relatives are looked for among the clean partners, or images that have none, as an audit does.

::

    python -m benchmarks.audit.relatives [--seed 11] [--images 1900]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.audit.plan import Plan, Scenes, pair_faults, relatives, sound
from benchmarks.audit.planted import wilson
from rainmer_analysis.auditing import (
    find_related_pairs,
    luma_and_red_minus_blue,
    thumbnail_of_planes,
)
from rainmer_analysis.images import read_image

Pairs = set[tuple[int, int]]


def chosen_images(plan: Plan, most: int) -> list[str]:
    """Return the images of scenes under two rains, and sound ones up to a number in all."""
    wanted = {image: other for image, (_, name, other) in plan.expected.items() if other}
    shared = {
        image: other for image, other in wanted.items() if plan.expected[image][1] == "shared-scene"
    }
    rain = [*shared, *(other for other in shared.values() if other)]
    taken = set(wanted.values())
    others = [
        image
        for image, files in plan.images.items()
        if image.startswith("sound") and len(files) == 2 and image not in taken
    ]
    return [*rain, *others[: max(0, most - len(rain))]]


def found_among(plan: Plan, images: list[str]) -> Pairs:
    """Write images, and return the pairs of positions that are found to show one scene."""
    plan.write(images)
    sides = [plan.images[image][-1] for image in images]
    clean = [len(plan.images[image]) == 2 for image in images]
    thumbnails = np.stack(
        [thumbnail_of_planes(luma_and_red_minus_blue(read_image(side))) for side in sides]
    )
    return {(pair.first, pair.second) for pair in find_related_pairs(thumbnails, clean=clean)}


def main() -> None:
    """Make images, look for relatives, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--images", type=int, default=1900)
    parser.add_argument("--folder", type=Path, help="where images go, and stay, to be used again")
    given = parser.parse_args()
    start = time.process_time()
    with tempfile.TemporaryDirectory(prefix="relatives-") as name:
        plan = Plan(given.folder or Path(name), Scenes("own", 144, given.seed), given.seed)
        sound(plan, max(0, given.pairs - 4 * given.faults))
        pair_faults(plan, given.faults)
        relatives(plan, given.faults)
        images = chosen_images(plan, given.images)
        pairs = found_among(plan, images)
    places = {image: place for place, image in enumerate(images)}
    right: Pairs = set()
    for kind in ("rain, scene of a pair", "rain, both alone"):
        own = {
            (min(at), max(at))
            for image, (planted, _, other) in plan.expected.items()
            if planted == kind and other
            for at in [(places[image], places[other])]
        }
        right |= own
        low, high = wilson(len(own & pairs), len(own))
        print(f"{kind:22} {len(own & pairs)} of {len(own)} found [{low:.3f}, {high:.3f}]")
    total = len(images) * (len(images) - 1) // 2
    print(f"{len(pairs - right)} of {total - len(right):,} pairs of different scenes held for one")
    print(f"{len(images)} images, {time.process_time() - start:.0f} s of processor time")


if __name__ == "__main__":
    main()
