"""Run by torchrun: gradients of one batch, and a short run, as shared by several processes.

torchrun --nproc-per-node 2 ranks.py CONFIG.json POOL_FOLDER OUT_FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from rainmer_analysis.train.config import TrainConfig, parse_config
from rainmer_analysis.train.contrast import AirNetObjective, EncoderObjective
from rainmer_analysis.train.data import Pool, open_pool
from rainmer_analysis.train.loop import Place, several, train
from rainmer_analysis.train.restoration import RestorerObjective

OBJECTIVES = {
    "encoder": EncoderObjective,
    "airnet": AirNetObjective,
    "rainmer": RestorerObjective,
}


def main(folder: str) -> None:
    torch.set_num_threads(1)
    place_of = Path(folder)
    pool = open_pool(place_of / "pool")
    with several("cpu") as place:
        for file in sorted(place_of.glob("*.json")):
            config = parse_config(json.loads(file.read_text(encoding="utf-8")))
            share(config, pool, place, out=place_of / file.stem)


def share(config: TrainConfig, pool: Pool, place: Place, *, out: Path) -> None:
    out.mkdir(exist_ok=True)
    objective = OBJECTIVES[config.trains](config, pool, place)
    module = place.wrapped(objective.module)
    objective.before()
    loss, _ = module(objective.batch(0))
    loss.backward()
    objective.after()
    gradients = {
        name: p.grad for name, p in objective.network.named_parameters() if p.grad is not None
    }
    queue = getattr(objective.module, "queue", torch.empty(0))
    if place.leads:
        torch.save({"gradients": gradients, "queue": queue}, out / "shared.pt")
    place.wait()
    train(OBJECTIVES[config.trains](config, pool, place), config, out, identity="x", place=place)


if __name__ == "__main__":
    main(*sys.argv[1:])
