"""Encoders: the contract they all keep to, the built-in ones, and the registry that names them."""

from __future__ import annotations

from rainmer_analysis.infer.encoders.built_in.statistics_encoder import (
    StatisticsEncoder,
    fit_standardisation_constants,
)
from rainmer_analysis.infer.encoders.encoder_contract import Encoder, encoder_spaces
from rainmer_analysis.infer.encoders.encoder_registry import encoder_names, load_encoder
from rainmer_analysis.infer.encoders.encoder_weights import SHIPPED
from rainmer_analysis.infer.encoders.fast_vs_exact import compare_fast_with_exact
from rainmer_analysis.infer.encoders.module_encoder import ModuleEncoder
from rainmer_analysis.infer.encoders.timm_models import timm_encoder

__all__ = [
    "SHIPPED",
    "Encoder",
    "ModuleEncoder",
    "StatisticsEncoder",
    "compare_fast_with_exact",
    "encoder_names",
    "encoder_spaces",
    "fit_standardisation_constants",
    "load_encoder",
    "timm_encoder",
]
