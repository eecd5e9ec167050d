"""How a network computes: on which device, in which arithmetic, in how many threads."""

from __future__ import annotations

from rainmer_analysis.infer.execution.cuda_graph import (
    CudaGraphRunner,
    EncodeFunction,
    capture_cuda_graph,
)
from rainmer_analysis.infer.execution.devices import (
    PRECISIONS,
    choose_device,
    uses_kernels,
    warn_without_bfloat16,
)
from rainmer_analysis.infer.execution.encode_by_image import encode_by_image, thread_count
from rainmer_analysis.infer.execution.network_arithmetic import arithmetic_context, arithmetic_name

__all__ = [
    "PRECISIONS",
    "CudaGraphRunner",
    "EncodeFunction",
    "arithmetic_context",
    "arithmetic_name",
    "capture_cuda_graph",
    "choose_device",
    "encode_by_image",
    "thread_count",
    "uses_kernels",
    "warn_without_bfloat16",
]
