from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from rainmer_analysis.train.config.sections.shared_sections import OptimiserConfig
from rainmer_analysis.train.loop.optimiser import FiniteStepOptimiser
from rainmer_analysis.train.loop.trainable import ParameterGroup


def updated(gradients: list[float], *, fused: bool, clip: float) -> tuple[nn.Linear, list[bool]]:
    """Make a step with each of some gradients."""
    torch.manual_seed(0)
    layers = nn.ModuleList([nn.Linear(5, 3), nn.Linear(3, 2)])
    groups = [
        ParameterGroup(list(layer.parameters()), k + 1.0, 0.1, clip)
        for k, layer in enumerate(layers)
    ]
    updater = FiniteStepOptimiser(groups, OptimiserConfig(lr=1e-2), fused=fused)
    found = []
    for value in gradients:
        updater.begin_step(1e-2)
        for parameter in layers.parameters():
            parameter.grad = torch.full_like(parameter, value)
        is_finite, norm = updater.finish_step()
        found.append(bool(is_finite))
        assert math.isfinite(float(norm)) == math.isfinite(value)
    return layers, found


@pytest.mark.parametrize("clip", [0.0, 0.3])
def test_the_update_that_decides_by_itself_is_the_one_that_is_asked(clip: float) -> None:
    """The bias correction counts the steps that were made: one more would show at once."""
    gradients = [1.0, math.nan, -0.5, math.inf, 2.0]
    (one, seen), (two, told) = (updated(gradients, fused=f, clip=clip) for f in (False, True))
    assert seen == told == [True, False, True, False, True]
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("fused", [False, True])
def test_what_is_not_finite_changes_no_bit(fused: bool) -> None:
    once, _ = updated([1.0], fused=fused, clip=0.3)
    more, _ = updated([1.0, math.nan, math.inf], fused=fused, clip=0.3)
    assert all(torch.equal(a, b) for a, b in zip(once.parameters(), more.parameters(), strict=True))


@pytest.mark.parametrize("fused", [False, True])
def test_a_state_goes_from_one_kind_of_device_to_the_other(fused: bool) -> None:
    """What is loaded does not decide how steps are made: NaN still changes nothing."""
    kept: dict[str, Any] = {}
    layer = nn.Linear(3, 2)
    groups = [ParameterGroup(list(layer.parameters()), 1.0, 0.0, 0.0)]
    for kind in (fused, not fused):
        updater = FiniteStepOptimiser(groups, OptimiserConfig(), fused=kind)
        if kept:
            updater.load_state(kept)
        for value in (1.0, math.nan):
            before = [parameter.detach().clone() for parameter in layer.parameters()]
            updater.begin_step(1e-2)
            for parameter in layer.parameters():
                parameter.grad = torch.full_like(parameter, value)
            updater.finish_step()
            changed = [
                not torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True)
            ]
            assert changed == [math.isfinite(value)] * 2
        kept = updater.optimiser.state_dict()
    assert {float(state["step"]) for state in kept["state"].values()} == {2.0}


def test_no_gradient_has_no_norm() -> None:
    layer = nn.Linear(2, 2)
    updater = FiniteStepOptimiser(
        [ParameterGroup(list(layer.parameters()), 1.0, 0.0, 0.0)], OptimiserConfig(), fused=False
    )
    updater.begin_step(1e-3)
    is_finite, norm = updater.finish_step()
    assert bool(is_finite)
    assert float(norm) == 0
