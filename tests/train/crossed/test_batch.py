from __future__ import annotations

import numpy as np
import torch

from rainmer_analysis.train.config.sections.crossed_section import CrossedConfig
from rainmer_analysis.train.crossed import CrossedPool
from rainmer_analysis.train.crossed.crossed_batch import CrossedBatches
from rainmer_analysis.train.crossed.image_descriptors import OCTAVES, describe_light


def _batches(pool: CrossedPool, **changes: float) -> CrossedBatches:
    config = CrossedConfig(batch_draws=3, batch_scenes=2, **changes)
    return CrossedBatches(pool, pool.block_numbers(held_out=False), config=config, crop=32, seed=1)


def test_a_batch_is_a_function_of_seed_and_number(crossed_pool: CrossedPool) -> None:
    first, second = _batches(crossed_pool)(7), _batches(crossed_pool)(7)
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, _batches(crossed_pool)(8).images)


def test_every_draw_falls_on_every_scene(crossed_pool: CrossedPool) -> None:
    batch = _batches(crossed_pool)(0)
    assert batch.images.shape == (6, 3, 32, 32)
    cells = set(zip(batch.draws.tolist(), batch.scenes.tolist(), strict=True))
    assert cells == {(d, s) for d in range(3) for s in range(2)}
    for draw in range(3):
        own = batch.descriptors[batch.draws == draw]
        assert torch.equal(own[0], own[1])


def test_light_is_that_of_the_images_as_they_are_shown(crossed_pool: CrossedPool) -> None:
    batch = _batches(crossed_pool, relit=1.0)(3)
    assert torch.equal(batch.light, describe_light(batch.images))


def test_relit_images_have_the_mean_colours_of_others(crossed_pool: CrossedPool) -> None:
    plain, relit = (_batches(crossed_pool, relit=share)(5) for share in (0.0, 1.0))
    before, after = (batch.images.mean(dim=(2, 3)) for batch in (plain, relit))
    gaps = (after[:, None] - before[None]).abs().amax(dim=2).amin(dim=1)
    assert float(gaps.max()) < 0.02  # clipping aside, each has the colours of one of them
    assert not torch.allclose(before, after, atol=0.02)


def test_descriptors_are_standardised_over_the_training_blocks(crossed_pool: CrossedPool) -> None:
    batches = _batches(crossed_pool)
    training = batches._descriptors[:3].reshape(-1, 12)
    assert np.allclose(training.mean(axis=0), 0)
    assert np.allclose(training.std(axis=0), 1)
    assert np.array_equal(batches.with_blocks(np.array([3]))._descriptors, batches._descriptors)


def test_energies_are_those_of_the_draws(crossed_pool: CrossedPool) -> None:
    batch = _batches(crossed_pool)(4)
    octaves = crossed_pool.descriptors.mean(axis=2)[..., : len(OCTAVES)]
    energies = (octaves**2).sum(axis=-1)
    for energy in batch.energies.numpy():
        assert np.isclose(energies, energy, rtol=1e-5).any()
