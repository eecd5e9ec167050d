"""Extraction of both views against the published protocol, from image files, on a CPU.

The published protocol encodes image by image (batch 1), makes a full pass for every view, and runs
the network eagerly in float32 with contiguous tensors, layer by layer. Here one pass gives both
views, and three layers are timed apart: ``plain`` is the network as it was trained, ``folded`` the
same function with less work, on torch's operators (RAINMER_KERNELS=torch), and ``exact`` that with
the kernels of this package. All ways use the same full-width weights on the same files in one run:
the files are taken ten at a time, every way does the ten before the next ten are taken, and which
way is first changes.

Exact vectors must agree with the published ones within 1e-5. How far fast ones are away is
measured and printed: the lowest cosine of any image, and the largest change of an entry of the
matrix of mean cosines.

Run from the top of a checkout:
``python -m benchmarks.speed.extraction [--images FOLDER] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.speed.ceilings import GFLOP, MADE_GFLOP, ceilings
from benchmarks.speed.published_protocol import as_published
from benchmarks.timing import in_turn, machine, simulated, write
from rainmer_analysis.images import load_image_set, read_image, resize
from rainmer_analysis.infer import Encoder, extract, load_encoder
from rainmer_analysis.kernels.kernel_switch import KERNELS
from rainmer_analysis.model.checkpoint import build_encoder, load_weights, save_weights
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.values import ImageSet

VIEWS = ("chromatic", "degradation")
STEP = 10


def published(module: nn.Module, images: ImageSet) -> dict[str, np.ndarray]:
    """Read, resize and encode files as the published analysis does, once per view."""
    paths = images.rows.column("path").tolist()
    return {
        view: np.concatenate([_one_view(module, resize(read_image(path)), view) for path in paths])
        for view in VIEWS
    }


def _one_view(module: nn.Module, image: np.ndarray, view: str) -> np.ndarray:
    with torch.no_grad():
        found = getattr(module(torch.from_numpy(image)[None]), f"{view}_z")
    return found.numpy()


def one_pass(module: nn.Module, images: ImageSet) -> dict[str, np.ndarray]:
    """Read, resize and encode files one by one, both views in one pass of the plain network."""
    found: dict[str, list[np.ndarray]] = {view: [] for view in VIEWS}
    for path in images.rows.column("path"):
        image = torch.from_numpy(resize(read_image(path)))[None]
        with torch.inference_mode():
            output = module(image)
        for view in VIEWS:
            found[view].append(getattr(output, f"{view}_z").numpy())
    return {view: np.concatenate(rows) for view, rows in found.items()}


def on_torch(weights: Path) -> Encoder:
    """Load the folded network without this package's kernels."""
    before = os.environ.get(KERNELS)
    os.environ[KERNELS] = "torch"
    try:
        return load_encoder("rainmer", weights, device="cpu")
    finally:
        os.environ.pop(KERNELS)
        if before is not None:
            os.environ[KERNELS] = before


def ours(encoder: Encoder, images: ImageSet) -> dict[str, np.ndarray]:
    """Extract."""
    found = extract(images, encoder)
    return {view: found[view].vectors for view in VIEWS}


class Recorder:
    """Does the work of a way and keeps the vectors of each task."""

    def __init__(self, way: Callable[[ImageSet], dict[str, np.ndarray]]) -> None:
        self.way = way
        self.found: dict[str, dict[str, np.ndarray]] = {}

    def __call__(self, images: ImageSet) -> None:
        """Do a task."""
        self.found[images.rows.column("image_id")[0]] = self.way(images)

    def vectors(self, view: str) -> np.ndarray:
        """Give the vectors of all tasks, one behind the other."""
        return np.concatenate([self.found[key][view] for key in sorted(self.found)])


def deviations(reference: Recorder, other: Recorder, blocks: int = 2) -> dict[str, float]:
    """Give how far vectors are away: difference, cosine, entries of a matrix of mean cosines."""
    found = {"largest_difference": 0.0, "lowest_cosine": 1.0, "largest_entry_change": 0.0}
    for view in VIEWS:
        a, b = (each.vectors(view).astype(np.float64) for each in (reference, other))
        a, b = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (a, b))
        means = [
            np.stack([part.mean(0) for part in np.array_split(each, blocks)]) for each in (a, b)
        ]
        change = np.abs(means[0] @ means[0].T - means[1] @ means[1].T).max()
        found["largest_difference"] = max(found["largest_difference"], float(np.abs(a - b).max()))
        found["lowest_cosine"] = min(found["lowest_cosine"], float((a * b).sum(1).min()))
        found["largest_entry_change"] = max(found["largest_entry_change"], float(change))
    return found


