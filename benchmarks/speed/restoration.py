"""Restoration on a CPU: megapixels per second, memory, and the share of what the machine can do.

Two processes hold the same weights and restore the same images in turn: one with this checkout, one
with another (``--old CHECKOUT``), or, without it, with this one on PyTorch's operators
(RAINMER_KERNELS=torch). Which of them is first changes from round to round. Printed are seconds by
the clock and seconds of processor time of each, the median of their ratios, peak memory, and the
largest difference between both results. With one thread (default) processor time is fair where
other programs use the machine as well; with ``--threads 2`` only the clock is.

The ceiling is what a product of two matrices of 1024 x 1024 reaches in one thread, of the
multiplications that PyTorch counts in the network; some are saved here, so the share counts work
that is not done.

Run from the top of a checkout: ``python -m benchmarks.speed.restoration [--old CHECKOUT]
[--images FOLDER] [--full] [--rounds N] [--threads N] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import machine, write
from rainmer_analysis.images import read_image
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.restorer import Restorer, RestorerConfig
from rainmer_analysis.model.restorer.weights import build_restorer, load_restorer
from rainmer_analysis.weather import simulate

HERE = Path(__file__).resolve().parents[2]
SHIPPED = HERE / "rainmer_analysis" / "weights" / "restorer-derain.safetensors"

# Runs in either checkout, so it uses nothing but what both have.
WORKER = """
import json, resource, sys, time
import numpy as np
import torch
weights, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
from rainmer_analysis.infer import load_restorer
try:
    restorer = load_restorer(weights, device="cpu", threads=threads)
except TypeError:
    restorer = load_restorer(weights, device="cpu")
restorer.restore(np.zeros((1, 3, 64, 64), np.float32))
print("ready", flush=True)
for line in sys.stdin:
    given, out = json.loads(line)
    image = np.load(given)
    start = time.perf_counter(), time.process_time()
    found = restorer.restore(image[None])[0]
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    np.save(out, found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([*seconds, peak]), flush=True)
"""


class Side:
    """A process that restores images with one checkout."""

    def __init__(self, checkout: Path, weights: Path, threads: int, *, kernels: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "RAINMER_KERNELS": kernels,
            "OMP_NUM_THREADS": str(threads),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(weights), str(threads)],
            cwd=checkout,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def restore(self, given: Path, out: Path) -> tuple[float, float, int]:
        """Give seconds by the clock, seconds of processor time, and bytes of memory so far."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(given), str(out)]) + "\n")
        self._process.stdin.flush()
        wall, cpu, peak = json.loads(self._answer())
        return wall, cpu, peak

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def ceiling() -> float:
    """Multiplications per second and thread of a product of matrices, the best of ten."""
    torch.set_num_threads(1)
    left = torch.rand(1024, 1024)
    best = float("inf")
    for _ in range(10):
        start = time.process_time()
        left @ left
        best = min(best, time.process_time() - start)
    return 1024**3 / best


