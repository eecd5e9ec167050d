"""Run as torchrun runs it: gradients of one batch, and a short run, as shared by several processes.

torchrun --nproc-per-node 2 ranks.py CONFIG.json POOL_FOLDER OUT_FOLDER
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from rainmer_analysis.train.config import TrainConfig, parse_train_config
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.data import Pool, open_pool
from rainmer_analysis.train.loop import DistributedContext, ParameterGroup, init_distributed, train
from rainmer_analysis.train.restoration import RestorerTrainable

OBJECTIVES = {
    "encoder": RainmerTrainable,
    "airnet": AirNetTrainable,
    "rainmer": RestorerTrainable,
}


def main(folder: str) -> None:
    torch.set_num_threads(1)
    place_of = Path(folder)
    pool = open_pool(place_of / "pool")
    with init_distributed("cpu") as place:
        uneven(place, place_of / "uneven")
        for file in sorted(place_of.glob("*.json")):
            config = parse_train_config(json.loads(file.read_text(encoding="utf-8")))
            share(config, pool, place, out=place_of / file.stem)


class Uneven(nn.Linear):
    """What trains itself; the loss of batch 1 is not finite in rank 1 alone."""

    queries_per_batch = 2
    number_names = ("loss",)
    has_unused_parameters = False
    criterion = ("loss", -1)

    def __init__(self, place: DistributedContext) -> None:
        super().__init__(1, 1)
        self.place, self.remembered = place, 0

    @property
    def module(self) -> nn.Module:
        return self

    network = module

    def parameter_groups(self) -> list[ParameterGroup]:
        return [ParameterGroup(list(self.parameters()), 1.0, 0.0, 0.0)]

    def make_batch(self, number: int) -> float:
        return math.nan if (self.place.rank, number) == (1, 1) else 1.0

    def forward(self, factor: float) -> tuple[Tensor, dict[str, Tensor]]:
        loss = super().forward(torch.ones(1, 1)).sum() * factor
        return loss, {"loss": loss.detach()}

    def before_micro_batch(self) -> None:
        pass

    def after_micro_batch(self, is_finite: Tensor) -> None:
        keys = self.place.all_gather(torch.zeros(1))
        self.remembered += int(is_finite) * len(keys)

    def validate(self) -> dict[str, float]:
        return {}

    def render_example_sheet(self) -> None:
        return None


def uneven(place: DistributedContext, out: Path) -> None:
    """Train where one process alone meets a number that is not finite."""
    out.mkdir(exist_ok=True)
    data = {"simulated": ["light"]}
    config = parse_train_config({"data": data, "run": {"steps": 3, "batch": 2, "log_every": 1}})
    objective = Uneven(place)
    train(objective, config, out, identity="x", context=place)
    (out / f"remembered-{place.rank}").write_text(str(objective.remembered), encoding="utf-8")
    assert not place.all_equal(place.rank)
    assert place.all_equal(7)


def share(config: TrainConfig, pool: Pool, place: DistributedContext, *, out: Path) -> None:
    out.mkdir(exist_ok=True)
    objective = OBJECTIVES[config.trained_network](config, pool, place)
    module = place.wrap_ddp(objective.module, has_unused_parameters=objective.has_unused_parameters)
    objective.before_micro_batch()
    loss, _ = module(objective.make_batch(0))
    loss.backward()
    objective.after_micro_batch(torch.tensor(True))
    gradients = {
        name: p.grad for name, p in objective.network.named_parameters() if p.grad is not None
    }
    queue = getattr(objective.module, "queue", torch.empty(0))
    place.barrier()
    trained = OBJECTIVES[config.trained_network](config, pool, place)
    train(trained, config, out, identity="x", context=place)
    last = {n: p.grad for n, p in trained.network.named_parameters() if p.grad is not None}
    if place.is_main_process:
        torch.save({"gradients": gradients, "queue": queue, "last": last}, out / "shared.pt")


if __name__ == "__main__":
    main(*sys.argv[1:])
