"""Numbers of steps, left on the device until the host asks for all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rainmer_analysis.distributed import DistributedContext

__all__ = ["DeferredNumbers", "StepNumbers"]


@dataclass(frozen=True)
class StepNumbers:
    """What is known of a step.

    Parameters
    ----------
    is_finite
        Whether its gradients were finite, so that it changed the weights.
    numbers
        Named numbers, one mapping for each micro-batch and one for the step.
    """

    is_finite: bool
    numbers: tuple[dict[str, float], ...]


class DeferredNumbers:
    """Collects the numbers of steps without waiting for the device.

    Parameters
    ----------
    context
        Over whose processes numbers are averaged.
    """

    def __init__(self, context: DistributedContext) -> None:
        self._context = context
        self._names: list[list[list[str]]] = []
        self._values: list[Tensor] = []

    def __len__(self) -> int:
        """Count the steps that nobody has read yet."""
        return len(self._values)

    def add(self, is_finite: Tensor, numbers: Sequence[Mapping[str, Tensor]]) -> None:
        """Take a step: whether its gradients are finite, a truth [], and its numbers, [] each."""
        self._names.append([list(each) for each in numbers])
        values = [value.detach().float() for each in numbers for value in each.values()]
        self._values.append(torch.stack([is_finite.float(), *values]))

    def read_and_clear(self) -> Iterator[StepNumbers]:
        """Wait for the device once, and give the steps added since the last time, in order."""
        if not self._values:
            return
        values = iter(self._context.all_reduce_mean(torch.cat(self._values)).tolist())
        names, self._names, self._values = self._names, [], []
        for step in names:
            is_finite = next(values) == 1
            yield StepNumbers(
                is_finite, tuple({name: next(values) for name in each} for each in step)
            )
