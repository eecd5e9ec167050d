"""Two processes, joined by gloo, against one with the same batch."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rainmer_analysis.distributed import distributed_context
from rainmer_analysis.train.config import TrainConfig, parse_train_config
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.data import Pool, Sample, build_pool
from rainmer_analysis.train.loop import Trainable, train
from rainmer_analysis.train.restoration import RestorerTrainable
from tests.forked import ForkedPythons

SCRIPT = Path(__file__).with_name("ranks.py")
ARRAYS = ("degraded", "clean", "degraded_native", "clean_native")
OWN: dict[str, dict[str, Any]] = {
    "encoder": {"run": {"steps": 2, "batch": 4, "accumulate": 2}},
    "rainmer": {
        "run": {"steps": 1, "batch": 4, "accumulate": 2},
        "objective": {"every": 2},
        "restorer": {
            "variant": "Rainmer_SA_detgalpha",
            "blocks": [1, 1, 1, 1],
            "heads": [1, 1, 2, 2],
            "crop": 16,
            "clip": 0.0,
        },
    },
    "airnet": {"encoder": "airnet", "run": {"steps": 1, "batch": 2}},
}
BASE: dict[str, Any] = {
    "model": {"width": "tiny"},
    "data": {"simulated": ["light", "heavy"], "held_out": 0.25, "native": 128},
    "objective": {"crop": 16, "archive": 6, "queue_per_type": 4, "momentum": 0.9},
    "optimiser": {"lr": 1e-2},
    "run": {"log_every": 1, "validate_every": 2, "validation_batches": 1},
}


def document(kind: str) -> dict[str, Any]:
    sections = {name: dict(section) for name, section in BASE.items()}
    for name, section in OWN[kind].items():
        sections[name] = sections.get(name, {}) | section if isinstance(section, dict) else section
    return sections


@pytest.fixture(scope="module")
def shared(pool: Pool, forked: ForkedPythons, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what two processes made of every configuration."""
    folder = tmp_path_factory.mktemp("shared")
    samples = (
        Sample(
            pool.datasets[row],
            pool.scene_of_each_row[row],
            *(np.asarray(getattr(pool, name)[row]) for name in ARRAYS),
        )
        for row in range(len(pool))
    )
    build_pool(samples, folder / "pool", count=len(pool), digest=pool.digest)
    for kind in OWN:
        (folder / f"{kind}.json").write_text(json.dumps(document(kind)), encoding="utf-8")
    for ended in forked.run_ranks([str(SCRIPT), str(folder)]):
        assert ended.code == 0, ended.err[-3000:]
    return folder


def saved(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / "shared.pt", weights_only=True)
    return found


def losses(folder: Path) -> list[float]:
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def alone(objective: Trainable) -> dict[str, torch.Tensor]:
    objective.before_micro_batch()
    objective.module(objective.make_batch(0))[0].backward()
    objective.after_micro_batch(torch.tensor(True))
    return gradients_of(objective)


def gradients_of(objective: Trainable) -> dict[str, torch.Tensor]:
    return {n: p.grad for n, p in objective.network.named_parameters() if p.grad is not None}


def assert_equal(
    found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], near: float = 1e-5
) -> None:
    """Equal but for the order of additions."""
    assert set(found) == set(expected)
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=near * largest, rtol=1e-3)


def configured(kind: str) -> TrainConfig:
    return parse_train_config(document(kind))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "objective"), [("encoder", RainmerTrainable), ("rainmer", RestorerTrainable)]
)
def test_two_processes_give_the_gradients_of_one(
    kind: str,
    objective: type[RainmerTrainable | RestorerTrainable],
    pool: Pool,
    shared: Path,
    tmp_path: Path,
) -> None:
    config = configured(kind)
    assert config.trained_network == kind
    found = saved(shared / kind)
    assert_equal(found["gradients"], alone(objective(config, pool)))
    trained = objective(config, pool)
    train(trained, config, tmp_path, identity="x")
    np.testing.assert_allclose(losses(shared / kind), losses(tmp_path), rtol=1e-3)
    if config.run.steps == 1:
        # Of two micro-batches, the second of which leaves the heads of the views unused.
        assert_equal(found["last"], gradients_of(trained), near=1e-4)


@pytest.mark.slow
def test_one_process_with_a_loss_that_is_not_finite_holds_up_none(shared: Path) -> None:
    with (shared / "uneven" / "log.csv").open(newline="", encoding="utf-8") as file:
        assert [row["skipped"] for row in csv.DictReader(file)] == ["0", "1", "1"]
    for rank in range(2):
        assert (shared / "uneven" / f"remembered-{rank}").read_text(encoding="utf-8") == "4"


@pytest.mark.slow
def test_the_queue_takes_the_keys_of_both_processes(pool: Pool, shared: Path) -> None:
    objective = AirNetTrainable(configured("airnet"), pool)
    start = objective.module.queue.clone()
    alone(objective)
    found = saved(shared / "airnet")["queue"]
    # Batch normalisation is each process's own, so keys differ; the places filled do not.
    filled = (objective.module.queue != start).any(dim=1)
    assert torch.equal((found != start).any(dim=1), filled)
    assert int(filled.sum()) == 4
    torch.testing.assert_close(found.norm(dim=1), torch.ones(len(start)))


def test_auto_says_what_it_took(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with caplog.at_level("INFO"):
        assert distributed_context._device_named("auto") == torch.device("cpu")
    assert "device: cpu (no CUDA device was found)" in caplog.text


@pytest.mark.parametrize(("local", "device"), [("0", 0), ("1", 1), ("2", 0), ("5", 1)])
def test_more_processes_than_devices_share_them(
    monkeypatch: pytest.MonkeyPatch, local: str, device: int
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", local)
    assert (
        distributed_context._device_named("auto")
        == distributed_context._device_named("cuda")
        == torch.device("cuda", device)
    )
