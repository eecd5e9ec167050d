from __future__ import annotations

import pytest
import torch

from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.train.crossed.initialise_encoder import initialise_from_images


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    levels = torch.rand(12, 3, 1, 1, generator=random)
    return (levels * torch.rand(12, 3, 24, 24, generator=random)).clamp(0, 1)


def test_scales_are_one_and_embeddings_are_centred(images: torch.Tensor) -> None:
    torch.manual_seed(1)
    encoder = RainmerEncoder(WIDTHS["quarter"])
    with torch.no_grad():
        before = encoder(images).degradation_z
        initialise_from_images(encoder, images)
        output = encoder(images)
    assert float(output.location.square().mean().sqrt()) == pytest.approx(1.0, abs=0.05)
    for pooled in (output.chromatic_p, output.degradation_p):
        assert float(pooled.mean(dim=0).abs().max()) < 2e-3
    spread = (output.degradation_z @ output.degradation_z.T).mean()
    assert float((before @ before.T).mean()) > 0.9
    assert float(spread) < 0.6


def test_the_same_images_give_the_same_weights(images: torch.Tensor) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(1)
        encoder = RainmerEncoder(WIDTHS["quarter"])
        initialise_from_images(encoder, images)
        states.append(encoder.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
