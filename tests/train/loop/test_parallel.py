"""Two processes, joined by gloo, against one with the same batch."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import AirNetObjective, EncoderObjective
from rainmer_analysis.train.data import Pool, Sample, build_pool
from rainmer_analysis.train.loop import Objective, train
from rainmer_analysis.train.restoration import RestorerObjective
from rainmer_analysis.values import plain

SCRIPT = Path(__file__).with_name("ranks.py")


def shared_run(config: TrainConfig, pool: Pool, folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    samples = (
        Sample(
            pool.datasets[row],
            pool.scenes[row],
            *(
                np.asarray(getattr(pool, name)[row])
                for name in ("degraded", "clean", "degraded_native", "clean_native")
            ),
        )
        for row in range(len(pool))
    )
    build_pool(samples, folder / "pool", count=len(pool), digest=pool.digest)
    (folder / "config.json").write_text(json.dumps(plain(config)), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(SCRIPT)]
    command += [str(folder / name) for name in ("config.json", "pool", ".")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, torch.Tensor]] = torch.load(folder / "shared.pt", weights_only=True)
    return found


def losses(folder: Path) -> list[float]:
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def alone(objective: Objective) -> dict[str, torch.Tensor]:
    objective.before()
    objective.module(objective.batch(0))[0].backward()
    objective.after()
    return {n: p.grad for n, p in objective.network.named_parameters() if p.grad is not None}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["encoder", "rainmer"])
def test_two_processes_give_the_gradients_of_one(
    kind: str,
    pool: Pool,
    settings: Callable[..., TrainConfig],
    restoring: Callable[..., TrainConfig],
    tmp_path: Path,
) -> None:
    own = {"run": {"steps": 2, "batch": 4, "accumulate": 2}}
    config = settings(**own) if kind == "encoder" else restoring(**own)
    objective = EncoderObjective if kind == "encoder" else RestorerObjective
    shared = shared_run(config, pool, tmp_path)
    expected = alone(objective(config, pool))
    assert set(shared["gradients"]) == set(expected)
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        found = shared["gradients"][name]
        torch.testing.assert_close(found, gradient, atol=1e-5 * largest, rtol=1e-3)
    (tmp_path / "one").mkdir()
    train(objective(config, pool), config, tmp_path / "one", identity="x")
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(tmp_path / "one"), rtol=1e-3)


@pytest.mark.slow
def test_the_queue_takes_the_keys_of_both_processes(
    pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    config = settings("airnet", run={"steps": 1, "batch": 2})
    shared = shared_run(config, pool, tmp_path)
    objective = AirNetObjective(config, pool)
    start = objective.module.queue.clone()
    alone(objective)
    # Batch normalisation is each process's own, so keys differ; the places that were filled do not.
    filled = (objective.module.queue != start).any(dim=1)
    assert torch.equal((shared["queue"] != start).any(dim=1), filled)
    assert int(filled.sum()) == 4
    torch.testing.assert_close(shared["queue"].norm(dim=1), torch.ones(len(start)))
