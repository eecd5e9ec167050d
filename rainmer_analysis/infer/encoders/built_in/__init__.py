"""The built-in encoders: each is one file here and one line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from rainmer_analysis.infer.encoders.built_in.airnet_encoder import AIRNET
from rainmer_analysis.infer.encoders.built_in.rainmer_encoder import RAINMER
from rainmer_analysis.infer.encoders.built_in.statistics_encoder import make_statistics_encoder
from rainmer_analysis.infer.encoders.built_in.untrained_encoder import make_untrained_encoder
from rainmer_analysis.infer.encoders.encoder_contract import Encoder
from rainmer_analysis.infer.encoders.network_encoder import load_network_encoder

__all__ = ["BUILT_IN"]

BUILT_IN: Mapping[str, Callable[..., Encoder]] = MappingProxyType(
    {
        "rainmer": partial(load_network_encoder, RAINMER),
        "airnet": partial(load_network_encoder, AIRNET),
        "statistics": make_statistics_encoder,
        "untrained": make_untrained_encoder,
    }
)