def measure(module: nn.Module, weights: Path, images: ImageSet) -> dict[str, Any]:
    """Time all ways with the threads that are set."""
    ways = {
        "published": Recorder(partial(published, module)),
        "plain": Recorder(partial(one_pass, build_encoder(load_weights(weights)))),
        "folded": Recorder(partial(ours, on_torch(weights))),
    }
    for precision in ("exact", "fast"):
        encoder = load_encoder("rainmer", weights, device="cpu", precision=precision)
        ways[precision] = Recorder(partial(ours, encoder))
    tasks = [
        ImageSet(images.rows.take(range(low, min(low + STEP, len(images)))))
        for low in range(0, len(images), STEP)
    ]
    seconds = in_turn(dict(ways), tasks)
    limits = ceilings(images.rows.column("path").tolist()[:24])
    limits["images_in_last_step"] = len(tasks[-1])
    result: dict[str, Any] = {"ceilings": limits}
    for name in seconds:
        result[name] = _row(name, seconds, limits) | deviations(ways["published"], ways[name])
    for name in ("plain", "folded", "exact"):
        if result[name]["largest_difference"] > 1e-5:
            raise SystemExit(f"{name} vectors differ by {result[name]['largest_difference']:.2g}")
    return result


def _row(
    name: str, seconds: dict[str, list[tuple[float, float]]], limits: dict[str, Any]
) -> dict[str, Any]:
    reference, spent = (np.array(seconds[way]) for way in ("published", name))
    ratios, (wall, cpu) = reference[:, 0] / spent[:, 0], reference.sum(0) / spent.sum(0)
    images = STEP * (len(spent) - 1) + limits["images_in_last_step"]
    rate = images / spent[:, 0].sum()
    kind = "bfloat16" if name == "fast" else "float32"
    best = max(limits[f"{work}_{kind}_gflops"] for work in ("convolution", "product"))
    made = {"published": 2 * GFLOP, "plain": GFLOP}.get(name, MADE_GFLOP)
    reading = limits["decode_and_resize_per_s"]
    return {
        "images_per_s": round(float(rate), 2),
        "processor_ms_per_image": round(float(1e3 * spent[:, 1].sum() / images), 1),
        "ratio": round(float(wall), 2),
        "ratio_of_processor_time": round(float(cpu), 2),
        "ratio_median": round(float(median(ratios)), 2),
        "ratio_low": round(float(ratios.min()), 2),
        "ratio_high": round(float(ratios.max()), 2),
        "gflop_made_per_image": round(made, 2),
        "share_of_best_rate": round(float(rate * made / best), 2),
        "share_of_reading": round(float(rate / reading), 3),
        "bound_by": "network" if rate < 0.5 * reading else "reading",
    }


def _random_weights(folder: Path) -> Path:
    torch.manual_seed(0)
    return save_weights(
        RainmerEncoder(), folder / "random.safetensors", kind="rainmer", metadata={}
    )


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images [simulated]")
    parser.add_argument("--weights", type=Path, help="weights of the encoder [random, full width]")
    parser.add_argument("--count", type=int, default=200, help="images")
    parser.add_argument("--threads", type=int, nargs="*", help="torch threads [all]")
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    results = []
    with (
        simulated(options.images, count=options.count) as folder,
        tempfile.TemporaryDirectory() as place,
    ):
        weights = options.weights or _random_weights(Path(place))
        chosen = load_image_set({"benchmark": folder}, per_dataset=options.count)
        for threads in options.threads or [torch.get_num_threads()]:
            torch.set_num_threads(threads)
            module = as_published(build_encoder(load_weights(weights)).eval())
            results.append(measure(module, weights, chosen))
            _show(results[-1], len(chosen))
    document = {"benchmark": "extraction", "images": len(chosen), "results": results}
    if options.out:
        write(options.out, document | {"machine": machine()})


def _show(result: dict[str, Any], count: int) -> None:
    limits = result["ceilings"]
    print(
        f"{count} images, both views, threads {limits['threads']}; ceilings in float32 and "
        f"bfloat16, GFLOP/s: convolution {limits['convolution_float32_gflops']} and "
        f"{limits['convolution_bfloat16_gflops']}, product {limits['product_float32_gflops']} and "
        f"{limits['product_bfloat16_gflops']}; copy {limits['copy_gb_per_s']} GB/s, reading "
        f"{limits['decode_and_resize_per_s']} images/s"
    )
    print(
        "way        images/s   ratio  (median, range)        processor ms (ratio)  share*  "
        "lowest cosine  entry change"
    )
    for name in ("published", "plain", "folded", "exact", "fast"):
        row = result[name]
        spread = f"({row['ratio_median']}, {row['ratio_low']} to {row['ratio_high']})"
        print(
            f"{name:10} {row['images_per_s']:8} {row['ratio']:7}  {spread:22} "
            f"{row['processor_ms_per_image']:12} ({row['ratio_of_processor_time']:5})  "
            f"{row['share_of_best_rate']:6}  {row['lowest_cosine']:13.7f}  "
            f"{row['largest_entry_change']:.2g}; bound by {row['bound_by']}",
            flush=True,
        )
    print(
        f"* additions and multiplications that the form makes, at the best measured rate; both "
        f"passes as published make {2 * GFLOP:.1f} GFLOP an image, one pass here {MADE_GFLOP:.1f}"
    )


if __name__ == "__main__":
    main()
