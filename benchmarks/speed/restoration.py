"""Restoration on a CPU: megapixels per second, memory, and the share of what the machine can do.

Two processes hold the same weights and restore the same images in turn: one with this checkout, one
with another (``--old CHECKOUT``), or, without it, with this one on PyTorch's operators
(RAINMER_KERNELS=torch). Which of them is first changes from round to round. Printed are seconds by
the clock and seconds of processor time of each, the median of their ratios, peak memory, and the
largest difference between both results. With one thread (default) processor time is fair where
other programs use the machine as well; with ``--threads 2`` only the clock is.

The parts, of which ``--parts`` takes some: ``sizes``, simulated images of ``--sizes``; and
``photographs``, ``--count`` files of ``--images``, from file to file, so decoding and writing
included, both with the weights that ship; and ``full``, the published configuration with seeded
weights at ``--full-size``. With ``--precision fast`` the newer side is asked for bfloat16; on a CPU
it says that it restores in float32 instead.

The ceiling is what a product of two matrices of 1024 x 1024 reaches in one thread, times threads,
measured before each part, of the multiplications that PyTorch counts in the network; some are saved
here, so the share counts work that is not done.

Run from the top of a checkout: ``python -m benchmarks.speed.restoration [--old CHECKOUT]
[--parts PART ...] [--images FOLDER] [--rounds N] [--threads N] [--out FILE]``. A file that is there
keeps what other parts left in it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
from rainmer_analysis.model.restorer.restorer_checkpoint import (
    build_restorer,
    load_restorer_checkpoint,
)
from rainmer_analysis.weather import simulate

PARTS = ("sizes", "photographs", "full")
HERE = Path(__file__).resolve().parents[2]
SHIPPED = HERE / "rainmer_analysis" / "weights" / "restorer-derain.safetensors"

# Runs in either checkout, so it uses nothing but what both have.
WORKER = """
import json, resource, sys, time
import numpy as np
import torch
weights, threads, precision = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
from rainmer_analysis.images import read_image, write_png
from rainmer_analysis.infer import load_restorer
more = {} if precision == "exact" else {"precision": precision}
try:
    restorer = load_restorer(weights, device="cpu", threads=threads, **more)
except TypeError:
    restorer = load_restorer(weights, device="cpu", **more)
