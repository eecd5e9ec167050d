"""What a run trains on: a pool of images, and the order in which they are seen."""

from __future__ import annotations

from rainmer_analysis.train.data.ahead import Ahead, Read, ahead_of
from rainmer_analysis.train.data.order import Order, Shares, shares_of
from rainmer_analysis.train.data.pool import (
    Levels,
    Pool,
    Sample,
    as_levels,
    build_pool,
    open_pool,
    scenes_held_out,
    whole_folder,
    window,
)
from rainmer_analysis.train.data.sampling import shares_of_rows

__all__ = [
    "Ahead",
    "Levels",
    "Order",
    "Pool",
    "Read",
    "Sample",
    "Shares",
    "ahead_of",
    "as_levels",
    "build_pool",
    "open_pool",
    "scenes_held_out",
    "shares_of",
    "shares_of_rows",
    "whole_folder",
    "window",
]
