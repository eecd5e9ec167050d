"""Run by torchrun: gradients of one batch, and a short run, as shared by several processes.

torchrun --nproc-per-node 2 ranks.py CONFIG.json POOL_FOLDER OUT_FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from rainmer_analysis.train.config import parse_config
from rainmer_analysis.train.contrast import AirNetObjective, EncoderObjective
from rainmer_analysis.train.data import open_pool
from rainmer_analysis.train.loop import several, train
from rainmer_analysis.train.restoration import RestorerObjective

OBJECTIVES = {
    "encoder": EncoderObjective,
    "airnet": AirNetObjective,
    "rainmer": RestorerObjective,
}


def main(config_file: str, pool_folder: str, out: str) -> None:
    torch.set_num_threads(1)
    config = parse_config(json.loads(Path(config_file).read_text(encoding="utf-8")))
    pool = open_pool(Path(pool_folder))
    with several("cpu") as place:
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
            torch.save({"gradients": gradients, "queue": queue}, Path(out) / "shared.pt")
        place.wait()
        run = Path(out) / "run"
        run.mkdir(exist_ok=True)
        again = OBJECTIVES[config.trains](config, pool, place)
        train(again, config, run, identity="x", place=place)


if __name__ == "__main__":
    main(*sys.argv[1:])
