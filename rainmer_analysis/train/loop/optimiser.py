"""How a step changes the weights, or does not, and at what learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from rainmer_analysis.train.config import OptimiserConfig
from rainmer_analysis.train.loop.trainable import ParameterGroup

__all__ = ["FiniteStepOptimiser", "learning_rate"]


class FiniteStepOptimiser:
    """AdamW over groups of parameters; gradients that are not finite change nothing.

    Parameters
    ----------
    groups
        What is optimised, and how.
    config
        Rates of decay.
    fused
        Whether the update itself decides if it happens, on the device, so that the host need
        not wait for the answer; otherwise the host looks, which costs a CPU nothing. The two
        agree but for rounding.
    """

    def __init__(
        self, groups: Sequence[ParameterGroup], config: OptimiserConfig, *, fused: bool
    ) -> None:
        self._groups, self._fused = groups, fused
        settings = [
            {"params": group.parameters, "weight_decay": group.weight_decay} for group in groups
        ]
        betas = (config.beta1, config.beta2)
        self.optimiser = torch.optim.AdamW(settings, lr=config.lr, betas=betas, fused=fused)

    @property
    def first_learning_rate(self) -> float:
        """The learning rate of the first group."""
        rate: float = self.optimiser.param_groups[0]["lr"]
        return rate

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state of an updater that may have been on another kind of device."""
        groups = [{**group, "fused": self._fused} for group in state["param_groups"]]
        self.optimiser.load_state_dict({**state, "param_groups": groups})

    def begin_step(self, rate: float) -> None:
        """Set the learning rate of the schedule and forget all gradients."""
        for settings, group in zip(self.optimiser.param_groups, self._groups, strict=True):
            settings["lr"] = rate * group.rate
        self.optimiser.zero_grad(set_to_none=True)

    def finish_step(self) -> tuple[Tensor, Tensor]:
        """Change the weights; return whether gradients were finite, [], and their norm, []."""
        norms = torch.stack([_gradient_norm(group) for group in self._groups])
        is_finite = torch.isfinite(norms).all()
        if self._fused:
            self._clip_gradients(norms)
            fused: Any = self.optimiser  # what torch.amp.GradScaler tells it too
            fused.found_inf = (~is_finite).float()
            self.optimiser.step()
        elif bool(is_finite):
            self._clip_gradients(norms)
            self.optimiser.step()
        return is_finite, norms.norm()

    def _clip_gradients(self, norms: Tensor) -> None:
        for group, norm in zip(self._groups, norms, strict=True):
            if group.clip > 0:
                nn.utils.clip_grads_with_norm_(group.parameters, group.clip, norm)


def _gradient_norm(group: ParameterGroup) -> Tensor:
    gradients = [p.grad for p in group.parameters if p.grad is not None]
    if not gradients:  # where nothing was learnt, on the device where something else was
        return torch.zeros((), device=group.parameters[0].device)
    return nn.utils.get_total_norm(gradients)


def learning_rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """Return the learning rate of a step, counted from 0, of `steps`.

    A schedule with restarts starts each period at the full rate; the step at which a period ends
    has its floor, and what comes after the last period keeps the last floor. Published: periods of
    92,000 and 208,000 steps, full rate 3e-4, floors 1e-4 (3e-4 in some configurations) and 1e-6.
    """
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    if config.schedule == "restarts":
        return _cosine_with_restarts(step, config)
    done = (step - config.warmup) / max(1, steps - config.warmup)
    return _cosine_decay(config.lr, config.lr * config.final, done)


def _cosine_with_restarts(step: int, config: OptimiserConfig) -> float:
    ends = list(accumulate(config.periods))
    for length, end, floor in zip(config.periods, ends, config.floors, strict=True):
        if step <= end:
            return _cosine_decay(config.lr, floor, (step - (end - length)) / length)
    return config.floors[-1]


def _cosine_decay(high: float, low: float, done: float) -> float:
    return low + (high - low) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
