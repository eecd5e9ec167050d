"""Rainmer's encoder on a CUDA device, from ready uint8 tensors: all forms in one run.

``published`` is the published protocol (batch 1, a pass per view, eager float32); the others take
batches: the folded form in float32 and in bfloat16, eagerly, compiled, and replayed from a CUDA
graph. Each form's vectors are held against float64 on fresh random images before it is timed, and
its TFLOP/s and TB/s (counted: maps that the folded form reads and writes) stand beside the card's
own best matrix product and copy. Pinned memory is copied on a stream of its own, while the batch
before is encoded.

Run from the top of a checkout: ``python benchmarks/gpu.py [--batch 256] [--out FILE]``. Without a
CUDA device it says so and ends.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from ceilings import GFLOP
from extraction import as_published
from timing import machine, write
from torch import Tensor

from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.folded import FoldedEncoder

Form = Callable[[Tensor], Tensor]

# Floats that one image of 128 x 128 moves in the folded form: per pixel and stage 10 depthwise
# layers, 4 pointwise ones and the accumulating product, 48 channels in and out; the projectors.
MAPS = 128 * 128 * (4 * 48 * (2 * 14 + 8 * 3) + 48 + 256 + 2 * 128 * 9)


def _seconds(work: Callable[[], Any], *, repeats: int = 10) -> float:
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


def _vectors(module: torch.nn.Module) -> Form:
    def encode(images: Tensor) -> Tensor:
        found = module(images.to(torch.float32) / 255)
        return torch.cat([found.chromatic_z, found.degradation_z], dim=1)

    return encode


def _published(encoder: RainmerEncoder) -> Form:
    encode = _vectors(as_published(encoder))

    def passes(images: Tensor) -> Tensor:
        for image in images:
            encode(image[None])
        return torch.cat([encode(image[None]) for image in images])

    return passes


def _graphed(encode: Form, example: Tensor) -> Form:
    """Record a batch's work once and replay it."""
    place = example.clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            encode(place)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = encode(place)

    def replay(images: Tensor) -> Tensor:
        place.copy_(images, non_blocking=True)
        graph.replay()
        return answer

    return replay


def forms(state: dict[str, Tensor], batch: Tensor) -> dict[str, Form]:
    """Make every form of the encoder that this card runs."""

    def plain() -> RainmerEncoder:
        encoder = RainmerEncoder()
        encoder.load_state_dict(state)
        return encoder.eval().requires_grad_(False)

    def folded(dtype: torch.dtype) -> Form:
        module = FoldedEncoder(plain(), dtype=dtype)
        return _vectors(module.cuda().to(memory_format=torch.channels_last))

    half = folded(torch.bfloat16)
    return {
        "published": _published(plain().cuda()),
        "folded float32": folded(torch.float32),
        "folded bfloat16": half,
        "folded bfloat16, compiled": torch.compile(half, mode="max-autotune-no-cudagraphs"),
        "folded bfloat16, graph": _graphed(half, batch),
    }


def ceilings() -> dict[str, float]:
    """Measure the card's best matrix product and copy."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    whole = torch.zeros(1 << 30, dtype=torch.uint8, device="cuda")
    other = torch.empty_like(whole)
    return {
        "bfloat16_tflops": 2 * 8192**3 / _seconds(lambda: a @ a) / 1e12,
        "copy_tb_per_s": 2 * len(whole) / _seconds(lambda: other.copy_(whole)) / 1e12,
    }


def _pipelined(encode: Form, batches: list[Tensor]) -> float:
    """Give images per second from pinned memory, copies overlapping the network."""
    copies = torch.cuda.Stream()

    def fetch(batch: Tensor) -> Tensor:
        with torch.cuda.stream(copies):
            return batch.to("cuda", non_blocking=True)

    def work() -> None:
        coming = fetch(batches[0])
        for number in range(len(batches)):
            torch.cuda.current_stream().wait_stream(copies)
            here = coming
            here.record_stream(torch.cuda.current_stream())
            if number + 1 < len(batches):
                coming = fetch(batches[number + 1])
            encode(here)

    return sum(map(len, batches)) / _seconds(work, repeats=3)


def measure(batch_size: int) -> dict[str, Any]:
    """Check and time every form."""
    torch.manual_seed(0)
    state = RainmerEncoder().state_dict()
    images = torch.randint(256, (batch_size, 3, 128, 128), dtype=torch.uint8)
    batch = images.cuda()
    truth = RainmerEncoder()
    truth.load_state_dict(state)
    exact = truth.double().cuda()(batch[:8].double() / 255)
    expected = torch.cat([exact.chromatic_z, exact.degradation_z], dim=1)
    limits = ceilings()
    rows: dict[str, dict[str, float]] = {}
    for name, encode in forms(state, batch).items():
        found = encode(batch)[:8].double()
        few = batch[:16] if name == "published" else batch
        rate = len(few) / _seconds(lambda encode=encode, few=few: encode(few))
        # both views of the published protocol are two passes
        rows[name] = {
            "images_per_s": rate,
            "ratio": rate / rows["published"]["images_per_s"] if rows else 1.0,
            "largest_difference": float((found - expected).abs().max()),
            "tflops": rate * GFLOP / 1e3 * (2 if name == "published" else 1),
            "tb_per_s": rate * MAPS * (4 if "32" in name or name == "published" else 2) / 1e12,
        }
        if name == "folded bfloat16, graph":
            pinned = [images.pin_memory() for _ in range(8)]
            rows[name]["from_pinned_per_s"] = _pipelined(encode, pinned)
    return {"card": torch.cuda.get_device_name(), "ceilings": limits, "forms": rows}


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no CUDA device on this machine, so nothing of the GPU was measured.")
        return
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        result = measure(options.batch)
    print(result["card"], {name: round(value, 2) for name, value in result["ceilings"].items()})
    for name, row in result["forms"].items():
        print(f"{name:28}", {key: float(f"{value:.4g}") for key, value in row.items()})
    if options.out:
        write(options.out, {"benchmark": "gpu", **result, "machine": machine()})


if __name__ == "__main__":
    main()
