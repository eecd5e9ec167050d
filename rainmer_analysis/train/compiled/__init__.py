"""The encoder's training in compiled loops on a CPU, derived from the modules' parameters."""

from __future__ import annotations

from rainmer_analysis.train.compiled.compiled_encoder import (
    encode,
    encode_view,
    is_compilable,
    local_knowledge,
    modules_only,
    strided,
)
from rainmer_analysis.train.compiled.fast_depthwise import use_fast_backward

__all__ = [
    "encode",
    "encode_view",
    "is_compilable",
    "local_knowledge",
    "modules_only",
    "strided",
    "use_fast_backward",
]