def multiplications(weights: Path, size: tuple[int, int]) -> int:
    """Count those of one image, with its prompts, as PyTorch does: they are never computed."""
    module = build_restorer(load_restorer(weights)).to("meta")
    padded = [-(-side // 8) * 8 for side in size]
    image = torch.empty(1, 3, *padded, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(image, torch.empty(1, 3, 128, 128, device="meta"))
    return counter.get_total_flops() // 2


def compare(sides: tuple[Side, Side], images: list[np.ndarray], rounds: int) -> dict[str, Any]:
    """Restore images in both processes in turn."""
    found: list[list[tuple[float, float, int]]] = [[], []]
    worst = 0.0
    with tempfile.TemporaryDirectory() as place:
        given, *outs = (Path(place) / f"{name}.npy" for name in ("given", "old", "new"))
        for number in range(rounds * len(images)):
            np.save(given, images[number % len(images)])
            for which in (0, 1) if number % 2 else (1, 0):
                found[which].append(sides[which].restore(given, outs[which]))
            worst = max(worst, float(np.abs(np.load(outs[0]) - np.load(outs[1])).max()))
    wall, cpu = ([old[k] / new[k] for old, new in zip(*found, strict=True)] for k in (0, 1))
    result: dict[str, Any] = {
        "megapixels": sum(image[0].size for image in images) / len(images) / 1e6,
        "images": len(images),
        "ratio_wall": round(median(wall), 2),
        "ratio_cpu": round(median(cpu), 2),
        "ratio_cpu_low": round(min(cpu), 2),
        "largest_difference": worst,
    }
    for name, rows in zip(("old", "new"), found, strict=True):
        result[name] = {
            "seconds_wall": round(median(row[0] for row in rows), 3),
            "seconds_cpu": round(median(row[1] for row in rows), 3),
            "peak_mb": round(max(row[2] for row in rows) / 1e6),
        }
    return result


def tell(name: str, result: dict[str, Any], count: int, limit: float) -> None:
    """Print a comparison."""
    new = result["new"]
    per_image = count / new["seconds_cpu"]
    result["share_of_ceiling"] = round(per_image / limit, 3)
    print(f"{name}: {result['megapixels']:.3f} megapixels, {result['images']} image(s)")
    for side in ("old", "new"):
        row = result[side]
        rate = result["megapixels"] / row["seconds_cpu"]
        print(
            f"  {side}: {row['seconds_cpu']:8.3f} s of processor time, {rate:.4f} MP/s, "
            f"{row['seconds_wall']:8.3f} s by the clock, peak {row['peak_mb']} MB"
        )
    print(
        f"  ratio {result['ratio_cpu']} of processor time (least {result['ratio_cpu_low']}), "
        f"{result['ratio_wall']} by the clock; largest difference "
        f"{result['largest_difference']:.1e}; {per_image / 1e9:.1f} of {limit / 1e9:.1f} billion "
        f"multiplications a second, {100 * result['share_of_ceiling']:.0f} % of the ceiling",
        flush=True,
    )


def pictures(folder: Path | None, size: tuple[int, int], count: int) -> list[np.ndarray]:
    """Read images of a folder, or simulate some of a size (height, width)."""
    if folder is None:
        return [simulate("sim-Rain200H", index, size=size).rainy for index in range(count)]
    files = sorted(each for each in folder.rglob("*") if each.suffix in (".png", ".jpg"))
    return [read_image(each) for each in files[:count]]


def full_weights(place: Path) -> Path:
    """Write the published configuration with seeded weights."""
    torch.manual_seed(0)
    module = Restorer(RestorerConfig("Rainmer_SA_detgalpha"))
    return save_weights(module.eval(), place / "full.safetensors", kind="restorer")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path, help="another checkout; default: torch's operators")
    parser.add_argument("--images", type=Path, help="folder of photographs")
    parser.add_argument("--count", type=int, default=20, help="of them")
    parser.add_argument("--sizes", nargs="*", default=["321x481", "1024x1024"])
    parser.add_argument("--full", action="store_true", help="the published configuration as well")
    parser.add_argument("--full-size", default="321x481")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    limit, document = ceiling() * options.threads, {"machine": machine(), "results": {}}
    old = options.old.resolve() if options.old else HERE

    def run(name: str, weights: Path, images: list[np.ndarray], rounds: int) -> None:
        kernels = "numba" if options.old else "torch"
        sides = (
            Side(old, weights, options.threads, kernels=kernels),
            Side(HERE, weights, options.threads, kernels="numba"),
        )
        result = compare(sides, images, rounds)
        for side in sides:
            side.close()
        count = multiplications(weights, images[0].shape[1:])
        tell(name, result, count, limit)
        document["results"][name] = result

    sizes = [tuple(map(int, each.split("x"))) for each in options.sizes]
    for size in sizes:
        name = f"shipped weights, {size[1]} x {size[0]}"
        run(name, SHIPPED, pictures(None, size, 1), options.rounds)
    if options.images:
        images = pictures(options.images, (0, 0), options.count)
        run(f"shipped weights, {len(images)} photographs", SHIPPED, images, 1)
    if options.full:
        with tempfile.TemporaryDirectory() as place:
            size = tuple(map(int, options.full_size.split("x")))
            name = f"published configuration, {size[1]} x {size[0]}"
            run(name, full_weights(Path(place)), pictures(None, size, 1), 1)
    if options.out:
        write(options.out, document)


if __name__ == "__main__":
    main()
