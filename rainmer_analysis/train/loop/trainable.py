"""What can be trained, and how its parameters are optimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.errors import ConfigError
from rainmer_analysis.train.compiled import use_fast_backward
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.data import Levels

__all__ = ["ParameterGroup", "Trainable", "average_numbers", "momentum_update"]


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are optimised alike.

    Parameters
    ----------
    parameters
        Those that ask for gradients count.
    rate
        Their learning rate, as a multiple of the schedule's.
    weight_decay
        Of AdamW.
    clip
        Largest norm of their gradient; 0 leaves it as it is.
    """

    parameters: Sequence[nn.Parameter]
    rate: float
    weight_decay: float
    clip: float


class Trainable(ABC):
    """What can be trained: networks, their batches, and hooks that do nothing by default.

    Parameters
    ----------
    config
        The whole configuration.
    context
        Device, and which process this is of how many; by default this one alone.

    Attributes
    ----------
    module
        All that has weights or memory: what a checkpoint holds. Called with a batch it gives the
        loss, with gradient, and named numbers for the log.
    queries_per_batch
        Images that a micro-batch queries, in all processes.
    number_names
        Names of the numbers that a batch may give.
    criterion
        Which number of a validation selects the weights, and its sign: 1 if more is better.
    has_unused_parameters
        Whether a batch may leave parameters without a gradient.
    """

    module: nn.Module
    queries_per_batch: int
    number_names: tuple[str, ...]
    criterion: tuple[str, int]
    has_unused_parameters = False

    def __init__(self, config: TrainConfig, context: DistributedContext | None) -> None:
        self._config, self._context = config, context or DistributedContext()

    def _demand_one_process(self, why: str) -> None:
        """Raise ConfigError where several processes share the run."""
        if self._context.world > 1:
            raise ConfigError(
                f"{why}, but {self._context.world} were started; start one, without torchrun"
            )

    def _move_to_device(
        self, memory_format: torch.memory_format = torch.channels_last, *, fast: bool = True
    ) -> None:
        """Move the module to the device; `fast` gives it the fast backward pass of CPUs."""
        self.module.to(self._context.device, memory_format=memory_format)  # type: ignore[call-overload]
        if fast and self._context.device.type == "cpu":
            use_fast_backward(self.module)

    @property
    @abstractmethod
    def network(self) -> nn.Module:
        """The network that is trained, whose weights are kept at the end."""

    @property
    @abstractmethod
    def query_and_key_encoders(self) -> tuple[nn.Module, ...]:
        """The encoder, and its momentum copy where there is one."""

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return what is optimised, and how."""
        own = self._config.optimiser
        return [ParameterGroup(list(self.network.parameters()), 1.0, own.weight_decay, own.clip)]

    @abstractmethod
    def make_batch(self, number: int) -> Any:
        """Make this process's part of a micro-batch, a function of seed and number alone."""

    def before_micro_batch(self) -> None:
        """Let the key encoder, where there is one, follow the query encoder."""
        query, *keys = self.query_and_key_encoders
        for key in keys:
            momentum_update(key, query, self._config.objective.momentum)

    def after_micro_batch(self, is_finite: Tensor) -> None:  # noqa: B027
        """Do what comes after each micro-batch, such as filling a queue.

        `is_finite` is a truth [] on the device, the same in all processes: whether the loss is
        finite, without which nothing may be remembered. All processes come here, whatever it is.
        """

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Return numbers on held-out images, changing nothing; empty where there are none."""

    def render_example_sheet(self) -> Levels | None:
        """Return a sheet of held-out examples to look at, uint8 [3, H, W], if there is one."""
        return None


@torch.no_grad()
def momentum_update(key: nn.Module, query: nn.Module, momentum: float) -> None:
    """Move a key network's parameters: key <- momentum * key + (1 - momentum) * query."""
    own: list[Tensor] = list(key.parameters())
    other: list[Tensor] = list(query.parameters())
    torch._foreach_mul_(own, momentum)
    torch._foreach_add_(own, other, alpha=1 - momentum)


def average_numbers(rows: Iterable[Mapping[str, Tensor]]) -> dict[str, float]:
    """Average named numbers over rows that have the same names."""
    listed = list(rows)
    return {key: float(torch.stack([row[key] for row in listed]).mean()) for key in listed[0]}
