"""What the kernels share: channels filled up, flat memory, and workspaces that threads keep."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor

from rainmer_analysis.kernels.simd_vectors import LANES

__all__ = ["ThreadWorkspaces", "flat_memory", "padded_channels"]

W = TypeVar("W")


def padded_channels(channels: int) -> int:
    """Return the number of channels with which a map of so many lies in memory."""
    return -(-channels // LANES) * LANES


def flat_memory(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the memory of a contiguous tensor as the kernels take it: bfloat16 is uint16."""
    whole = tensor.view(-1)
    array: npt.NDArray[Any] = (
        whole if tensor.dtype == torch.float32 else whole.view(torch.uint16)
    ).numpy()
    return array


class ThreadWorkspaces(Generic[W]):
    """A workspace for each thread, kept while the images have one size.

    Large temporaries cost more by the pages that the system clears for them than by what is
    written there; so nothing large is allocated for an image.
    """

    def __init__(self, make: Callable[[tuple[int, int]], W]) -> None:
        self._make = make
        self._threads = threading.local()

    def of(self, size: tuple[int, int]) -> W:
        """Return this thread's workspace for images of this size; one of another size is let go."""
        if getattr(self._threads, "size", None) != size:
            self.forget()  # also where there is no memory for another
            self._threads.workspace = self._make(size)
            self._threads.size = size
        workspace: W = self._threads.workspace
        return workspace

    def forget(self) -> None:
        """Let this thread's workspace go, with whatever was left in it."""
        self._threads.size = self._threads.workspace = None
