"""Learning rates, step by step."""

from __future__ import annotations

import math
from itertools import accumulate

from rainmer_analysis.train.config import OptimiserConfig

__all__ = ["learning_rate"]


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
