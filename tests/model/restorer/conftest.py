"""Small restorers that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from rainmer_analysis.model.restorer import Restorer, RestorerConfig

NARROW = RestorerConfig(
    dim=4, base_dim=6, gate_hidden=5, se_hidden=2, blocks=(1, 1, 1, 1), heads=(1, 2, 2, 4)
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def narrow() -> RestorerConfig:
    return NARROW


@pytest.fixture
def make() -> Callable[..., Restorer]:
    """Build a small restorer whose weights are all away from their initial values."""

    def build(*, seed: int = 0, **changes: Any) -> Restorer:
        torch.manual_seed(seed)
        restorer = Restorer(replace(NARROW, **changes)).eval()
        with torch.no_grad():
            for parameter in restorer.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        return restorer

    return build
