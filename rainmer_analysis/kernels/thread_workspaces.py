"""Workspaces that threads keep from image to image."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["ThreadWorkspaces"]

W = TypeVar("W")


class ThreadWorkspaces(Generic[W]):
    """A workspace for each thread, kept while the images have one size.

    Large temporaries cost more by the pages that the system clears for them than by what is
    written there; so nothing large is allocated for an image.
    """

    def __init__(self, make: Callable[[tuple[int, int]], W]) -> None:
        self._make = make
        self._threads = threading.local()

    def of_size(self, size: tuple[int, int]) -> W:
        """Return this thread's workspace for images of a size; one of another size is discarded."""
        if getattr(self._threads, "size", None) != size:
            self.discard()  # also where there is no memory for another
            self._threads.workspace = self._make(size)
            self._threads.size = size
        workspace: W = self._threads.workspace
        return workspace

    def discard(self) -> None:
        """Discard this thread's workspace, with whatever was left in it."""
        self._threads.size = self._threads.workspace = None
