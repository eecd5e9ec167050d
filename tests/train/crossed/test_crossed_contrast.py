from __future__ import annotations

import numpy as np
import pytest
import torch

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.errors import ConfigError
from rainmer_analysis.train.config import parse_train_config
from rainmer_analysis.train.crossed import CrossedPool, CrossedTrainable
from rainmer_analysis.train.crossed.crossed_losses import soft_contrastive_loss


def test_several_processes_are_refused(crossed_pool: CrossedPool) -> None:
    config = parse_train_config(
        {
            "data": {"simulated": ["light"]},
            "crossed": {"draws": {"light": 3}, "batch_draws": 3, "batch_scenes": 2},
        }
    )
    with pytest.raises(ConfigError, match="2 were started; start one, without torchrun"):
        CrossedTrainable(config, crossed_pool, DistributedContext(world=2))


def test_each_view_is_opposed_by_what_is_strong_in_it(crossed_pool: CrossedPool) -> None:
    config = parse_train_config(
        {
            "data": {"simulated": ["light"]},
            "objective": {"crop": 32},
            "crossed": {"draws": {"light": 3}, "batch_draws": 3, "batch_scenes": 2},
        }
    )
    trainable = CrossedTrainable(config, crossed_pool)
    batch = trainable.make_batch(0)
    with torch.no_grad():
        numbers = trainable.module(batch)[1]
        output = trainable.network(batch.images)
    lights = batch.light.double().numpy()
    for view, vectors, weights in (
        ("chromatic", output.chromatic_z, ((lights - lights.mean(axis=0)) ** 2).sum(axis=1)),
        ("degradation", output.degradation_z, batch.energies.double().numpy()),
    ):
        mean = np.average(vectors.double().numpy(), axis=0, weights=weights)
        assert float(numbers[f"cosine_{view}"]) == pytest.approx(mean @ mean, rel=1e-4)


def test_weather_counts_in_the_distance_of_light_as_far_as_asked(crossed_pool: CrossedPool) -> None:
    draws = {"draws": {"light": 3}, "batch_draws": 3, "batch_scenes": 2}
    config = parse_train_config(
        {
            "data": {"simulated": ["light"]},
            "objective": {"crop": 32},
            "crossed": {**draws, "weather_in_light": 0.5, "light_bandwidth": 0.3},
        }
    )
    trainable = CrossedTrainable(config, crossed_pool)
    batch = trainable.make_batch(0)
    with torch.no_grad():
        numbers = trainable.module(batch)[1]
        features = trainable.network(batch.images).chromatic_p
    weather = np.sqrt(((batch.descriptors[:, None] - batch.descriptors) ** 2).mean(dim=-1).numpy())
    expected = soft_contrastive_loss(
        features,
        torch.from_numpy(torch.cdist(batch.light, batch.light).numpy() + 0.5 * weather),
        batch.scenes[:, None] != batch.scenes,
        bandwidth=0.3,
        temperature=config.crossed.temperature_chromatic,
    )
    assert float(numbers["chromatic"]) == pytest.approx(float(expected), rel=1e-3)
