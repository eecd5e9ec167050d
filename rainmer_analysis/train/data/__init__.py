"""What a run trains on: a pool of images, and the order in which they are seen."""

from __future__ import annotations

from rainmer_analysis.train.data.batch_prefetching import (
    HostBatch,
    Prefetcher,
    prefetcher_for_device,
)
from rainmer_analysis.train.data.dataset_shares import Shares, configured_shares, dataset_shares
from rainmer_analysis.train.data.sampling_order import SamplingOrder
from rainmer_analysis.train.data.training_pool import (
    Levels,
    Pool,
    Sample,
    build_pool,
    choose_held_out_scenes,
    cut_keyed_window,
    open_pool,
    tensor_copy,
    to_8bit,
    to_unit_range,
    unit_range_tensor,
)

__all__ = [
    "HostBatch",
    "Levels",
    "Pool",
    "Prefetcher",
    "Sample",
    "SamplingOrder",
    "Shares",
    "build_pool",
    "choose_held_out_scenes",
    "configured_shares",
    "cut_keyed_window",
    "dataset_shares",
    "open_pool",
    "prefetcher_for_device",
    "tensor_copy",
    "to_8bit",
    "to_unit_range",
    "unit_range_tensor",
]
