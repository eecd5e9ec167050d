"""Where a run computes: a device, and which process this is of how many.

Several processes are started by ``torchrun``, on one machine or many, and share a run by
``torch.distributed``:

* the configuration's batch is that of all processes; each takes an equal part of it, so that a
  run's result does not depend on how many there are (beyond the order of float additions);
* order of images, archive and random numbers are functions of seed and position, which every
  process computes for itself: samplers and archives need no talk;
* gradients are averaged by DistributedDataParallel; the momentum encoder follows parameters that
  are the same everywhere, so it is the same everywhere too;
* AirNet's queue takes the keys of all processes, in the order of ranks; its batch normalisation
  normalises each process's part by itself, and the running statistics kept are those of rank 0;
* rank 0 validates, logs and writes; the run's folder is one that every process sees, as the
  others read checkpoints from it.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rainmer_analysis.distributed.rank_communication import Ranks, process_group, rank_device
from rainmer_analysis.errors import ConfigError

__all__ = ["DistributedContext", "init_distributed"]

_log = logging.getLogger(__name__)

# Buffers are each process's own here, by a name that older releases of torch know too; gradients of
# channels-last weights lie otherwise than its buckets.
_EXPECTED_WARNINGS = (".*broadcast_buffers.*", "Grad strides do not match bucket view strides")

# The others wait while rank 0 makes a pool or validates; torchrun ends those that a dead one left.
_TIMEOUT = timedelta(hours=12)


@dataclass(frozen=True)
class DistributedContext:
    """A device, and which process this is of how many.

    Parameters
    ----------
    device
        Where this process computes.
    rank, world
        Number of this process, and of all.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    world: int = 1

    @property
    def is_main_process(self) -> bool:
        """Whether this process logs and writes."""
        return self.rank == 0

    def local_slice(self, batch: int) -> slice:
        """Return this process's part of a batch.

        Raises
        ------
        ConfigError
            The processes do not divide it.
        """
        if batch % self.world:
            raise ConfigError(
                f"a batch holds {batch} images, which {self.world} processes cannot share evenly; "
                "change run.batch or the number of processes"
            )
        each = batch // self.world
        return slice(self.rank * each, (self.rank + 1) * each)

    def wrap_ddp(self, module: nn.Module, *, has_unused_parameters: bool = True) -> nn.Module:
        """Return a module whose backward pass averages gradients over all processes.

        `has_unused_parameters` says whether a batch may leave parameters without a gradient.
        """
        if self.world == 1:
            return module
        own = None if self.device.type == "cpu" else [self.device.index]
        for text in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=text)
        return DistributedDataParallel(
            module,
            device_ids=own,
            broadcast_buffers=False,
            find_unused_parameters=has_unused_parameters,
        )

    def all_gather(self, part: Tensor) -> Tensor:
        """Return the parts of all processes, one after the other: [b, ...] to [world * b, ...]."""
        if self.world == 1:
            return part
        parts = [torch.empty_like(part) for _ in range(self.world)]
        dist.all_gather(parts, part.contiguous())
        return torch.cat(parts)

    def all_reduce_mean(self, values: Tensor) -> Tensor:
        """Average a tensor over all processes."""
        if self.world > 1:
            dist.all_reduce(values)
            values = values / self.world
        return values

    def broadcast_flag(self, truth: bool) -> bool:
        """Return rank 0's answer to all."""
        if self.world == 1:
            return truth
        answer = torch.tensor([int(truth)], device=self.device)
        dist.broadcast(answer, src=0)
        return bool(answer.item())

    def all_equal(self, number: int) -> bool:
        """Say, to all, whether all processes have the same whole number."""
        if self.world == 1:
            return True
        numbers = self.all_gather(torch.tensor([number], device=self.device))
        return bool((numbers == numbers[0]).all())

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def init_distributed(device: str = "auto") -> Iterator[DistributedContext]:
    """Join the processes that ``torchrun`` started, if it did; leave them at the end.

    Parameters
    ----------
    device
        ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.

    Raises
    ------
    ConfigError
        CUDA was asked for and there is none.
    ProcessError
        Another of the processes has ended.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    place = DistributedContext(_device_named(device), int(os.environ.get("RANK", "0")), world)
    if place.device.type == "cuda":
        torch.cuda.set_device(place.device)
    if world == 1:
        yield place
        return
    backend = "gloo" if place.device.type == "cpu" else "nccl"
    with process_group(Ranks(place.rank, world), backend=backend, timeout=_TIMEOUT):
        yield place


def _device_named(name: str) -> torch.device:
    there = torch.cuda.is_available()
    if name == "auto" and not there:
        _log.info("device: cpu (no CUDA device was found)")
    if name == "cuda" and not there:
        raise ConfigError("run.device is 'cuda', but torch sees no CUDA device; give cpu or auto")
    if name == "cpu" or not there:
        return torch.device("cpu")
    return torch.device(rank_device("cuda"))
