"""Rainmer on a CUDA device, all in one run: the encoder in every form, and training steps.

    python -m benchmarks.speed.gpu [--batch 256] [--out FILE.json]

``published`` is the published protocol (batch 1, a pass per view, eager float32) on the same card;
the other forms take batches of ready 8-bit images: folded in float32 and bfloat16, operator by
operator, replayed from a CUDA graph (as extraction does), compiled, and both. Each is held against
float64 on fresh random images, and its TFLOP/s (of the published network's arithmetic) and TB/s
(bytes that its operators read and write, counted while they run; a compiled form moves fewer) stand
beside the card's own best convolution, matrix product and copy. Then: 8-bit images from pinned
memory whose copies overlap the network; what extraction's encoder does from arrays of the host;
the time of the stages and of the projectors, with the kernels that take longest; and the rate of
training steps, which may not wait for the device.

A part that fails says why and leaves the others alone; what is measured is written at once. After
--minutes no further part is begun. Without a CUDA device it says so and ends; ``--device cpu`` goes
through the same parts on a narrow network, to see that they run: no number of that says anything of
a GPU.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.speed.gpu_forms import SIDE, Counted, Encoders, Form, forms, gflop, seconds
from benchmarks.speed.gpu_step import KINDS, rate
from benchmarks.speed.published_protocol import as_published
from benchmarks.timing import machine, write
from rainmer_analysis.model.encoder import WIDTHS, EncoderConfig

_CHECKED = 8  # images held against float64; every form takes at least as many on a CUDA device
_NARROW = EncoderConfig(dim=4, base_dim=16, gate_hidden=8)
_PUBLISHED = 16  # images of the published protocol that are timed


@dataclass
class Bench:
    """What all parts share, and what they have found."""

    device: torch.device
    encoders: Encoders
    images: Tensor
    found: dict[str, Any]

    @property
    def cuda(self) -> bool:
        """Whether this is the real thing."""
        return self.device.type == "cuda"

    @property
    def batch(self) -> Tensor:
        """The images on the device."""
        return self.images.to(self.device)

    @cached_property
    def expected(self) -> Tensor:
        """The vectors of the first images in float64."""
        return self.encoders.exact(self.batch[:_CHECKED])

    def seconds(self, work: Callable[[], Any], *, repeats: int = 10) -> float:
        """Time some work."""
        return seconds(work, self.device, repeats=repeats if self.cuda else 1)


def ceilings(bench: Bench) -> dict[str, float]:
    """Measure the best matrix product, convolution (the projectors') and copy."""
    size, channels, count = (8192, 128, 64) if bench.cuda else (256, 32, 2)
    found = {}
    for dtype in (torch.bfloat16, torch.float32):
        name = str(dtype).removeprefix("torch.")
        make = {"device": bench.device, "dtype": dtype}
        a = torch.randn(size, size, **make)
        took = bench.seconds(lambda a=a: a @ a)
        found[f"product_{name}_tflops"] = 2 * size**3 / took / 1e12
        form = {"memory_format": torch.channels_last}
        x = torch.randn(count, channels, SIDE, SIDE, **make).contiguous(**form)
        weight = torch.randn(channels, channels, 3, 3, **make).contiguous(**form)
        took = bench.seconds(lambda x=x, weight=weight: F.conv2d(x, weight, padding=1))
        work = 2 * count * SIDE**2 * channels**2 * 9
        found[f"convolution_{name}_tflops"] = work / took / 1e12
    whole = torch.zeros(1 << (32 if bench.cuda else 24), dtype=torch.uint8, device=bench.device)
    other = torch.empty_like(whole)
    took = bench.seconds(lambda: other.copy_(whole))
    return found | {"copy_tb_per_s": 2 * len(whole) / took / 1e12}


def counts(bench: Bench) -> dict[str, float]:
    """Count what the operators of a pass move, GB an image, and how many there are."""
    few, found = bench.batch[:1], {}
    plain = as_published(bench.encoders.plain()).to(torch.bfloat16).to(bench.device)
    images = few.to(torch.bfloat16) / 255
    passes = {"layer by layer bfloat16": lambda: plain(images)}
    for dtype in (torch.bfloat16, torch.float32):
        module = bench.encoders.folded(dtype)
        name = f"folded {str(dtype).removeprefix('torch.')}"
        passes[name] = lambda module=module: module(few.float() / 255)
    for name, work in passes.items():
        with Counted() as counted:
            work()
        found[f"{name}, GB an image"] = counted.bytes / len(few) / 1e9
        found[f"{name}, operators"] = counted.operators
    return found


def form(bench: Bench, name: str, make: Callable[[], Form]) -> dict[str, float]:
    """Check one form against float64 and time it."""
    encode, batch = make(), bench.batch
    images = batch[: _PUBLISHED if bench.cuda else 2] if name == "published" else batch
    found = encode(images)[:_CHECKED].double()
    expected = bench.expected
    per_s = len(images) / bench.seconds(lambda: encode(images))
    cosines = (found * expected).unflatten(1, (2, found.shape[1] // 2)).sum(2).min()
    row = {
        "images_per_s": per_s,
        "largest_difference": float((found - expected).abs().max()),
        "lowest_cosine": float(cosines),
        "tflops": per_s * gflop(bench.encoders.config) * (2 if name == "published" else 1) / 1e3,
    }
    return row | _beside(bench, name, row)


def _beside(bench: Bench, name: str, row: dict[str, float]) -> dict[str, float]:
    """Compare a form with what other parts have found, as far as they have."""
    forms, limits, counted = (bench.found.get(each, {}) for each in ("forms", "ceilings", "counts"))
    kind, found = "bfloat16" if "bfloat16" in name else "float32", {}
    published = row if name == "published" else forms.get("published", {})
    if "images_per_s" in published:
        found["ratio"] = row["images_per_s"] / published["images_per_s"]
    best = limits.get(f"convolution_{kind}_tflops")
    if best:
        found["share_of_convolution"] = row["tflops"] / best
    moved = counted.get(f"folded {kind}, GB an image")
    if moved and name != "published":
        found["tb_per_s_of_its_operators"] = row["images_per_s"] * moved / 1e3
        if "copy_tb_per_s" in limits:
            share = found["tb_per_s_of_its_operators"] / limits["copy_tb_per_s"]
            found["share_of_copy"] = share
    return found


def pinned(bench: Bench) -> dict[str, float]:
    """Encode 8-bit images from pinned memory, copies overlapping the network."""
    if not bench.cuda:
        raise RuntimeError("a CPU copies nothing to itself")
    encode = forms(bench.encoders, bench.batch)["graph bfloat16"]()
    batches = [bench.images.pin_memory() for _ in range(8)]
    copies = torch.cuda.Stream()

    def fetch(batch: Tensor) -> Tensor:
        with torch.cuda.stream(copies):
            return batch.to(bench.device, non_blocking=True)

    def work() -> None:
        coming = fetch(batches[0])
        for number in range(len(batches)):
            torch.cuda.current_stream().wait_stream(copies)
            here = coming
            here.record_stream(torch.cuda.current_stream())
            if number + 1 < len(batches):
                coming = fetch(batches[number + 1])
            encode(here)

    return {"images_per_s": sum(map(len, batches)) / bench.seconds(work, repeats=3)}


def extraction(bench: Bench) -> dict[str, float]:
    """Encode float32 arrays of the host as `extract` does, in both precisions."""
    from rainmer_analysis.infer import load_encoder

    found = {}
    for precision in ("exact", "fast"):
        encoder = load_encoder("untrained:0", device=bench.device.type, precision=precision)
        arrays = (bench.images[: encoder.preferred_batch].float() / 255).numpy()
        for _ in range(2):  # the second of a shape is recorded
            encoder.encode(arrays)
        took = bench.seconds(lambda encoder=encoder, arrays=arrays: encoder.encode(arrays))
        found[f"{precision}, images_per_s"] = len(arrays) / took
        found[f"{precision}, batch"] = len(arrays)
    return found


def profile(bench: Bench) -> dict[str, Any]:
    """Time the stages and the projectors apart, in bfloat16, and name the longest kernels."""
    module, count = bench.encoders.folded(torch.bfloat16), len(bench.images)
    images = bench.batch.float() / 255
    location = module.local_features(images)
    found: dict[str, Any] = {
        "stages_us_an_image": 1e6 * bench.seconds(lambda: module.local_features(images)) / count,
        "projectors_us_an_image": 1e6 * bench.seconds(lambda: module._projectors(location)) / count,
    }
    copy = bench.found.get("ceilings", {}).get("copy_tb_per_s")
    if copy:  # what could have been moved in that time
        found["stages_gb_an_image_at_most"] = found["stages_us_an_image"] * copy / 1e3
    kind = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[kind.CUDA if bench.cuda else kind.CPU]) as told:
        module(images)
        if bench.cuda:
            torch.cuda.synchronize()
    own = "self_device_time_total" if bench.cuda else "self_cpu_time_total"
    rows = sorted(told.key_averages(), key=lambda row: -getattr(row, own))[:12]
    found["kernels_us_an_image"] = {row.key[:90]: getattr(row, own) / count for row in rows}
    return found


def parts(bench: Bench, *, batch: int) -> dict[str, Callable[[], Any]]:
    """Name all parts, the most wanted first."""
    listed: dict[str, Callable[[], Any]] = {
        "ceilings": lambda: ceilings(bench),
        "counts": lambda: counts(bench),
    }
    named = forms(bench.encoders, bench.batch)
    late = [name for name in named if "compiled" in name]  # compilers take their time
    for name in named:
        if name not in late:
            listed[f"forms/{name}"] = lambda name=name: form(bench, name, named[name])
    for name, work in (("pinned", pinned), ("extraction", extraction), ("profile", profile)):
        listed[name] = lambda work=work: work(bench)
    for kind in KINDS:
        for precision in ("float32", "bf16"):
            listed[f"training/{kind} {precision}"] = _training(bench, kind, precision, batch)
    return listed | {
        f"forms/{name}": lambda name=name: form(bench, name, named[name]) for name in late
    }


def _training(bench: Bench, kind: str, precision: str, batch: int) -> Callable[[], Any]:
    def work() -> Any:
        with torch.inference_mode(mode=False), torch.enable_grad():
            return rate(kind, precision, bench.device, batch=batch, small=not bench.cuda)

    return work


def run(bench: Bench, listed: dict[str, Callable[[], Any]], options: argparse.Namespace) -> None:
    """Do part after part, telling and keeping what each has found."""
    start = time.monotonic()
    for name, work in listed.items():
        if any(skipped in name for skipped in options.skip):
            continue
        if time.monotonic() - start > 60 * options.minutes:
            found: Any = {"left_out": f"--minutes {options.minutes} were over"}
        else:
            found = _attempt(work)
        group, _, own = name.partition("/")
        if own:
            bench.found.setdefault(group, {})[own] = found
        else:
            bench.found[group] = found
        print(f"{name}: {_shown(found)}", flush=True)
        if options.out:
            write(options.out, bench.found)


def _attempt(work: Callable[[], Any]) -> Any:
    try:
        with torch.inference_mode():
            return work()
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return {"failed": text, "where": f"{Path(last.filename).name}:{last.lineno}"}
    finally:
        torch.cuda.empty_cache()


def _shown(found: Any) -> str:
    if isinstance(found, dict):
        return ", ".join(f"{name} {_shown(value)}" for name, value in found.items())
    return f"{found:.4g}" if isinstance(found, float) else str(found)


def begin(options: argparse.Namespace) -> Bench:
    """Put fresh random images and weights in place."""
    seed = torch.seed() % 2**31 if options.seed is None else options.seed
    torch.manual_seed(seed)
    device = torch.device(options.device)
    small = device.type == "cpu"
    count = 2 if small else options.batch
    images = torch.randint(256, (count, 3, SIDE, SIDE), dtype=torch.uint8)
    encoders = Encoders(_NARROW if small else WIDTHS["full"], device)
    found = {
        "benchmark": "gpu",
        "device": "cpu, small" if small else torch.cuda.get_device_name(device),
        "cuda": torch.version.cuda,
        "seed": seed,
        "batch": count,
        "gflop_an_image": gflop(encoders.config),
        "machine": machine(),
        "forms": {},
    }
    return Bench(device, encoders, images, found)


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=256, help="images of a pass [256]")
    parser.add_argument("--training-batch", type=int, default=8, help="queries of a step [8]")
    parser.add_argument("--minutes", type=float, default=8, help="begin no part after this [8]")
    parser.add_argument("--seed", type=int, help="of images and weights [fresh]")
    parser.add_argument("--skip", nargs="*", default=[], help="parts whose names contain these")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "There is no CUDA device on this machine, so nothing of the GPU was measured; "
            "--device cpu goes through the same parts on a small network."
        )
        return
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    bench = begin(options)
    print(bench.found["device"], f"seed {bench.found['seed']}", flush=True)
    training = 2 if options.device == "cpu" else options.training_batch
    run(bench, parts(bench, batch=training), options)


if __name__ == "__main__":
    main()
