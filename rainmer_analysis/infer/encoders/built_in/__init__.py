"""The built-in encoders: each is one file here and one line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rainmer_analysis.infer.encoders.built_in.airnet_encoder import make_airnet_encoder
from rainmer_analysis.infer.encoders.built_in.rainmer_encoder import make_rainmer_encoder
from rainmer_analysis.infer.encoders.built_in.statistics_encoder import make_statistics_encoder
from rainmer_analysis.infer.encoders.built_in.untrained_encoder import make_untrained_encoder
from rainmer_analysis.infer.encoders.encoder_contract import Encoder

__all__ = ["BUILT_IN"]

BUILT_IN: Mapping[str, Callable[..., Encoder]] = MappingProxyType(
    {
        "rainmer": make_rainmer_encoder,
        "airnet": make_airnet_encoder,
        "statistics": make_statistics_encoder,
        "untrained": make_untrained_encoder,
    }
)
