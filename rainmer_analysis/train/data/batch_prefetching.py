"""Batches made before they are asked for, so that an accelerator does not wait for the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

__all__ = ["HostBatch", "Prefetcher", "prefetcher_for_device"]

# Enough to keep an accelerator busy through a slow read, and few enough to be small in memory.
_WORKERS, _AHEAD = 2, 4

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Makes things by their number, and the next few while nobody waits.

    What is made depends on the number alone, so neither the workers nor the order in which they
    end show in a result. A number that does not follow the one before starts afresh.

    Parameters
    ----------
    make
        Makes the thing of a number; called in several threads at once.
    workers
        Threads; 0 makes everything when it is asked for.
    ahead
        How many wait at most.

    Examples
    --------
    >>> squares = Prefetcher(lambda number: number**2, workers=2)
    >>> [squares(number) for number in (3, 4, 5)]
    [9, 16, 25]
    """

    def __init__(self, make: Callable[[int], T], *, workers: int, ahead: int = _AHEAD) -> None:
        self.make, self._ahead = make, ahead
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="batch") if workers else None
        self._waiting: dict[int, Future[T]] = {}

    def __call__(self, number: int) -> T:
        """Return the thing of a number; what went wrong in making it is raised here."""
        if self._pool is None:
            return self.make(number)
        wanted = range(number, number + 1 + self._ahead)
        for other in set(self._waiting) - set(wanted):
            self._waiting.pop(other).cancel()
        for each in wanted:
            if each not in self._waiting:
                self._waiting[each] = self._pool.submit(self.make, each)
        return self._waiting.pop(number).result()


@dataclass(frozen=True)
class HostBatch(Generic[T]):
    """What was read for a batch.

    Parameters
    ----------
    parts
        Named tensors.
    plan
        What the host has decided and the device need not know.
    """

    parts: Mapping[str, Tensor]
    plan: T

    def pin_memory(self) -> HostBatch[T]:
        """Copy the tensors to memory that a CUDA device reads by itself."""
        return HostBatch({name: part.pin_memory() for name, part in self.parts.items()}, self.plan)

    def to(self, device: torch.device) -> HostBatch[T]:
        """Bring the tensors to a device; from pinned memory the host does not wait for it."""
        parts = self.parts.items()
        return HostBatch(
            {name: part.to(device, non_blocking=True) for name, part in parts}, self.plan
        )


def prefetcher_for_device(
    device: torch.device, read: Callable[[int], HostBatch[T]]
) -> Prefetcher[HostBatch[T]]:
    """Read ahead of a CUDA device, into pinned memory; for a CPU when it is asked for.

    A CPU that trains has no idle time in which something could be made ahead.
    """
    if device.type != "cuda":
        return Prefetcher(read, workers=0)

    def pinned(number: int) -> HostBatch[T]:
        with torch.cuda.device(device):  # threads do not know which one is their process's
            return read(number).pin_memory()

    return Prefetcher(pinned, workers=_WORKERS)
