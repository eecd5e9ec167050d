from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.airnet_trainable import AirNetTrainable, Crops, QueueContrast
from rainmer_analysis.train.data import Pool


@pytest.fixture
def contrast() -> QueueContrast:
    torch.manual_seed(0)
    encoder = AirNetEncoder(AirNetConfig(width=4, out=8))
    return QueueContrast(encoder, size=6, temperature=0.07, seed=1)


def test_the_queue_is_first_in_first_out(contrast: QueueContrast) -> None:
    start = contrast.queue.clone()
    torch.testing.assert_close(start.norm(dim=1), torch.ones(6))
    keys = torch.randn(8, 8)
    is_finite = torch.tensor(True)
    contrast.enqueue(keys[:4], is_finite)
    assert torch.equal(contrast.queue, torch.cat([keys[:4], start[4:]]))
    contrast.enqueue(keys[4:], is_finite)
    assert torch.equal(contrast.queue, torch.cat([keys[6:], keys[2:4], keys[4:6]]))
    assert int(contrast.pointer) == 2


def test_nothing_is_remembered_that_is_not_finite(contrast: QueueContrast) -> None:
    start = contrast.queue.clone()
    keys = torch.randn(4, 8)
    contrast.enqueue(keys, torch.tensor(False))
    contrast.enqueue(keys.index_fill(0, torch.tensor([2]), math.nan), torch.tensor(True))
    assert torch.equal(contrast.queue, start)
    assert int(contrast.pointer) == 0


def test_logits_by_hand(contrast: QueueContrast) -> None:
    contrast.eval()
    first, second = torch.rand(3, 3, 16, 16), torch.rand(3, 3, 16, 16)
    logits = contrast.logits(Crops(first, second))
    keys = contrast.last
    assert keys is not None
    query = contrast.query(first).out.detach()
    for b in range(3):
        own = query[b] / query[b].norm()
        expected = [own @ keys[b], *(own @ entry for entry in contrast.queue)]
        for logit, value in zip(logits[b].detach(), expected, strict=True):
            assert float(logit) == pytest.approx(float(value) / 0.07, abs=1e-4)
    assert not keys.requires_grad
    assert logits.requires_grad


def test_key_statistics_are_of_the_key_crops(contrast: QueueContrast) -> None:
    contrast.train()
    first, second = torch.rand(4, 3, 16, 16), torch.rand(4, 3, 16, 16) * 0.1
    contrast(Crops(first, second))
    query = contrast.query.E_pre.backbone[1].running_var
    key = contrast.key.E_pre.backbone[1].running_var
    assert not torch.allclose(query, key)


def test_the_queue_has_entries_for_each_dataset(
    pool: Pool, settings: Callable[..., TrainConfig]
) -> None:
    objective = AirNetTrainable(settings("airnet"), pool)
    assert len(objective.module.queue) == 4 * 2
    assert objective.queries_per_batch == 2 * 2


def test_steps_enqueue_and_validation_does_not(
    pool: Pool, settings: Callable[..., TrainConfig]
) -> None:
    objective = AirNetTrainable(settings("airnet"), pool)
    objective.before_micro_batch()
    loss, numbers = objective.module(objective.make_batch(0))
    objective.after_micro_batch(torch.tensor(True))
    assert math.isfinite(float(numbers["loss"]))
    assert loss.requires_grad
    assert int(objective.module.pointer) == 4
    before = {k: v.clone() for k, v in objective.module.state_dict().items()}
    assert objective.validate() == objective.validate()
    after = objective.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert objective.module.training
