"""One step of training: the gradients of its micro-batches, and the update of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.loop.optimiser import FiniteStepOptimiser, learning_rate
from rainmer_analysis.train.loop.trainable import Trainable

__all__ = ["GradientStep"]


class GradientStep:
    """Makes one step after another.

    Parameters
    ----------
    objective
        What to optimise.
    config
        Steps, micro-batches of a step, and optimiser.
    context
        Device, and which process this is of how many.
    """

    def __init__(
        self, objective: Trainable, config: TrainConfig, context: DistributedContext
    ) -> None:
        self._objective, self._config, self._context = objective, config, context
        fused = context.device.type != "cpu"
        self.updater = FiniteStepOptimiser(
            objective.parameter_groups(), config.optimiser, fused=fused
        )
        self._forward = context.wrap_ddp(
            objective.module, has_unused_parameters=objective.has_unused_parameters
        )

    def __call__(self, step: int) -> tuple[Tensor, list[Mapping[str, Tensor]]]:
        """Make a step; weights stay as they are when a gradient is not finite.

        Returns
        -------
        Whether gradients were finite, [], and the named numbers of each micro-batch, last their
        gradients' norm.
        """
        run = self._config.run
        self.updater.begin_step(learning_rate(step, run.steps, self._config.optimiser))
        logged = self._accumulate_gradients(step)
        is_finite, norm = self.updater.finish_step()
        return is_finite, [*logged, {"gradient_norm": norm}]

    def _accumulate_gradients(self, step: int) -> list[Mapping[str, Tensor]]:
        """Add up the gradients of a step's micro-batches; return their numbers."""
        count = self._config.run.accumulate
        logged = []
        for micro in range(count):
            self._objective.before_micro_batch()
            batch = self._objective.make_batch(step * count + micro)
            with self._without_gradient_sync(micro < count - 1):
                loss, numbers = self._forward(batch)
                (loss / count).backward()
            # One answer for all processes, which may have to talk about what they remember.
            self._objective.after_micro_batch(
                torch.isfinite(self._context.all_reduce_mean(loss.detach().clone()))
            )
            logged.append(numbers)
        return logged

    def _without_gradient_sync(self, wanted: bool) -> contextlib.AbstractContextManager[None]:
        """Keep gradients to this process until the last micro-batch."""
        if wanted and isinstance(self._forward, nn.parallel.DistributedDataParallel):
            alone: contextlib.AbstractContextManager[None] = self._forward.no_sync()
            return alone
        return contextlib.nullcontext()
