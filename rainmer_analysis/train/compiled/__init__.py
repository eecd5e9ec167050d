"""The encoder's training in compiled loops on a CPU, derived from the modules' parameters."""

from __future__ import annotations

from rainmer_analysis.train.compiled.compiled_encoder import (
    encode_one_view,
    encode_with_gradients,
    is_compilable,
    local_features,
    to_channels_last,
)
from rainmer_analysis.train.compiled.fast_depthwise_backward import use_fast_backward

__all__ = [
    "encode_one_view",
    "encode_with_gradients",
    "is_compilable",
    "local_features",
    "to_channels_last",
    "use_fast_backward",
]