restorer.restore(np.zeros((1, 3, 64, 64), np.float32))
print("ready", flush=True)
for line in sys.stdin:
    given, out = json.loads(line)
    files = not given.endswith(".npy")
    image = None if files else np.load(given)
    start = time.perf_counter(), time.process_time()
    if files:
        image = read_image(given)
    found = restorer.restore(image[None])[0]
    if files:
        write_png(found, out + ".png")
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    np.save(out, found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([*seconds, peak]), flush=True)
"""


class Side:
    """A process that restores images with one checkout."""

    def __init__(self, checkout: Path, asked: tuple[Path, int, str], *, kernels: str) -> None:
        weights, threads, precision = asked
        environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "RAINMER_KERNELS": kernels,
            "OMP_NUM_THREADS": str(threads),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(weights), str(threads), precision],
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
    module = build_restorer(load_restorer_checkpoint(weights)).to("meta")
    padded = [-(-side // 8) * 8 for side in size]
    image = torch.empty(1, 3, *padded, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(image, torch.empty(1, 3, 128, 128, device="meta"))
    return counter.get_total_flops() // 2


def compare(
    sides: tuple[Side, Side], images: Sequence[np.ndarray | Path], rounds: int
) -> dict[str, Any]:
    """Restore images, or files of images, in both processes in turn."""
    found: list[list[tuple[float, float, int]]] = [[], []]
    worst = 0.0
    sizes = [image_size(each) for each in images]
    with tempfile.TemporaryDirectory() as place:
        kept, *outs = (Path(place) / f"{name}.npy" for name in ("given", "old", "new"))
        for number in range(rounds * len(images)):
            image = images[number % len(images)]
            if isinstance(image, np.ndarray):
                np.save(kept, image)
            given = kept if isinstance(image, np.ndarray) else image
            for which in (0, 1) if number % 2 else (1, 0):
                found[which].append(sides[which].restore(given, outs[which]))
            worst = max(worst, float(np.abs(np.load(outs[0]) - np.load(outs[1])).max()))
    wall, cpu = ([old[k] / new[k] for old, new in zip(*found, strict=True)] for k in (0, 1))
    result: dict[str, Any] = {
        "megapixels": sum(height * width for height, width in sizes) / len(images) / 1e6,
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


def tell(result: dict[str, Any], count: float, limit: float) -> None:
    """Print a comparison."""
    clock = "seconds_wall" if result["threads"] > 1 else "seconds_cpu"
    per_image = count / result["new"][clock]
    result["share_of_ceiling"] = round(per_image / limit, 3)
    print(f"  {result['images']} image(s) of {result['megapixels']:.3f} megapixels")
    for side in ("old", "new"):
        row = result[side]
        rate = result["megapixels"] / row[clock]
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


def image_size(image: np.ndarray | Path) -> tuple[int, int]:
    """Return height and width of an image, or of that in a file."""
    pixels = image if isinstance(image, np.ndarray) else read_image(image)
    height, width = pixels.shape[1:]
    return height, width


def photographs(folder: Path, count: int) -> list[Path]:
    """List so many files of a folder, evenly over their names."""
    files = sorted(each for each in folder.rglob("*") if each.suffix in (".png", ".jpg"))
    places = np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)
    return [files[place] for place in places]


def full_weights(place: Path) -> Path:
    """Write the published configuration with seeded weights."""
    torch.manual_seed(0)
    module = Restorer(RestorerConfig("Rainmer_SA_detgalpha"))
    return save_weights(module.eval(), place / "full.safetensors", kind="restorer")


def measure(
    options: argparse.Namespace, weights: Path, images: Sequence[np.ndarray | Path]
) -> dict[str, Any]:
    """Hold both sides' processes against each other, and print what came out."""
    limit = ceiling() * options.threads
    old, kernels = (options.old.resolve(), "numba") if options.old else (HERE, "torch")
    sides = (
        Side(old, (weights, options.threads, "exact"), kernels=kernels),
        Side(HERE, (weights, options.threads, options.precision), kernels="numba"),
    )
    result = compare(sides, images, options.rounds)
    for side in sides:
        side.close()
    counts = [multiplications(weights, image_size(each)) for each in images]
    result |= {"threads": options.threads, "precision": options.precision}
    result["ceiling_gigamultiplications"] = round(limit / 1e9, 1)
    tell(result, sum(counts) / len(counts), limit)
    return result


def sized(size: str) -> np.ndarray:
    """Simulate an image of a size, such as 321x481: height and width."""
    height, width = map(int, size.split("x"))
    image: np.ndarray = simulate("sim-Rain200H", 0, size=(height, width)).rainy
    return image


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another checkout; default: torch's operators")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["sizes"])
    parser.add_argument("--images", type=Path, help="folder of photographs")
    parser.add_argument("--count", type=int, default=20, help="of them")
    parser.add_argument("--sizes", nargs="+", default=["321x481", "1024x1024"])
    parser.add_argument("--full-size", default="321x481")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if "photographs" in options.parts and not options.images:
        parser.error("the part photographs needs --images FOLDER")
    document: dict[str, Any] = {"machine": machine(), "results": {}}
    if options.out and options.out.is_file():
        document["results"] = json.loads(options.out.read_text("utf-8"))["results"]
    with tempfile.TemporaryDirectory() as place:
        todo: dict[str, tuple[Path, Sequence[np.ndarray | Path]]] = {}
        if "sizes" in options.parts:
            todo |= {f"shipped weights, {size}": (SHIPPED, [sized(size)]) for size in options.sizes}
        if "photographs" in options.parts:
            files = photographs(options.images, options.count)
            todo[f"shipped weights, {len(files)} photographs"] = SHIPPED, files
        if "full" in options.parts:
            name, image = f"published configuration, {options.full_size}", sized(options.full_size)
            todo[name] = full_weights(Path(place)), [image]
        for name, (weights, images) in todo.items():
            print(f"{name}, {options.precision}, {options.threads} thread(s)")
            found = measure(options, weights, images)
            document["results"][f"{name}, {options.precision}, {options.threads}"] = found
            if options.out:
                write(options.out, document)


if __name__ == "__main__":
    main()
