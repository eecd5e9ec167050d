"""The work of a full batch, recorded once on a CUDA device and replayed for the others.

A pass of an encoder is some two hundred short kernels, and the host takes longer to start them one
by one than the device to run them. A recorded graph starts with a single call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

import torch
from torch import Tensor

__all__ = ["CudaGraphRunner", "EncodeFunction", "capture_cuda_graph"]

_log = logging.getLogger(__name__)
_WARM = 2  # passes before the recording, in which libraries choose their kernels

# Named vectors of a batch of images.
EncodeFunction = Callable[[Tensor], dict[str, Tensor]]


class CudaGraphRunner:
    """Does a work that always makes the same of the same shape; batches that recur are replayed.

    A shape that comes a second time running is recorded, the first such shape for good; all others
    are done as they come, as is everything once a recording has failed, which the log tells.

    Parameters
    ----------
    work
        Images to named vectors.
    record
        Makes of a work and an example what replays it; its vectors may be overwritten by the next
        call.
    """

    def __init__(
        self, work: EncodeFunction, record: Callable[[EncodeFunction, Tensor], EncodeFunction]
    ) -> None:
        self._work, self._record = work, record
        self._last: torch.Size | None = None
        self._shape: torch.Size | None = None
        self._replayed: EncodeFunction | None = None
        self._lock = Lock()

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Return the vectors of images [n, 3, H, W]."""
        with self._lock:
            if self._shape is None and images.shape == self._last:
                self._shape = images.shape
                self._replayed = self._capture_or_warn(images)
            self._last = images.shape
            if self._replayed is not None and images.shape == self._shape:
                # Copies: the graph writes its next answers over these.
                return {view: rows.clone() for view, rows in self._replayed(images).items()}
        return self._work(images)

    def _capture_or_warn(self, images: Tensor) -> EncodeFunction | None:
        try:
            return self._record(self._work, images)
        except Exception as error:  # what is wrong with the work itself shows again below
            _log.warning(
                "batches of %d images cannot be recorded as a CUDA graph (%s); they are encoded "
                "operator by operator, which is slower and gives the same vectors",
                len(images),
                str(error).partition("\n")[0],
            )
            return None


def capture_cuda_graph(work: EncodeFunction, example: Tensor) -> EncodeFunction:
    """Record a work on images of the example's shape as a CUDA graph.

    Raises
    ------
    RuntimeError, ValueError
        The work asks for something that no graph can hold or for more memory than there is, or the
        example lies on no CUDA device.
    """
    with torch.cuda.device(example.device):
        place = example.clone(memory_format=torch.preserve_format)
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM):
                work(place)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answers = work(place)

    def replay(images: Tensor) -> dict[str, Tensor]:
        place.copy_(images, non_blocking=True)
        graph.replay()
        return answers

    return replay
