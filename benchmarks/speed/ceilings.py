"""What this machine can do at most: the rates that extraction is held against.

Run alone, it prints them: ``python -m benchmarks.speed.ceilings [--images FOLDER]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.timing import simulated
from rainmer_analysis.images import load_image_set, read_image, resize
from rainmer_analysis.infer.extraction.stream_encoded_images import map_with_one_torch_thread_each

__all__ = ["GFLOP", "MADE_GFLOP", "ceilings"]

# One pass of the published network on 128 x 128 pixels: 925,296 multiplications a pixel
# (3 x 48 x 9; 48 x 48; 4 x 55,824; 2 x (48 + 2 x 128) x 128 x 9).
GFLOP = 2 * 128 * 128 * (1_296 + 2_304 + 4 * 55_824 + 2 * 304 * 1_152) / 1e9
# The same pass in the form that runs on a CPU: 336,912 (3 x 48 x 9; in each of four stages 260
# depthwise taps for 48 channels and 12 products 48 x 48; F(4 x 4) needs 36 / 16 for 9).
MADE_GFLOP = 2 * 128 * 128 * (1_296 + 4 * (260 * 48 + 12 * 48**2) + 36 / 16 * 2 * 304 * 128) / 1e9


def _best(work: Callable[[], Any], *, repeats: int = 7) -> float:
    work()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def _convolutions(dtype: torch.dtype, lanes: int) -> float:
    """Give the best rate of the projectors' 3 x 3 convolution, GFLOP/s, one image per thread."""
    count = 2 * lanes
    form = torch.channels_last
    weight = torch.randn(128, 128, 3, 3).to(dtype).to(memory_format=form)
    images = [torch.randn(1, 128, 128, 128).to(dtype).to(memory_format=form) for _ in range(count)]

    def convolve(x: torch.Tensor) -> None:
        with torch.inference_mode():
            F.conv2d(x, weight, padding=1)

    seconds = _best(lambda: list(map_with_one_torch_thread_each(images, convolve, workers=lanes)))
    return count * 2 * 128 * 128 * 9 * 128 * 128 / seconds / 1e9


def _products(dtype: torch.dtype, lanes: int) -> float:
    """Give the best rate of the products of Winograd's form, GFLOP/s, one batch per thread."""
    factors = [torch.randn(36, 64, 128).to(dtype), torch.randn(36, 128, 128).to(dtype)]
    targets = [torch.empty(36, 64, 128, dtype=dtype) for _ in range(lanes)]
    repeats = 32

    def multiply(target: torch.Tensor) -> None:
        with torch.inference_mode():
            for _ in range(repeats):
                torch.bmm(*factors, out=target)

    seconds = _best(lambda: list(map_with_one_torch_thread_each(targets, multiply, workers=lanes)))
    return lanes * repeats * 2 * 36 * 64 * 128 * 128 / seconds / 1e9


def _copy(megabytes: int = 256) -> float:
    """Give the rate of copying memory, GB/s, reading and writing counted."""
    source = torch.zeros(megabytes << 20, dtype=torch.uint8)
    target = torch.empty_like(source)
    return 2 * len(source) / _best(lambda: target.copy_(source)) / 1e9


def _reading(paths: Sequence[str], lanes: int) -> float:
    """Give how many images are decoded and resized in a second."""
    return len(paths) / _best(
        lambda: list(
            map_with_one_torch_thread_each(
                paths, lambda path: resize(read_image(path)), workers=lanes
            )
        ),
        repeats=3,
    )


def ceilings(paths: Sequence[str]) -> dict[str, Any]:
    """Measure the machine with as many threads as torch is set to."""
    lanes = torch.get_num_threads()
    rates = {
        f"{name}_{kind}_gflops": round(measure(getattr(torch, kind), lanes), 1)
        for name, measure in (("convolution", _convolutions), ("product", _products))
        for kind in ("float32", "bfloat16")
    }
    return {
        "threads": lanes,
        **rates,
        "copy_gb_per_s": round(_copy(), 1),
        "decode_and_resize_per_s": round(_reading(paths, lanes), 1),
        "network_gflop_per_pass": round(GFLOP, 2),
        "made_gflop_per_pass": round(MADE_GFLOP, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images [simulated]")
    options = parser.parse_args()
    with simulated(options.images, count=12) as folder:
        paths = load_image_set({"benchmark": folder}, per_dataset=12).rows.column("path").tolist()
        for name, value in ceilings(paths).items():
            print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
