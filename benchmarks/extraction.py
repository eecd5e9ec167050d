"""Extraction of both views against the published protocol, on a CPU.

The published protocol encodes image by image (batch 1), makes a full pass for every view, and runs
the network eagerly in float32 with contiguous tensors, layer by layer. Here one pass gives both
views, tensors are channels-last, experts' last layers are multiplied into the fusion, and on a CPU
each thread has images of its own. Both use the same weights on the same images in the same run, in
neighbouring pairs; the vectors must agree within 1e-5.

Run from the top of a checkout: ``python benchmarks/extraction.py [--images FOLDER] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from timing import machine, pairs, summary, write
from torch import nn

from rainmer_analysis.images import load, read_image, resize, write_png
from rainmer_analysis.infer import Encoder, extract, load_encoder
from rainmer_analysis.infer.stream import in_lanes
from rainmer_analysis.model.checkpoint import build, load_weights, save_weights
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.experts import Stage
from rainmer_analysis.values import ImageSet
from rainmer_analysis.weather import simulate

VIEWS = ("chromatic", "degradation")


class PublishedStage(nn.Module):
    """A stage of the mixture, layer by layer: every expert whole, weighed, joined, fused."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Refine a map [1, dim, H, W] with weights of the experts [1, 8]."""
        experts = enumerate(self.stage._ops)
        answers = [op(x) * weights[:, j, None, None, None] for j, op in experts]
        return F.relu(self.stage._out(torch.cat(answers, dim=1)) + x)


def as_published(module: RainmerEncoder) -> RainmerEncoder:
    """Exchange the stages of an encoder for those that run layer by layer."""
    stages = module.MoEs.layers[1]._ops
    for number, stage in enumerate(stages):
        stages[number] = PublishedStage(stage)
    return module


def published(module: nn.Module, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Encode prepared images as the published analysis does."""
    return {
        view: np.concatenate([_one_view(module, image, view) for image in images]) for view in VIEWS
    }


def _one_view(module: nn.Module, image: np.ndarray, view: str) -> np.ndarray:
    with torch.no_grad():
        found = getattr(module(torch.from_numpy(image)[None]), f"{view}_z")
    return found.numpy()


def ours(encoder: Encoder, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Encode prepared images as `extract` does."""
    lanes = torch.get_num_threads()
    found = list(in_lanes(images, lambda image: encoder.encode(image[None]), lanes=lanes))
    return {view: np.concatenate([each[view] for each in found]) for view in VIEWS}


def published_with_reading(module: nn.Module, paths: Sequence[str]) -> None:
    """Read, resize and encode files once per view."""
    for view in VIEWS:
        for path in paths:
            _one_view(module, resize(read_image(path)), view)


def measure(
    module: nn.Module, encoder: Encoder, images: ImageSet, *, rounds: int
) -> dict[str, Any]:
    """Time the network alone and the whole way from files, with the threads that are set."""
    paths = images.rows.column("path").tolist()
    prepared = [resize(read_image(path)) for path in paths]
    difference = _difference(published(module, prepared), ours(encoder, prepared))
    if difference > 1e-5:
        raise SystemExit(f"the vectors differ by {difference:.2g}: this compares different things")
    network = pairs(
        lambda: published(module, prepared), lambda: ours(encoder, prepared), rounds=rounds
    )
    whole = pairs(
        lambda: published_with_reading(module, paths),
        lambda: extract(images, encoder),
        rounds=rounds,
    )
    return {
        "threads": torch.get_num_threads(),
        "largest_difference": float(f"{difference:.2g}"),
        "network": summary(network, items=len(paths)),
        "from_files": summary(whole, items=len(paths)),
    }


def _difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    return max(float(np.abs(a[view] - b[view]).max()) for view in VIEWS)


def _simulated(folder: Path, count: int) -> Path:
    for index in range(count):
        pair = simulate("sim-Rain200H", index, size=(321, 481))
        write_png(pair.rainy, folder / f"{index:03d}.png")
    return folder


def _random_weights(folder: Path) -> Path:
    torch.manual_seed(0)
    return save_weights(
        RainmerEncoder(), folder / "random.safetensors", kind="rainmer", metadata={}
    )


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images [simulated]")
    parser.add_argument("--weights", type=Path, help="weights of the encoder [random]")
    parser.add_argument("--count", type=int, default=6, help="images")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", help="torch threads [1 and all]")
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    settings = options.threads or sorted({1, torch.get_num_threads()})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        weights = options.weights or _random_weights(folder)
        images = options.images or _simulated(folder, options.count)
        chosen = load({"benchmark": images}, per_dataset=options.count)
        module = as_published(build(load_weights(weights)))
        encoder = load_encoder("rainmer", weights, device="cpu")
        results = []
        for threads in settings:
            torch.set_num_threads(threads)
            results.append(measure(module, encoder, chosen, rounds=options.rounds))
            _show(results[-1])
    document = {"benchmark": "extraction", "images": len(chosen), "results": results}
    if options.out:
        write(options.out, document | {"machine": machine()})


def _show(result: dict[str, Any]) -> None:
    for name in ("network", "from_files"):
        found = result[name]
        print(
            f"threads {result['threads']}, {name.replace('_', ' ')}: published "
            f"{found['reference_ms']} ms, here {found['ours_ms']} ms an image and both views, "
            f"ratio {found['ratio']} ({found['ratio_low']} to {found['ratio_high']})",
            flush=True,
        )


if __name__ == "__main__":
    main()
