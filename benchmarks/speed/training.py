"""Training steps per second against a plain loop of the same network on the same batches.

    python -m benchmarks.speed.training [--config compact derain] [--steps N] [--out FILE.json]

The shipped loop runs as it does in training: `train` with the configuration's precision, the
encoder in compiled loops, channels-last elsewhere, quick gradients of depthwise convolutions, its
log. The plain loop is eager float32 on contiguous tensors with the layers as PyTorch has them. Both
have the same network, batches, losses, clipping and optimiser. After each step of the one the other
makes the step of the same number, so that neighbouring times share what the machine is doing.

A configuration that compares views in one of several batches takes long in those; here it is every
second one, and both kinds of steps are weighed as the configuration has them. The second ratio is
against a plain loop that compares views in each batch, as published. Images are of a small
simulated pool.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch
from torch import nn

from benchmarks.timing import machine, write
from rainmer_analysis.kernels.kernel_switch import KERNELS
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.restorer import Restorer
from rainmer_analysis.recipes.training.make_or_open_pair_pool import make_or_open_pair_pool
from rainmer_analysis.train import (
    Hooks,
    Pool,
    RainmerTrainable,
    RestorerTrainable,
    TrainConfig,
    read_train_config,
    train,
)
from rainmer_analysis.train.compiled import compiled_encoder as compiled
from rainmer_analysis.train.contrast.momentum_contrast import MomentumContrast
from rainmer_analysis.train.loop.optimiser import learning_rate
from rainmer_analysis.train.restoration import joint_training as joint

_WARM = 2  # first steps of either kind, which are not counted


class Plain:
    """The eager float32 loop: a network as it is built, and the step that anyone would write."""

    def __init__(self, config: TrainConfig, pool: Pool) -> None:
        run = dataclasses.replace(config.run, precision="float32")
        self.config = dataclasses.replace(config, run=run)
        self.objective = _objective(self.config, pool)
        torch.manual_seed(config.seed)
        # in place of the network that the objective has hastened and made channels-last
        self.objective.module = _plain_module(self.config)
        self.groups = self.objective.parameter_groups()
        self.optimiser = torch.optim.AdamW(
            [
                {"params": group.parameters, "weight_decay": group.weight_decay}
                for group in self.groups
            ],
            betas=(config.optimiser.beta1, config.optimiser.beta2),
        )

    def step(self, number: int) -> None:
        """Make the step of this number."""
        rate = learning_rate(number, self.config.run.steps, self.config.optimiser)
        for settings, group in zip(self.optimiser.param_groups, self.groups, strict=True):
            settings["lr"] = rate * group.rate
        self.optimiser.zero_grad()
        self.objective.before_micro_batch()
        loss, _ = self.objective.module(self.objective.make_batch(number))
        loss.backward()
        for group in self.groups:
            if group.clip > 0:
                nn.utils.clip_grad_norm_(group.parameters, group.clip)
        self.optimiser.step()
        self.objective.after_micro_batch(torch.tensor(True))


def _objective(config: TrainConfig, pool: Pool) -> Any:
    return (RestorerTrainable if config.trains_restorer else RainmerTrainable)(config, pool)


def _plain_module(config: TrainConfig) -> nn.Module:
    if config.trains_restorer:
        return joint.JointTraining(Restorer(config.restorer_config), config).train()
    return MomentumContrast(RainmerEncoder(config.model.rainmer), config.objective)


def contiguous(work: Callable[[], None]) -> Callable[[], None]:
    """Do work by the modules alone, on images as they come instead of channels-last."""

    def done() -> None:
        places = [(module, module.to_channels_last) for module in (compiled, joint)]
        try:
            for module, _ in places:
                module.to_channels_last = lambda images: images  # type: ignore[assignment]
            with mock.patch.dict(os.environ, {KERNELS: "torch"}):
                work()
        finally:
            for module, before in places:
                module.to_channels_last = before  # type: ignore[assignment]

    return done


def measure(config: TrainConfig, pool: Pool, folder: Path) -> list[tuple[float, float]]:
    """Time each step of both loops, in seconds: shipped, plain."""
    plain = Plain(config, pool)
    found: list[tuple[float, float]] = []
    since = 0.0

    def after(step: int, _: Mapping[str, float]) -> None:
        nonlocal since
        ours = time.perf_counter() - since
        start = time.perf_counter()
        contiguous(lambda: plain.step(step - 1))()
        found.append((ours, time.perf_counter() - start))
        since = time.perf_counter()

    objective = _objective(config, pool)
    since = time.perf_counter()
    train(objective, config, folder, identity="benchmark", hooks=Hooks(progress=after))
    return found


def summary(found: list[tuple[float, float]], every: int) -> dict[str, Any]:
    """Weigh steps with and without views as the configuration has them."""
    rows = found[_WARM:]
    with_views, without = (rows[0::2], rows[1::2]) if every > 1 else (rows, rows)
    weighed = [
        tuple((v + (every - 1) * w) / every for v, w in zip(both, alone, strict=True))
        for both, alone in zip(with_views, without, strict=False)
    ]
    each = [plain for _, plain in with_views]
    ours = [seconds for seconds, _ in weighed]
    result = {
        "shipped_steps_per_second": round(1 / median(ours), 3),
        "plain_steps_per_second": round(1 / median(plain for _, plain in weighed), 3),
        "ratios": [round(plain / seconds, 2) for seconds, plain in weighed],
        "ratio": round(median(plain / seconds for seconds, plain in weighed), 2),
        "pairs": len(weighed),
        "views_in_one_of": every,
    }
    if every > 1:
        against = zip(ours, each, strict=True)
        result["ratio_views_in_each"] = round(median(p / s for s, p in against), 2)
    return result


def settings(name: str, steps: int, threads: int) -> TrainConfig:
    """Read a configuration, for a few steps on a small pool without validation."""
    config = read_train_config(name)
    every = 2 if config.trains_restorer and config.objective.every > 1 else config.objective.every
    data = dataclasses.replace(
        config.data,
        simulated=config.data.simulated[:2],
        per_dataset=12,
        held_out=0.0,
        real="",
        photographs=(),
        night=(),
        night_recipe=config.data.simulated[0],
        pairs={},
        sampling="proportional",
        weights={},
    )
    run = dataclasses.replace(config.run, steps=_WARM + 2 * steps, threads=threads)
    objective = dataclasses.replace(config.objective, every=every)
    return dataclasses.replace(config, data=data, run=run, objective=objective)


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", nargs="*", default=["compact", "derain"])
    parser.add_argument("--steps", type=int, default=5, help="pairs of steps to count")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, help="JSON file")
    given = parser.parse_args()
    results = {}
    for name in given.config:
        config = settings(name, given.steps, given.threads)
        with tempfile.TemporaryDirectory() as place:
            pool = make_or_open_pair_pool(config, Path(place) / "pools", workers=0)
            found = measure(config, pool, Path(place))
        every = read_train_config(name).objective.every if config.trains_restorer else 1
        results[name] = summary(found, max(every, 1))
        _show(name, results[name])
    if given.out:
        document = {"benchmark": "training", "threads": given.threads, "results": results}
        write(given.out, document | {"machine": machine()})


def _show(name: str, found: dict[str, Any]) -> None:
    more = ""
    if "ratio_views_in_each" in found:
        more = f"; {found['ratio_views_in_each']} if the plain loop compares views in each batch"
    print(
        f"{name}: shipped {found['shipped_steps_per_second']} steps/s, plain "
        f"{found['plain_steps_per_second']}, ratio {found['ratio']} "
        f"({min(found['ratios'])} to {max(found['ratios'])}){more}",
        flush=True,
    )


if __name__ == "__main__":
    main()
