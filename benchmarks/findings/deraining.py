"""What a restorer brings: PSNR and SSIM on luma before and after, image by image.

    python -m benchmarks.findings.deraining --weights FILE.safetensors \
        [--real FOLDER] [--out FILE.json]

Degraded images with targets that the restorer was not trained on: of each simulated dataset that
`compact` trains on, pairs of the scenes that no training draws; and real sets, listed in
PAIRS.csv of the folder (columns dataset, input, target; scenes in groups.csv beside it). Printed
are the means over images and the mean gain with its 95 % bootstrap interval over scenes, in the
sense of the deraining literature; FILE.json holds the authors' own measures as well. Images that
are in FILE.json already are kept if the weights are the same, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.findings.gain_over_scenes import (
    KnownPair,
    QualityBeforeAfter,
    mean_gains,
    qualities_before_and_after,
)
from benchmarks.timing import machine
from rainmer_analysis.images import read_image
from rainmer_analysis.images.datasets.read_lists import read_scene_groups
from rainmer_analysis.images.datasets.search.folder_search import normal_path
from rainmer_analysis.images.psnr_ssim import QUALITIES
from rainmer_analysis.infer import ImageRestorer, load_restorer
from rainmer_analysis.train import read_train_config
from rainmer_analysis.values import to_json_types, write_json
from rainmer_analysis.weather import simulate

SIDE = 256
REAL = (
    "Rain100L-test",
    "Rain100H-test",
    "SIRR-val",
    "SPA-Data-test",
    "OutdoorRain-test1",
    "DeRaindrop-train",
)
ALL = "all simulated"

# Names of images, each with what makes it.
Makers = dict[str, Callable[[], KnownPair]]


def simulated(count: int) -> Makers:
    """List pairs of the scenes that no training draws."""
    names = read_train_config("compact").data.simulated
    return {
        f"{name}/{index}": lambda name=name, index=index: _simulated(name, index)
        for name in names
        for index in range(count)
    }


def _simulated(name: str, index: int) -> KnownPair:
    made = simulate(name, index, split="figure", size=(SIDE, SIDE))
    return KnownPair(name, made.scene, made.rainy, made.clean)


def real(root: Path, most: int) -> Makers:
    """List pairs of the real sets, at most `most` of each (0 for all)."""
    with (root / "PAIRS.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    groups = read_scene_groups(root / "groups.csv")
    makers: Makers = {}
    for name in REAL:
        rows = [row for row in listed if row["dataset"] == name]
        for row in rows[: most or None]:
            makers[row["input"]] = lambda row=row: _real(root, row, groups)
    return makers


def _real(root: Path, row: dict[str, str], groups: dict[str, str]) -> KnownPair:
    degraded, target = (root / row[role] for role in ("input", "target"))
    scene = groups[normal_path(degraded)]
    return KnownPair(row["dataset"], scene, read_image(degraded), read_image(target))


def measure(makers: Makers, restorer: ImageRestorer, out: Path | None) -> dict[str, Any]:
    """Restore and compare what `out` does not hold yet."""
    images: dict[str, Any] = {}
    if out is not None and out.is_file():
        known = json.loads(out.read_text(encoding="utf-8"))
        if known["weights"] == restorer.sha256:
            images = {name: row for name, row in known["images"].items() if name in makers}
    missing = [name for name in makers if name not in images]
    pairs: Iterator[KnownPair] = (makers[name]() for name in missing)
    for name, row in zip(missing, qualities_before_and_after(pairs, restorer), strict=True):
        images[name] = asdict(row)
        change = row.after["psnr"] - row.before["psnr"]
        print(f"{name}: {row.before['psnr']:.2f} dB {change:+.2f}", flush=True)
        if out is not None:
            write_json(out, to_json_types({"weights": restorer.sha256, "images": images}))
    return {name: images[name] for name in makers}


def summary(images: dict[str, Any]) -> dict[str, Any]:
    """Give the gains of each set in each quality; images that equal their targets are left out."""
    rows = [QualityBeforeAfter(**row) for row in images.values()]
    found: dict[str, Any] = {}
    names = list(dict.fromkeys(row.dataset for row in rows))
    sets = {name: (name,) for name in names}
    made = tuple(name for name in names if name not in REAL)
    if made:
        sets |= {ALL: made}
    for quality in QUALITIES:
        sound = [
            row for row in rows if np.isfinite([row.before[quality], row.after[quality]]).all()
        ]
        found[quality] = {
            name: asdict(gain) for name, gain in mean_gains(sound, quality, sets=sets).items()
        }
        if len(sound) < len(rows):
            print(f"{quality}: {len(rows) - len(sound)} images equal their targets, left out")
    return found


def show(gains: dict[str, Any]) -> None:
    """Print a row for each set."""
    print(f"{'set':18} images scenes   PSNR, dB         gain [95 % interval]     SSIM")
    for name, gain in gains["psnr"].items():
        other = gains["ssim"][name]
        print(
            f"{name:18} {gain['images']:6} {gain['scenes']:6}  {gain['before']:6.2f} to "
            f"{gain['after']:5.2f}  {gain['gain']:+5.2f} [{gain['low']:+.2f}, {gain['high']:+.2f}]"
            f"  {other['before']:.4f} to {other['after']:.4f} "
            f"[{other['low']:+.4f}, {other['high']:+.4f}]"
        )


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", help="weights of the restorer [shipped]")
    parser.add_argument("--real", type=Path, help="folder with PAIRS.csv and groups.csv")
    parser.add_argument("--most", type=int, default=0, help="pairs of each real set [all]")
    parser.add_argument("--simulated", type=int, default=40, help="pairs of each simulated set")
    parser.add_argument("--threads", type=int, help="torch threads [all]")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="JSON file")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    restorer = load_restorer(given.weights, device=given.device)
    makers = simulated(given.simulated)
    if given.real:
        makers |= real(given.real, given.most)
    images = measure(makers, restorer, given.out)
    gains = summary(images)
    show(gains)
    document = {
        "benchmark": "deraining",
        "weights": restorer.sha256,
        "configuration": restorer.configuration,
        "gains": gains,
        "images": images,
        "machine": machine(),
    }
    if given.out:
        write_json(given.out, to_json_types(document))


if __name__ == "__main__":
    main()
