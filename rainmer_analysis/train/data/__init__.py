"""What a run trains on: a pool of images, and the order in which they are seen."""

from __future__ import annotations

from rainmer_analysis.train.data.batch_prefetching import HostBatch, Prefetcher, prefetch
from rainmer_analysis.train.data.dataset_shares import configured_shares
from rainmer_analysis.train.data.sampling_order import Order, Shares, dataset_shares
from rainmer_analysis.train.data.training_pool import (
    Levels,
    Pool,
    Sample,
    build_pool,
    choose_held_out_scenes,
    from_8bit,
    open_pool,
    scaled,
    tensor_copy,
    to_8bit,
    window,
)

__all__ = [
    "HostBatch",
    "Levels",
    "Order",
    "Pool",
    "Prefetcher",
    "Sample",
    "Shares",
    "build_pool",
    "choose_held_out_scenes",
    "configured_shares",
    "dataset_shares",
    "from_8bit",
    "open_pool",
    "prefetch",
    "scaled",
    "tensor_copy",
    "to_8bit",
    "window",
]
