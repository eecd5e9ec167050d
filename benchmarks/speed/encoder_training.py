"""Training steps of Rainmer's encoder: compiled loops against its modules, with one thread.

    python -m benchmarks.speed.encoder_training [--images 36 96] [--widths quarter half]
        [--precisions float32 bf16] [--rounds N] [--out FILE.json]

Two kinds of steps, each made in turn by the modules, as they were before there were compiled loops
(channels-last, quick gradients of depthwise convolutions), and by the compiled loops in float32:

- ``derain``: the shipped configuration, whose steps encode 4 queries with gradients and 60 keys
  without. It asks for bfloat16, in which the modules take half a minute for a step on a processor
  that has no instructions for it; so float32 is measured too.
- batches of images of 64 x 64 pixels that all have gradients and are told apart by both views, as a
  loss without a key encoder has them.

Times are of the processor, since others may use the machine. The work is counted as the network
defines it, without what either way saves or repeats, so a rate may exceed the ceiling: that of a
product of large float32 matrices.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch

from benchmarks.speed.training import settings
from benchmarks.timing import machine, write
from rainmer_analysis.kernels.kernel_switch import KERNELS
from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.recipes.training.make_or_open_pair_pool import make_or_open_pair_pool
from rainmer_analysis.train import RainmerTrainable, TrainConfig
from rainmer_analysis.train.compiled import encode_with_gradients
from rainmer_analysis.train.compiled.fast_depthwise_backward import use_fast_backward
from rainmer_analysis.train.loop.optimiser import FiniteStepOptimiser

_SIDE = 64
_TEMPERATURE = 0.1
_KEYS = (5, 5, 5)  # images of a query that the three views take
_TAPS = 176 + 9 + 83  # of the depthwise kernels of a stage: both rounds, and the average


def gflop(width: str, images: int, *, towers: int = 2, gradients: bool = True) -> float:
    """Count what the network defines for images of 64 x 64 pixels, in GFLOP.

    A gradient takes twice the work of what it is of.
    """
    dim, base = WIDTHS[width].dim, WIDTHS[width].base_dim
    stage = (_TAPS - 9) * dim + (4 + 8) * dim**2
    tower = 9 * (dim * base + 2 * base**2)
    pixel = 27 * dim + dim**2 + 4 * stage + towers * tower
    return 2 * pixel * _SIDE**2 * images * (3 if gradients else 1) / 1e9


def ceiling() -> float:
    """Return the rate of a product of large float32 matrices, GFLOP/s."""
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    left @ right
    found = []
    for _ in range(5):
        start = time.process_time()
        left @ right
        found.append(2 * 1024**3 / (time.process_time() - start) / 1e9)
    return max(found)


def in_pairs(step: Callable[[bool], None], rounds: int) -> list[tuple[float, float]]:
    """Time a step by the modules and in compiled loops, in turn; the order changes each round."""
    found = []
    for number in range(rounds + 1):
        seconds = {}
        for is_compiled in (False, True) if number % 2 else (True, False):
            start = time.process_time()
            step(is_compiled)
            seconds[is_compiled] = time.process_time() - start
        found.append((seconds[False], seconds[True]))
    return found[1:]  # the first pair is for warmth


def batch_step(width: str, images: int) -> Callable[[bool], None]:
    """Return a step that tells the images of a batch apart by both views."""
    torch.manual_seed(0)
    encoder = RainmerEncoder(WIDTHS[width])
    hastened = copy.deepcopy(encoder).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    use_fast_backward(hastened)
    batch = torch.rand(images, 3, _SIDE, _SIDE)
    labels = torch.arange(images) // 2

    def contrast(z: torch.Tensor) -> torch.Tensor:
        logits = (z @ z.T / _TEMPERATURE).fill_diagonal_(-torch.inf)
        alike = (labels[:, None] == labels) & ~torch.eye(images, dtype=torch.bool)
        return -logits.log_softmax(1)[alike].mean()

    networks = {True: encoder, False: hastened}
    optimisers = {key: torch.optim.AdamW(net.parameters()) for key, net in networks.items()}

    def step(is_compiled: bool) -> None:
        network = networks[is_compiled]
        optimisers[is_compiled].zero_grad(set_to_none=True)
        images_last = batch.contiguous(memory_format=torch.channels_last)
        output = encode_with_gradients(network, batch) if is_compiled else network(images_last)
        (contrast(output.chromatic_z) + contrast(output.degradation_z)).backward()
        optimisers[is_compiled].step()

    return step


def derain_step(config: TrainConfig, folder: Path) -> Callable[[bool], None]:
    """Return a step of a configuration of the encoder; both ways make the same ones."""
    pool = make_or_open_pair_pool(config, folder / "pools", workers=0)
    ways = {}
    for is_compiled in (False, True):
        objective = RainmerTrainable(config, pool)
        updater = FiniteStepOptimiser(objective.parameter_groups(), config.optimiser, fused=False)
        ways[is_compiled] = objective, updater
    numbers = {False: 0, True: 0}

    def advance(is_compiled: bool) -> None:
        objective, updater = ways[is_compiled]
        updater.begin_step(config.optimiser.lr)
        objective.before_micro_batch()
        loss, _ = objective.module(objective.make_batch(numbers[is_compiled]))
        loss.backward()
        updater.finish_step()
        numbers[is_compiled] += 1

    def step(is_compiled: bool) -> None:
        if is_compiled:
            advance(True)
        else:
            with mock.patch.dict(os.environ, {KERNELS: "torch"}):
                advance(False)

    return step


def derain(precision: str, rounds: int, folder: Path) -> tuple[list[tuple[float, float]], float]:
    """Time steps of ``derain`` whose modules have a precision; return the times and the work."""
    config = settings("derain", rounds, 1)
    run = dataclasses.replace(config.run, precision=precision, threads=1)
    step = derain_step(dataclasses.replace(config, run=run), folder)
    width, batch = config.model.width, config.run.batch
    keys = gflop(width, batch * sum(_KEYS), towers=1, gradients=False)
    return in_pairs(step, rounds), gflop(width, batch) + keys


def summary(found: list[tuple[float, float]], work: float, most: float) -> dict[str, Any]:
    """Weigh pairs of times of steps of so many GFLOP against the ceiling."""
    slow, fast = (median(times) for times in zip(*found, strict=True))
    ratios = [first / second for first, second in found]
    return {
        "modules_steps_per_second": round(1 / slow, 3),
        "compiled_steps_per_second": round(1 / fast, 3),
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "gflop_per_step": round(work, 2),
        "modules_gflops": round(work / slow, 1),
        "compiled_gflops": round(work / fast, 1),
        "share_of_ceiling": round(work / fast / most, 2),
    }


def _show(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name}: modules {found['modules_steps_per_second']} steps/s "
        f"({found['modules_gflops']} GFLOP/s), compiled {found['compiled_steps_per_second']} "
        f"({found['compiled_gflops']} GFLOP/s, {found['share_of_ceiling']:.0%} of the ceiling), "
        f"ratio {found['ratio']} ({min(found['ratios'])} to {max(found['ratios'])})",
        flush=True,
    )


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", nargs="*", type=int, default=[36, 96])
    parser.add_argument("--widths", nargs="*", choices=list(WIDTHS), default=["quarter", "half"])
    parser.add_argument("--precisions", nargs="*", default=["float32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3, help="pairs of steps to count")
    parser.add_argument("--out", type=Path, help="JSON file")
    given = parser.parse_args()
    torch.set_num_threads(1)
    most = ceiling()
    print(f"ceiling: {most:.1f} GFLOP/s, float32, one thread")
    results = {}
    for precision in given.precisions:
        name = f"derain, modules in {precision}"
        with tempfile.TemporaryDirectory() as place:
            found, work = derain(precision, given.rounds, Path(place))
        results[name] = summary(found, work, most)
        _show(name, results[name])
    for width in given.widths:
        for images in given.images:
            name = f"{width}, {images} images"
            found = in_pairs(batch_step(width, images), given.rounds)
            results[name] = summary(found, gflop(width, images), most)
            _show(name, results[name])
    if given.out:
        document = {"benchmark": "encoder_training", "ceiling_gflops": round(most, 1)}
        write(given.out, document | {"results": results, "machine": machine()})


if __name__ == "__main__":
    main()
