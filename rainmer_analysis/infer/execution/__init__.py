"""How a network computes: on which device, in which arithmetic, in how many threads."""

from __future__ import annotations

from rainmer_analysis.infer.execution.batches import by_image, thread_count
from rainmer_analysis.infer.execution.cuda_graph import (
    CudaGraphRunner,
    EncodeFunction,
    capture_cuda_graph,
)
from rainmer_analysis.infer.execution.devices import (
    PRECISIONS,
    choose_device,
    kernels_on,
    warn_without_bfloat16,
)
from rainmer_analysis.infer.execution.network_arithmetic import arithmetic, arithmetic_name

__all__ = [
    "PRECISIONS",
    "CudaGraphRunner",
    "EncodeFunction",
    "arithmetic",
    "arithmetic_name",
    "by_image",
    "capture_cuda_graph",
    "choose_device",
    "kernels_on",
    "thread_count",
    "warn_without_bfloat16",
]
