from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder
from rainmer_analysis.train.config import ObjectiveConfig, TrainConfig
from rainmer_analysis.train.contrast import RainmerTrainable
from rainmer_analysis.train.contrast.contrastive_losses import (
    VIEWS,
    contrastive_losses,
    query_key_cosines,
    share_with_nearest_positive,
)
from rainmer_analysis.train.contrast.momentum_contrast import (
    ContrastBatch,
    MomentumContrast,
    ViewImages,
    encode_keys,
    view_cosines,
)
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.loop import momentum_update


def test_losses_at_chance() -> None:
    ones = {view: torch.ones(3, 5) for view in VIEWS}
    losses = contrastive_losses(ones)
    assert float(losses["chromatic"]) == pytest.approx(math.log(5), abs=1e-6)
    assert float(losses["degradation"]) == pytest.approx(math.log(1 + 8 / math.e), abs=1e-6)


def test_losses_by_hand() -> None:
    rng = np.random.default_rng(0)
    cosines = {view: rng.uniform(-1, 1, (3, 5)) for view in VIEWS}
    losses = contrastive_losses(
        {view: torch.from_numpy(values) for view, values in cosines.items()},
        chromatic_temperature=0.5,
        degradation_temperature=2.0,
    )
    chromatic, joint = [], []
    for b in range(3):
        terms = [math.exp(c / 0.5) for c in cosines["chromatic"][b]]
        chromatic.append(-math.log(terms[0] / sum(terms)))
        deg, det = cosines["degradation"][b], cosines["detail"][b]
        logits = [deg[0] + det[0], *deg[1:], *det[1:]]
        terms = [math.exp(c / 2.0) for c in logits]
        joint.append(-math.log(terms[0] / sum(terms)))
    assert float(losses["chromatic"]) == pytest.approx(np.mean(chromatic))
    assert float(losses["degradation"]) == pytest.approx(np.mean(joint))


def test_similarity_of_maps_is_the_mean_over_positions() -> None:
    query, keys = torch.randn(2, 6, 3, 4), torch.randn(2, 5, 6, 3, 4)
    found = query_key_cosines(query, keys)
    for b in range(2):
        for k in range(5):
            dots = [
                float(query[b, :, i, j] @ keys[b, k, :, i, j]) for i in range(3) for j in range(4)
            ]
            assert float(found[b, k]) == pytest.approx(sum(dots) / 12, abs=1e-5)


def test_accuracy_needs_the_positive_before_all_negatives() -> None:
    cosines = torch.tensor([[0.9, 0.1, 0.2], [0.5, 0.4, 0.6], [0.3, 0.3, 0.1]])
    assert float(share_with_nearest_positive(cosines)) == pytest.approx(1 / 3)


def test_key_parameters_follow() -> None:
    key, query = nn.Linear(2, 2), nn.Linear(2, 2)
    expected = [
        0.9 * k.detach() + 0.1 * q.detach()
        for k, q in zip(key.parameters(), query.parameters(), strict=True)
    ]
    before = [q.detach().clone() for q in query.parameters()]
    momentum_update(key, query, 0.9)
    torch.testing.assert_close([k.detach() for k in key.parameters()], expected)
    assert all(torch.equal(q, b) for q, b in zip(query.parameters(), before, strict=True))


@pytest.fixture
def wrapper() -> MomentumContrast:
    torch.manual_seed(0)
    return MomentumContrast(RainmerEncoder(EncoderConfig(dim=4, base_dim=16)), ObjectiveConfig())


def test_a_query_equals_its_own_key(wrapper: MomentumContrast) -> None:
    query = torch.rand(3, 3, 16, 24)
    views = {view: ViewImages(query, torch.rand(3, 4, 3, 16, 24)) for view in VIEWS}
    cosines = view_cosines(wrapper.query(query), wrapper.key, views)
    for view in VIEWS:
        assert cosines[view].shape == (3, 5)
        torch.testing.assert_close(cosines[view][:, 0], torch.ones(3))
        assert (cosines[view][:, 1:] < 1).all()


def test_keys_are_those_of_a_whole_forward_pass(wrapper: MomentumContrast) -> None:
    images = torch.rand(6, 3, 16, 24)
    output = wrapper.key(images)
    torch.testing.assert_close(encode_keys(wrapper.key, images, "chromatic"), output.chromatic_z)
    torch.testing.assert_close(
        encode_keys(wrapper.key, images, "degradation"), output.degradation_z
    )
    norms = encode_keys(wrapper.key, images, "detail").norm(dim=1)
    torch.testing.assert_close(norms, torch.ones_like(norms))


def test_gradients_reach_the_query_encoder_alone(wrapper: MomentumContrast) -> None:
    query = torch.rand(2, 3, 16, 16)
    views = {
        view: ViewImages(torch.rand_like(query), torch.rand(2, 4, 3, 16, 16)) for view in VIEWS
    }
    wrapper(ContrastBatch(query, views))[0].backward()
    assert all(p.grad is None for p in wrapper.key.parameters())
    reached = [p.grad is not None and bool((p.grad != 0).any()) for p in wrapper.query.parameters()]
    assert sum(reached) > 0.9 * len(reached)


def test_bfloat16_keeps_losses_near(pool: Pool, settings: Callable[..., TrainConfig]) -> None:
    def numbers(precision: str) -> dict[str, torch.Tensor]:
        objective = RainmerTrainable(settings(run={"precision": precision}), pool)
        return objective.module(objective.make_batch(0))[1]

    exact, rough = numbers("float32"), numbers("bf16")
    assert float(rough["loss"]) == pytest.approx(float(exact["loss"]), abs=0.02)


def test_validation_changes_nothing(pool: Pool, settings: Callable[..., TrainConfig]) -> None:
    objective = RainmerTrainable(settings(), pool)
    before = {k: v.clone() for k, v in objective.module.state_dict().items()}
    first, second = objective.validate(), objective.validate()
    assert first == second
    assert {"loss", "accuracy_chromatic", "accuracy_degradation"} <= set(first)
    after = objective.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
