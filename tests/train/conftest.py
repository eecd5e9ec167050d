"""A small training pool and a configuration that trains on it in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rainmer_analysis.train.config import TrainConfig, parse_train_config
from rainmer_analysis.train.data import Pool


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pool() -> Pool:
    rng = np.random.default_rng(0)
    count = 16
    clean = rng.integers(0, 200, (count, 3, 1, 1)) + rng.integers(0, 30, (count, 3, 128, 128))
    rain = rng.integers(0, 60, (count, 1, 128, 128)) * (rng.random((count, 1, 128, 128)) < 0.2)
    degraded = np.clip(clean + rain, 0, 255).astype(np.uint8)
    clean = clean.astype(np.uint8)
    names = ("light", "heavy")
    return Pool(
        degraded=degraded,
        clean=clean,
        degraded_native=degraded,
        clean_native=clean,
        datasets=tuple(names[row % 2] for row in range(count)),
        scene_of_each_row=tuple(f"scene-{row // 2}" for row in range(count)),
        digest="0" * 64,
    )


@pytest.fixture
def settings() -> Callable[..., TrainConfig]:
    def make(encoder: str = "rainmer", **sections: dict[str, Any]) -> TrainConfig:
        document: dict[str, Any] = {
            "encoder": encoder,
            "model": {"width": "tiny"},
            "data": {"simulated": ["light", "heavy"], "held_out": 0.25, "native": 128},
            "objective": {"crop": 16, "archive": 6, "queue_per_type": 4, "momentum": 0.9},
            "optimiser": {"lr": 1e-2, "schedule": "cosine", "warmup": 2},
            "run": {
                "steps": 6,
                "batch": 2,
                "checkpoint_every": 2,
                "log_every": 1,
                "validate_every": 3,
                "validation_batches": 1,
            },
        }
        for name, section in sections.items():
            document[name] = {**document.get(name, {}), **section}
        return parse_train_config(document)

    return make


@pytest.fixture
def restoring(settings: Callable[..., TrainConfig]) -> Callable[..., TrainConfig]:
    """Settings of a run that trains a tiny restorer with its encoder."""

    def make(**sections: dict[str, Any]) -> TrainConfig:
        restorer = {
            "variant": "Rainmer_SA_detgalpha",
            "blocks": [1, 1, 1, 1],
            "heads": [1, 1, 2, 2],
            "crop": 16,
            "clip": 0.0,
        }
        own = {"objective": {"every": 2}, **sections}
        own["restorer"] = {**restorer, **sections.get("restorer", {})}
        return settings(**own)

    return make
